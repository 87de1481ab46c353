"""The names of DNS over HTTPS servers are asked of the system."""

from __future__ import annotations

import socket

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.bootstrap_resolver import BootstrapResolver
from netstack_sync.dns.host_resolver import CacheUsage, HostResolver, ResolveParameters, ResolveSource
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from tests.support.resolver import ScriptedResolver


def test_every_request_is_for_the_system() -> None:
    """And marked as one that DNS over HTTPS cannot answer; the rest is as it was asked for."""
    inner = ScriptedResolver()
    resolver: HostResolver = BootstrapResolver(inner)
    log = NetLogWithSource.make(NetLog(ManualClock()), NetLogSourceType.NONE)
    asked = ResolveParameters(RequestPriority.HIGHEST, socket.AF_INET, CacheUsage.DISALLOWED, ResolveSource.ANY, "p")
    request = resolver.create_request("dns.test", 443, asked, log)
    assert request is inner.requests[0] and (inner.requests[0].host, inner.requests[0].port) == ("dns.test", 443)
    assert inner.requests[0].parameters == ResolveParameters(
        RequestPriority.HIGHEST, socket.AF_INET, CacheUsage.DISALLOWED, ResolveSource.SYSTEM, "p", is_bootstrap=True
    )
