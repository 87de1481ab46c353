"""An answer that is known comes in the next turn, or never."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.dns.late_answer import LateAnswer
from netstack_sync.dns.resolve_answer import ResolveAnswer
from tests.support.loops import driven_loop

ANSWER = ResolveAnswer(OK)


def test_it_comes_later() -> None:
    """Once; not inside start()."""
    answers: list[ResolveAnswer] = []
    with driven_loop() as driver:
        task = LateAnswer(ANSWER, driver.loop.timers)
        task.start(answers.append)
        assert answers == []
        driver.run_until_idle()
        task.cancel()
        assert answers == [ANSWER]


def test_it_never_comes_after_cancel() -> None:
    """Which is idempotent, also before the start."""
    answers: list[ResolveAnswer] = []
    with driven_loop() as driver:
        task = LateAnswer(ANSWER, driver.loop.timers)
        task.cancel()
        task.start(answers.append)
        task.cancel()
        task.cancel()
        driver.run_until_idle()
        assert answers == []
