"""Services that are off unless the settings ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS
from netstack_sync.dns.mapped_resolver import HostResolverRules
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.http.hsts_store import HstsConfig, TransportSecurityState
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.doh_config import DohConfig
from netstack_sync.url_request.network_delegate import NetworkDelegate
from netstack_sync.url_request.optional_services import (
    make_admission,
    make_delegate_calls,
    make_doh_parts,
    make_hook_task,
    make_hsts_persister,
    make_throttler,
    open_security_context,
    with_rules,
)
from netstack_sync.url_request.rate_limit import RateLimits
from netstack_sync.url_request.resource_scheduler import ResourceSchedulerSettings
from netstack_sync.workers import security_context
from netstack_sync.workers.security_context import SecurityParams
from netstack_sync.workers.worker_pool import WorkerPool
from tests.support.resolver import ScriptedResolver
from tests.support.scripted_stack import ScriptedStack


def test_what_holds_requests_is_there_when_it_is_asked_for(stack: ScriptedStack) -> None:
    """Each of the three by itself; without any there is nothing to ask."""
    thread = stack.thread
    assert make_throttler(False, stack.clock) is None
    assert make_admission(None, None, None, thread) is None
    throttler = make_throttler(True, stack.clock)
    throttled = make_admission(None, throttler, None, thread)
    assert throttled is not None and throttler is not None
    assert (throttled.throttler, throttled.rate_limiter, throttled.scheduler) == (throttler, None, None)
    limited = make_admission(RateLimits.from_value(5.0), None, None, thread)
    assert limited is not None and limited.rate_limiter is not None and limited.throttler is None
    scheduled = make_admission(None, None, ResourceSchedulerSettings(), thread)
    assert scheduled is not None and scheduled.scheduler is not None and scheduled.rate_limiter is None


def test_names_are_resolved_as_the_settings_say(stack: ScriptedStack) -> None:
    """By a server over HTTPS, by the user's function, by rules; without any of them as they are."""
    tls, below = TlsConfig(TrustConfig()), ScriptedResolver()
    assert make_doh_parts(None, tls, stack.thread, stack.workers) is None
    assert make_hook_task(stack.workers, None) is None
    assert with_rules(below, None) is below
    assert make_doh_parts(DohConfig(SecureDnsMode.AUTOMATIC), tls, stack.thread, stack.workers) is not None
    make_task = make_hook_task(stack.workers, lambda host: ["192.0.2.1"])
    assert make_task is not None and make_task("a.test") is not make_task("a.test")
    resolver = with_rules(below, HostResolverRules.from_value({"a.test": "b.test"}))
    resolver.create_request("a.test", 80, DEFAULT_PARAMETERS, stack.log())
    assert [request.host for request in below.requests] == ["b.test"]


def test_a_delegate_is_told_of_each_request(stack: ScriptedStack) -> None:
    """By one object for each; nobody is told without a delegate."""
    assert make_delegate_calls(None, stack.thread) is None
    make_calls = make_delegate_calls(NetworkDelegate(), stack.thread)
    request: Any = object()
    assert make_calls is not None and not make_calls(request).has_begun
    assert make_calls(request) is not make_calls(request)


def test_hosts_are_kept_in_a_file_that_has_a_name(stack: ScriptedStack, tmp_path: Path) -> None:
    """Not without a store, and not in memory only."""
    thread, clock = stack.thread, SystemWallClock()
    hsts, workers = TransportSecurityState(clock), WorkerPool(thread.task_runner, 1, "disk")
    kept = HstsConfig(str(tmp_path / "hsts"))
    for store, config in ((None, kept), (hsts, None), (hsts, HstsConfig())):
        assert make_hsts_persister(store, config, workers, thread.timers, clock) is None
    assert make_hsts_persister(hsts, kept, workers, thread.timers, clock) is not None


def test_a_login_begins_where_tokens_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is read then."""
    begun: list[SecurityParams] = []
    params = SecurityParams("ntlm", "me", "secret", "a.test", False, None)
    monkeypatch.setattr(security_context, "open_security_context", begun.append)
    open_security_context(params)
    assert begun == [params]
