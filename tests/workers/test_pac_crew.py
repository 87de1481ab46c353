"""A crew of threads: lazily added, in order, none held by a stalled one."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers import worker_pool
from netstack_sync.workers.evaluate_pac import PacMoment
from netstack_sync.workers.pac_crew import PacCrew, PacEvaluation
from netstack_sync.workers.pac_lane import LaneReply, PacWork
from netstack_sync.workers.pac_values import PacOutcome, PacRequest, PacScriptText
from netstack_sync.workers.worker_pool import WorkerPool
from tests.support.loops import DEADLINE_S, LoopDriver, driven_loop
from tests.support.pac_runs import error_text, moment
from tests.support.waiting import wait_until

NAME = "pac-crew-under-test"


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


class Crew:
    """A crew whose scripts stand still until the test lets them go on; the text of a script is its name."""

    def __init__(self, driver: LoopDriver, size: int = 2) -> None:
        self.driver = driver
        self.pool = WorkerPool(driver.loop.task_runner, 10, NAME)
        self.crew = PacCrew(self.pool, size, 4.0, lambda: Gated(self), self._on_reply, self._on_hang)
        self.gates: dict[str, threading.Semaphore] = {}
        self.begun: list[str] = []
        self.starts: list[tuple[str, int | None]] = []
        self.replies: list[tuple[str, LaneReply, int]] = []
        self.hung: list[str] = []
        self.killed = 0
        self.closed = 0
        self.forked = 0

    def post(self, name: str, is_in_child: bool = False) -> PacEvaluation:
        self.gates[name] = threading.Semaphore(0)
        request = PacRequest(PacScriptText(name, True), "", "")
        evaluation = PacEvaluation(
            request, self.driver.loop.timers, lambda _: None, lambda number: self.starts.append((name, number))
        )
        evaluation.is_in_child = is_in_child
        self.crew.post(evaluation, PacWork(request, moment()))
        return evaluation

    def _on_reply(self, evaluation: PacEvaluation, reply: LaneReply, number: int) -> None:
        self.replies.append((evaluation.request.script.text, reply, number))

    def _on_hang(self, request: PacRequest) -> None:
        self.hung.append(request.script.text)

    def wait_begun(self, *names: str) -> None:
        self.driver.run_until(lambda: set(names) <= set(self.begun))

    def let_go(self, *names: str) -> None:
        for name in names:
            self.gates[name].release()
            self.driver.run_until(lambda name=name: name in self.replied())  # type: ignore[misc]

    def replied(self) -> list[str]:
        return [name for name, _, _ in self.replies]

    def end(self) -> None:
        """Lets everything go on, and waits for the threads."""
        for gate in self.gates.values():
            gate.release()
        self.crew.shut_down()
        self.pool.shut_down()
        wait_until(lambda: all(thread.name != NAME for thread in threading.enumerate()))


class Gated:
    """Runs a script when the test says so."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def evaluate(self, request: PacRequest, _: PacMoment) -> PacOutcome:
        name = request.script.text
        self._crew.begun.append(name)
        assert self._crew.gates[name].acquire(timeout=DEADLINE_S)
        return PacOutcome(name)

    def close(self) -> None:
        self._crew.closed += 1

    def kill(self) -> None:
        self._crew.killed += 1

    def abandon_after_fork(self) -> None:
        self._crew.forked += 1


@pytest.fixture
def crew(driver: LoopDriver) -> Iterator[Crew]:
    crew = Crew(driver)
    yield crew
    crew.end()


def test_one_thread_serves_one_request_after_the_other(crew: Crew) -> None:
    """Row 223: SingleThread_Basic. No thread is added while one is free."""
    for name in "abc":
        evaluation = crew.post(name)
        assert not evaluation.is_waiting
        crew.let_go(name)
        assert (crew.crew.thread_count, crew.crew.running_count) == (1, 0)
    assert crew.replies == [(name, PacOutcome(name), 0) for name in "abc"] and crew.starts == []


def test_threads_are_added_when_none_is_free(crew: Crew) -> None:
    """Row 223: ThreeThreads_Basic. Up to the limit; then requests wait in order."""
    assert crew.crew.thread_count == 0
    evaluations = [crew.post(name) for name in "abcd"]
    crew.wait_begun("a", "b")
    assert [evaluation.is_waiting for evaluation in evaluations] == [False, False, True, True]
    assert (crew.crew.thread_count, crew.crew.running_count, crew.crew.waiting_count) == (2, 2, 2)
    crew.let_go("b")
    assert crew.starts == [("c", 1)] and not evaluations[2].is_waiting
    crew.let_go("a", "d", "c")
    assert crew.replied() == ["b", "a", "d", "c"] and crew.starts == [("c", 1), ("d", 0)]


def test_a_stalled_script_holds_no_other(crew: Crew) -> None:
    """Row 223: OneThreadBlocked."""
    crew.post("stalled")
    crew.wait_begun("stalled")
    for name in "abc":
        crew.post(name)
        crew.let_go(name)
    assert crew.replied() == ["a", "b", "c"]


def test_the_start_of_a_child_has_no_number(crew: Crew) -> None:
    """Row 223: SingleThread_UpdatesNetLogWithThreadWait. Only who had to wait is told."""
    for name in "ab":
        crew.post(name)
    crew.post("c", is_in_child=True)
    crew.let_go("a", "c")
    assert crew.starts == [("c", None)]


def test_a_cancelled_request_that_waits_is_skipped(crew: Crew) -> None:
    """Row 223: SingleThread_CancelRequest."""
    for name in "ab":
        crew.post(name)
    waiting = crew.post("c")
    crew.post("d")
    waiting.cancel()
    waiting.cancel()
    assert crew.crew.waiting_count == 1 and waiting.is_cancelled
    crew.let_go("a", "d")
    assert "c" not in crew.begun and crew.starts == [("d", 0)]


def test_a_cancelled_request_that_runs_says_nothing(driver: LoopDriver, crew: Crew) -> None:
    """Its thread is free again when it is back."""
    replies: list[PacOutcome] = []
    request = PacRequest(PacScriptText("a", True), "", "")
    evaluation = PacEvaluation(request, driver.loop.timers, replies.append, None)
    evaluation.note_waiting()
    evaluation.note_start(0)
    evaluation.cancel()
    evaluation.reply(PacOutcome("late"))
    assert replies == []
    other = PacEvaluation(request, driver.loop.timers, replies.append, None)
    other.reply(PacOutcome("once"))
    other.reply(PacOutcome("twice"))
    assert replies == [PacOutcome("once")] and other.is_cancelled


def test_a_thread_that_does_not_come_back_is_replaced(crew: Crew) -> None:
    """Its request ends at the deadline, and what waits gets another thread; it counts until it is back."""
    crew.post("a")
    crew.post("b")
    crew.post("c")
    crew.wait_begun("a", "b")
    crew.driver.advance(3.9)
    assert crew.replies == []
    crew.driver.advance(0.1)
    assert crew.replied() == ["a", "b"] and crew.hung == ["a", "b"]
    for _, reply, _ in crew.replies:
        assert isinstance(reply, PacOutcome) and reply.error is not None
        assert reply.error.net_error == ERR_PAC_SCRIPT_TERMINATED
        assert "did not come back within 4 s" in error_text(reply)
    assert (crew.crew.hung_count, crew.crew.abandoned_count, crew.killed) == (2, 2, 2)
    crew.let_go("c")
    crew.gates["a"].release()
    crew.driver.run_until(lambda: crew.crew.hung_count == 1)
    assert crew.crew.abandoned_count == 2 and crew.replied() == ["a", "b", "c"]


def test_a_reply_just_after_the_deadline_is_too_late(crew: Crew) -> None:
    """The thread was given up; its value is dropped."""
    crew.post("a")
    crew.wait_begun("a")
    crew.gates["a"].release()
    crew.driver.clock.advance(5.0)
    crew.driver.run_until(lambda: bool(crew.replies))
    crew.driver.run_until(lambda: crew.crew.hung_count == 0)
    assert crew.replied() == ["a"]


def test_no_thread_is_an_error(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the request that wanted it; the next one tries again."""
    crew = Crew(driver)
    with monkeypatch.context() as patch:

        def refuse(*_: object) -> int:
            raise RuntimeError("can't start new thread")

        patch.setattr(_thread, "start_new_thread", refuse)
        crew.post("a")
        driver.run_until(lambda: bool(crew.replies))
    ((_, reply, _),) = crew.replies
    assert isinstance(reply, PacOutcome) and reply.error is not None
    assert reply.error.net_error == ERR_PAC_SCRIPT_FAILED and "can't start new thread" in error_text(reply)
    crew.post("b")
    crew.let_go("b")
    crew.end()


def test_the_end_drops_everything(driver: LoopDriver) -> None:
    """Nothing replies; what can be ended is ended."""
    crew = Crew(driver)
    crew.post("idle")
    crew.let_go("idle")
    for name in "abc":
        crew.post(name)
    crew.wait_begun("a", "b")
    crew.crew.abandon_after_fork()
    crew.crew.shut_down()
    assert (crew.crew.thread_count, crew.crew.running_count, crew.crew.waiting_count) == (0, 0, 0)
    assert crew.killed == crew.forked == 2
    crew.end()
    driver.advance(10.0)
    assert crew.replied() == ["idle"] and crew.closed == 2 and crew.crew.hung_count == 0


def test_idle_threads_end_with_the_crew(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """They need not be killed."""
    monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", 0.05)
    crew = Crew(driver)
    crew.post("a")
    crew.let_go("a")
    crew.end()
    assert (crew.killed, crew.closed) == (0, 1)
