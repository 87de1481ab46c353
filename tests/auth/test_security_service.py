"""SecurityService: what the tokens of NTLM and Negotiate are made with."""

from __future__ import annotations

from netstack_sync.auth.security_service import SecurityService
from netstack_sync.workers.security_context import open_security_context
from tests.support.loops import driven_loop
from tests.support.workers import ScriptedWorkers


def test_both_parts_are_there() -> None:
    """Neither does anything before somebody logs in."""
    with driven_loop() as driver:
        workers = ScriptedWorkers(driver.loop.task_runner)
        service = SecurityService(workers, open_security_context)
        assert service == (workers, open_security_context) and not workers.jobs
