"""The resolver's interface, and that the ResolverManager has it."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import OK
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS, HostResolver, ResolveRequest, Staleness
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
        resolver: HostResolver = ResolverManager(workers, HostCache(driver.clock), driver.loop.timers, net_log)
        bound = NetLogWithSource.make(net_log, NetLogSourceType.URL_REQUEST)
        request: ResolveRequest = resolver.create_request("127.0.0.1", 80, DEFAULT_PARAMETERS, bound)
        assert not request.addresses
        assert request.start(RecordedCompletion()) == OK
        assert [str(endpoint) for endpoint in request.addresses] == ["127.0.0.1:80"]
        request.cancel()


@pytest.mark.parametrize(
    "expired_by_s, network_changes, is_stale", [(-1.0, 0, False), (0.0, 0, True), (-1.0, 1, True), (5.0, 2, True)]
)
def test_when_an_answer_is_stale(expired_by_s: float, network_changes: int, is_stale: bool) -> None:
    """Row 128: when its time is up, or it was found in another network."""
    assert Staleness(expired_by_s, network_changes, 0).is_stale is is_stale
