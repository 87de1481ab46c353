"""The engine: where a script runs, several at once, hostile ones, busy processes, the end."""

from __future__ import annotations

import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers import evaluate_pac, pac_child, pac_engine, worker_pool
from netstack_sync.workers.evaluate_pac import PacEvaluator, PacMoment, ProcessTooBusy
from netstack_sync.workers.pac_crew import PacEvaluation
from netstack_sync.workers.pac_engine import PacEngine
from netstack_sync.workers.pac_values import PacError, PacLimits, PacOutcome, PacRequest
from tests.support.loops import DEADLINE_S, LoopDriver, driven_loop
from tests.support.pac_runs import error_text, moment, request_of
from tests.support.subprocesses import run_python
from tests.support.waiting import wait_until

LIMITS = PacLimits(run_s=0.5, total_s=2.0, max_child_failures=2)


class Clock:
    """Saturday, 21 November 2026, 12:30:15 UTC."""

    def now(self) -> float:
        return moment().now_s


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


@pytest.fixture
def engine(driver: LoopDriver) -> Iterator[PacEngine]:
    engine = PacEngine(driver.loop.task_runner, driver.loop.timers, Clock(), LIMITS)
    yield engine
    engine.shut_down()
    wait_until(lambda: all(thread.name != "netstack-pac" for thread in threading.enumerate()))


Run = Callable[[PacRequest], PacOutcome]


@pytest.fixture
def run(driver: LoopDriver, engine: PacEngine) -> Run:
    def run(request: PacRequest) -> PacOutcome:
        outcomes: list[PacOutcome] = []
        engine.evaluate(request, outcomes.append)
        assert outcomes == []
        driver.run_until(lambda: bool(outcomes))
        return outcomes[0]

    return run


def test_a_trusted_script_runs_on_a_thread(run: Run, engine: PacEngine) -> None:
    """Its number is told; the clock is the one that was handed in."""
    outcome = run(request_of("alert(dateRange(21, 'NOV', 2026, 21, 'NOV', 2026, 'GMT')); return 'DIRECT'"))
    assert (outcome.result, outcome.alerts, outcome.thread_number) == ("DIRECT", ("true",), 0)
    assert (engine.thread_count, engine.child_count, engine.running_count, engine.waiting_count) == (1, 0, 0, 0)


def test_an_untrusted_script_runs_in_a_child_process(run: Run, engine: PacEngine) -> None:
    """Whatever it does, it is not done here."""
    outcome = run(request_of("return 'PROXY ' + myIpAddress()", is_trusted=False))
    assert outcome.result is not None and outcome.result.startswith("PROXY ") and outcome.thread_number is None
    assert (engine.thread_count, engine.child_count) == (0, 1)
    assert repr(engine) == "<PacEngine threads=0 children=1 running=0 waiting=0 hung=0 abandoned=0>"


@pytest.mark.parametrize("is_trusted", [True, False])
def test_names_are_looked_up_between_the_runs(run: Run, is_trusted: bool) -> None:
    """By who asks."""
    request = request_of("return isInNet(dnsResolve('a'), '10.0.0.0', '255.0.0.0') + dnsResolve('b')", None, is_trusted)
    for name in ("a", "b"):
        outcome = run(request)
        assert outcome.needs == name
        request = request.answered(outcome, ("10.0.0.1",))
    assert run(request).result == "true10.0.0.1"


HOSTILE = [
    ("return 5", "returned a value of type number"),
    ("while (true) {}", "did not end within 0.5 s"),
    ("var a = []; while (true) a.push(new Array(1000).fill(1))", "more than 64 MiB of memory"),
    ("var a = new Array(5e6).fill(0).map(Math.random); a.sort()", "more than 64 MiB of memory"),
    ("try { dnsResolve('x' + Math.random()) } catch (e) {} return 'DIRECT'", ""),
    ("<html><body>function FindProxyForURL(", "this is HTML, not a script"),
    (" // FindProxyForURL()", "no function FindProxyForURL"),
    ("function FindProxyForURL(\n  url host) {}", "line 2, column 7: SyntaxError"),
    ("return '\u00fc'", "not plain ASCII"),
]


@pytest.mark.parametrize("is_trusted", [True, False])
@pytest.mark.parametrize("text, words", HOSTILE)
def test_a_bad_script_has_a_clear_end(run: Run, text: str, words: str, is_trusted: bool) -> None:
    """Here and in a child process."""
    request = request_of(text, None, is_trusted)
    outcome = run(request)
    for _ in range(20):
        if outcome.needs is None:
            break
        request = request.answered(outcome, None)
        outcome = run(request)
    assert (words or "its questions never settle") in error_text(outcome)


def test_the_loop_turns_while_scripts_run_for_ever(driver: LoopDriver, engine: PacEngine) -> None:
    """Several run at once, each to its own limit; those that are too many wait."""
    outcomes: list[PacOutcome] = []
    numbers: list[int | None] = []
    evaluations = [
        engine.evaluate(request_of(f"while (true) {{}} /* {number} */"), outcomes.append, numbers.append)
        for number in range(5)
    ]
    assert [evaluation.is_waiting for evaluation in evaluations] == [False] * 4 + [True]
    assert (engine.thread_count, engine.running_count, engine.waiting_count) == (4, 4, 1)
    turns = 0

    def turn() -> bool:
        nonlocal turns
        turns += 1
        return len(outcomes) == 5

    driver.run_until(turn)
    assert turns > 20 and len(numbers) == 1
    assert {error_text(outcome) for outcome in outcomes} == {"the script did not end within 0.5 s"}


def test_time_that_others_use_up_kills_no_honest_script(run: Run, engine: PacEngine, driver: LoopDriver) -> None:
    """One that is interrupted too early on a thread runs again in a child process, where nothing else does."""
    body = "var n = 0; for (var i = 0; i < 2e6; i++) n += i; return '' + n"
    stop = threading.Event()
    busy = [threading.Thread(target=burn, args=(stop,), daemon=True) for _ in range(3)]
    for thread in busy:
        thread.start()
    try:
        assert run(request_of(body)).result == "1999999000000"
    finally:
        stop.set()
        for thread in busy:
            thread.join(DEADLINE_S)


def burn(stop: threading.Event) -> None:
    """Uses time of the process without the interpreter's lock."""
    while not stop.is_set():
        zlib.compress(b"x" * 1_000_000)


def test_a_busy_process_hands_the_script_to_a_child(
    run: Run, engine: PacEngine, driver: LoopDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless nobody waits for it any more."""

    def busy(*_: object) -> PacOutcome:
        raise ProcessTooBusy

    monkeypatch.setattr(PacEvaluator, "evaluate", busy)
    outcome = run(request_of("return 'DIRECT'"))
    assert (outcome.result, outcome.thread_number, engine.child_count) == ("DIRECT", None, 1)
    outcomes: list[PacOutcome] = []
    engine.evaluate(request_of("return 'DIRECT'"), outcomes.append).cancel()
    driver.run_until(lambda: engine.running_count == 0)
    assert outcomes == []


class Stuck:
    """Hangs until the test is over."""

    gate = threading.Semaphore(0)

    def __init__(self, limits: PacLimits) -> None:
        self._inner = evaluate_pac.PacEvaluator(limits)

    def evaluate(self, request: PacRequest, moment: PacMoment) -> PacOutcome:
        if "hang" in request.script.text:
            assert self.gate.acquire(timeout=DEADLINE_S)
        return self._inner.evaluate(request, moment)

    def close(self) -> None:
        self._inner.close()

    def kill(self) -> None:
        """As PacEvaluator.kill()."""

    def abandon_after_fork(self) -> None:
        """As PacEvaluator.abandon_after_fork()."""


def test_a_script_that_hung_runs_in_a_child_from_then_on(
    run: Run, engine: PacEngine, driver: LoopDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others still run here."""
    monkeypatch.setattr(pac_engine, "PacEvaluator", Stuck)
    request = request_of("return 'hang'")
    outcomes: list[PacOutcome] = []
    engine.evaluate(request, outcomes.append)
    driver.advance(1.0)
    assert "did not come back within 1 s" in error_text(outcomes[0])
    assert (engine.hung_count, engine.abandoned_count, engine.thread_count) == (1, 1, 0)
    hung = run(request)
    assert (hung.result, hung.thread_number) == ("hang", None)
    assert run(request_of("return 'good'")).thread_number == 0
    Stuck.gate.release()
    driver.run_until(lambda: engine.hung_count == 0)
    assert engine.abandoned_count == 1


def test_when_too_many_threads_hang_all_scripts_run_in_children(
    run: Run, engine: PacEngine, driver: LoopDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until one comes back."""
    monkeypatch.setattr(pac_engine, "PacEvaluator", Stuck)
    for number in range(4):
        engine.evaluate(request_of(f"return 'hang {number}'"), lambda outcome: None)
    driver.advance(1.0)
    assert engine.hung_count == 4
    assert run(request_of("return 'good'")).thread_number is None
    for _ in range(4):
        Stuck.gate.release()
    driver.run_until(lambda: engine.hung_count == 0)
    assert run(request_of("return 'good'")).thread_number == 0


def test_a_script_that_ends_its_process_in_a_row_is_left_alone(
    run: Run, engine: PacEngine, driver: LoopDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For five minutes; others are not concerned."""
    ended = PacOutcome(error=PacError(ERR_PAC_SCRIPT_TERMINATED, "ended"))
    asked: list[PacRequest] = []

    def end(_: object, request: PacRequest, __: PacMoment) -> PacOutcome:
        asked.append(request)
        return ended

    monkeypatch.setattr(pac_child.PacChild, "evaluate", end)
    request = request_of("return 'bad'", is_trusted=False)
    for _ in range(2):
        assert error_text(run(request)) == "ended"
    assert "ended too often in a row" in error_text(run(request)) and len(asked) == 2
    assert error_text(run(request_of("return 'other'", is_trusted=False))) == "ended"
    driver.advance(301.0)
    assert error_text(run(request)) == "ended"


def test_a_child_that_does_not_answer_is_killed(run: Run, engine: PacEngine, driver: LoopDriver) -> None:
    """At the deadline of who asks, even if the system has no limit of its own."""
    outcomes: list[PacOutcome] = []
    started = threading.Event()
    start = pac_child._start

    def starting(command: list[str]) -> subprocess.Popen[bytes]:
        process = start([*command[:3], "-c", "import sys; sys.stdin.read()"])
        started.set()
        return process

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pac_child, "_start", starting)
        engine.evaluate(request_of("return 'DIRECT'", is_trusted=False), outcomes.append)
        assert started.wait(DEADLINE_S)
    driver.advance(11.0)
    assert "did not come back within 11 s" in error_text(outcomes[0])
    driver.run_until(lambda: engine.hung_count == 0)
    assert run(request_of("return 'DIRECT'", is_trusted=False)).result == "DIRECT"


def test_a_cancelled_evaluation_never_replies(driver: LoopDriver, engine: PacEngine) -> None:
    """Row 223: SingleThread_CancelRequest."""
    outcomes: list[PacOutcome] = []
    evaluation = engine.evaluate(request_of("return 'DIRECT'"), outcomes.append)
    evaluation.cancel()
    driver.run_until(lambda: engine.running_count == 0)
    assert outcomes == []


def test_after_the_end_nothing_replies(driver: LoopDriver) -> None:
    """Row 221: OnShutdownWithLiveRequest, OnShutdownFollowedByRequest. Children are gone with it."""
    engine = PacEngine(driver.loop.task_runner, driver.loop.timers, Clock(), replace(LIMITS, run_s=60.0))
    outcomes: list[PacOutcome] = []
    for is_trusted in (True, False):
        engine.evaluate(request_of("return 'DIRECT'", None, is_trusted), outcomes.append)
    driver.run_until(lambda: len(outcomes) == 2)
    engine.evaluate(request_of("while (true) {}", is_trusted=False), outcomes.append)
    engine.abandon_after_fork()  # as if this were a fork: the pipes are closed, and the child ends
    engine.shut_down()
    engine.shut_down()
    assert isinstance(engine.evaluate(request_of("return 'DIRECT'"), outcomes.append), PacEvaluation)
    wait_until(lambda: all(thread.name != "netstack-pac" for thread in threading.enumerate()))
    driver.run_until_idle()
    assert len(outcomes) == 2


def test_a_refusal_after_the_end_is_not_told(driver: LoopDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything else."""
    monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", 0.05)
    engine = PacEngine(driver.loop.task_runner, driver.loop.timers, Clock())
    script = request_of("return 'DIRECT'", is_trusted=False)
    ended = PacOutcome(error=PacError(ERR_PAC_SCRIPT_TERMINATED, "ended"))
    for _ in range(PacLimits().max_child_failures):
        engine._record.note_outcome(script.script, ended, driver.clock.now())
    outcomes: list[PacOutcome] = []
    engine.evaluate(script, outcomes.append)
    engine.shut_down()
    driver.run_until_idle()
    assert outcomes == []


def test_a_script_that_nobody_can_stop_holds_neither_loop_nor_process() -> None:
    """Its thread is left to itself; the loop goes on, and the process ends."""
    program = """
        import sys
        from netstack_sync.loop.network_thread import NetworkThread
        from netstack_sync.base.clock import SystemWallClock
        from netstack_sync.workers.pac_engine import PacEngine
        from netstack_sync.workers.pac_values import PacLimits
        from tests.support.pac_runs import request_of
        from queue import SimpleQueue

        thread = NetworkThread()
        thread.start()
        engine = PacEngine(thread.task_runner, thread.timers, SystemWallClock(), PacLimits(run_s=0.3))
        outcomes = SimpleQueue()

        def evaluate(body):
            thread.task_runner.post_task(lambda: engine.evaluate(request_of(body), outcomes.put) and None)

        evaluate("var a = []; a.length = 4294967295; return a.join(',')")
        evaluate("return 'DIRECT'")
        print(outcomes.get(timeout=20).result)
        print(outcomes.get(timeout=20).error)
        evaluate("return 'DIRECT'")
        print(outcomes.get(timeout=20).result, engine.hung_count)
    """
    assert run_python(program).splitlines() == [
        "DIRECT",
        "the script did not come back within 0.6 s and could not be stopped",
        "DIRECT 1",
    ]
