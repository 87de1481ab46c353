"""The resolver's interface, and that the ResolverManager has it."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.base.priority import DEFAULT_PRIORITY
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.host_resolver import HostResolver, ResolveRequest
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from tests.support.loops import RecordedCompletion, driven_loop
from tests.support.net_logs import RecordingNetLog
from tests.support.workers import ScriptedWorkers


def test_the_manager_is_a_host_resolver() -> None:
    """For the type checker, and in deed."""
    with driven_loop() as driver:
        net_log = RecordingNetLog()
        workers = ScriptedWorkers(driver.loop.task_runner)
        resolver: HostResolver = ResolverManager(workers, HostCache(driver.clock), net_log)
        bound = NetLogWithSource.make(net_log, NetLogSourceType.URL_REQUEST)
        request: ResolveRequest = resolver.create_request("127.0.0.1", 80, DEFAULT_PRIORITY, bound)
        assert not request.addresses
        assert request.start(RecordedCompletion()) == OK
        assert [str(endpoint) for endpoint in request.addresses] == ["127.0.0.1:80"]
        request.cancel()
