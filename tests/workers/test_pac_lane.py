"""One thread that runs scripts: its replies, its end, and what it does about this machine's addresses."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from netstack_sync.workers import pac_lane
from netstack_sync.workers.evaluate_pac import OWN_ADDRESSES, PacMoment, ProcessTooBusy
from netstack_sync.workers.pac_lane import LaneReply, PacLane, PacWork
from netstack_sync.workers.pac_values import PacOutcome, PacRequest
from tests.support.loops import DEADLINE_S, LoopDriver, driven_loop
from tests.support.pac_runs import error_text, moment, request_of


class FakeEvaluator:
    """Answers as it is told, in order; notes what was asked and on which thread it was used."""

    def __init__(self, *answers: PacOutcome | BaseException) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[PacRequest, PacMoment]] = []
        self.threads: set[int] = set()
        self.said: list[str] = []

    def evaluate(self, request: PacRequest, moment: PacMoment) -> PacOutcome:
        self.threads.add(threading.get_ident())
        self.asked.append((request, moment))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.said.append("close")

    def kill(self) -> None:
        self.said.append("kill")

    def abandon_after_fork(self) -> None:
        self.said.append("abandon_after_fork")


class Served:
    """A lane with its thread."""

    def __init__(self, driver: LoopDriver, evaluator: FakeEvaluator) -> None:
        self.replies: list[LaneReply] = []
        self.driver = driver
        self.lane = PacLane(3, evaluator, driver.loop.task_runner, lambda lane, reply: self.replies.append(reply))
        self.thread = threading.Thread(target=self.lane.serve)
        self.thread.start()

    def ask(self, count: int = 1) -> list[LaneReply]:
        for _ in range(count):
            self.lane.give(PacWork(request_of("return 'DIRECT'"), moment(own=None)))
        self.driver.run_until(lambda: len(self.replies) == count)
        return self.replies

    def end(self) -> None:
        self.lane.dismiss()
        self.thread.join(DEADLINE_S)
        assert not self.thread.is_alive()


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


def test_what_it_is_given_is_done_in_order_on_one_thread(driver: LoopDriver) -> None:
    """Where it is closed, too."""
    evaluator = FakeEvaluator(PacOutcome("a"), PacOutcome("b"))
    served = Served(driver, evaluator)
    assert served.ask(2) == [PacOutcome("a"), PacOutcome("b")]
    served.end()
    assert evaluator.said == ["close"] and len(evaluator.threads) == 1
    assert threading.get_ident() not in evaluator.threads and served.lane.number == 3


def test_the_machines_addresses_are_found_when_a_script_asks(
    driver: LoopDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs again at once, and what the first run took counts."""
    monkeypatch.setattr(pac_lane, "list_route_addresses", lambda: ("10.0.0.1",))
    evaluator = FakeEvaluator(PacOutcome(needs=OWN_ADDRESSES, spent_s=0.5), PacOutcome("a"))
    served = Served(driver, evaluator)
    assert served.ask() == [PacOutcome("a")]
    served.end()
    (first, before), (second, then) = evaluator.asked
    assert (first.spent_s, before.own, second.spent_s, then.own) == (0.0, None, 0.5, ("10.0.0.1",))
    assert then.now_s == before.now_s


def test_a_busy_process_is_told_to_who_asked(driver: LoopDriver) -> None:
    """It knows where else the script can run."""
    busy = ProcessTooBusy()
    served = Served(driver, FakeEvaluator(busy))
    assert served.ask() == [busy]
    served.end()


def test_a_fault_is_a_reply_and_the_thread_goes_on(driver: LoopDriver) -> None:
    """Nobody waits for ever."""
    served = Served(driver, FakeEvaluator(RuntimeError("broken"), PacOutcome("a")))
    fault, good = served.ask(2)
    assert isinstance(fault, PacOutcome) and "RuntimeError('broken')" in error_text(fault)
    assert good == PacOutcome("a")
    served.end()


def test_an_abandoned_lane_says_nothing_more(driver: LoopDriver) -> None:
    """What can be ended is ended, and the thread ends when it is back."""
    evaluator = FakeEvaluator(PacOutcome("a"))
    served = Served(driver, evaluator)
    served.lane.give(PacWork(request_of("return 'DIRECT'"), moment()))
    served.lane.abandon()
    served.thread.join(DEADLINE_S)
    driver.run_until_idle()
    assert not served.thread.is_alive() and served.replies == []
    assert sorted(evaluator.said) == ["close", "kill"]


def test_a_fork_is_passed_on(driver: LoopDriver) -> None:
    """To what has something to drop."""
    evaluator = FakeEvaluator()
    served = Served(driver, evaluator)
    served.lane.abandon_after_fork()
    served.end()
    assert evaluator.said == ["abandon_after_fork", "close"]
