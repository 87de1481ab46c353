"""What the resolver asks of DNS over HTTPS."""

from __future__ import annotations

import socket

from netstack_sync.base.clock import ManualClock
from netstack_sync.dns.resolve_answer import ResolveTask
from netstack_sync.dns.secure_dns import SecureDns, SecureDnsMode
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from tests.support.resolving import ScriptedSecureDns


def test_modes_have_chromiums_numbers() -> None:
    """Settings are stored and compared by them."""
    assert [int(mode) for mode in SecureDnsMode] == [0, 1, 2]
    assert SecureDnsMode.OFF < SecureDnsMode.AUTOMATIC < SecureDnsMode.SECURE


def test_the_scripted_one_is_one() -> None:
    """For the type checker, and in deed."""
    secure_dns: SecureDns = ScriptedSecureDns(SecureDnsMode.SECURE)
    quiet = NetLogWithSource.make(NetLog(ManualClock()), NetLogSourceType.NONE)
    task: ResolveTask = secure_dns.create_task("a.test", socket.AF_UNSPEC, socket.AF_INET, quiet)
    task.cancel()
    assert secure_dns.is_available
