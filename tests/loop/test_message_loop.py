"""The loop: turns, fairness, quitting, idleness, closing, wake-ups from other threads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from netstack_sync.base.clock import ManualClock, SystemTickClock
from netstack_sync.loop.message_loop import MessageLoop
from netstack_sync.loop.poller import Poller
from netstack_sync.loop.poller_epoll import EpollPoller
from netstack_sync.loop.pump import MAX_SHARE_S, READ, FdWatchController
from tests.support.loops import DEADLINE_S, LoopDriver

SocketPair = tuple[socket.socket, socket.socket]


def steps(*calls: Callable[[], object]) -> Callable[[], None]:
    """One task of several calls."""

    def run() -> None:
        for call in calls:
            call()

    return run


class Reader:
    """Calls a function whenever a socket is readable."""

    def __init__(self, loop: MessageLoop, sock: socket.socket, on_read: Callable[[], object]) -> None:
        self.controller = FdWatchController()
        self.on_read = on_read
        assert loop.pump.watch_file_descriptor(sock.fileno(), True, READ, self.controller, self)

    def on_fd_readable(self, fd: int) -> None:
        self.on_read()

    def on_fd_writable(self, fd: int) -> None:
        raise AssertionError("nobody asked for this")


def test_work_queued_before_run_is_done(driver: LoopDriver) -> None:
    """Row 16: although nobody woke the loop; in the order of posting, and never inside the call."""
    done: list[int] = []
    post = driver.loop.task_runner.post_task
    for number in range(3):
        post(lambda number=number: done.append(number))  # type: ignore[misc]
    assert done == []
    post(driver.loop.quit)
    driver.loop.run()
    assert done == [0, 1, 2]


def test_a_task_posted_by_a_task_runs_after_it(driver: LoopDriver) -> None:
    """Posting from inside does not run the task either."""
    done: list[str] = []

    def first() -> None:
        driver.loop.task_runner.post_task(lambda: done.append("second"))
        done.append("first")

    driver.loop.task_runner.post_task(first)
    driver.run_until_idle()
    assert done == ["first", "second"]


def test_a_timer_is_not_starved_by_a_busy_descriptor(driver: LoopDriver, pair: SocketPair) -> None:
    """Row 11: a descriptor that is always ready does not keep a due timer from running."""
    reads: list[str] = []
    pair[1].send(b"x")
    reader = Reader(driver.loop, pair[0], lambda: reads.append("read"))
    driver.loop.timers.call_later(0.0, driver.loop.quit)
    driver.loop.run()
    reader.controller.stop_watching()
    assert len(reads) <= 1


def test_a_descriptor_is_not_starved_by_busy_timers(driver: LoopDriver, pair: SocketPair) -> None:
    """Row 11: a timer that is due again and again does not keep a ready descriptor waiting."""

    def again() -> None:
        driver.loop.timers.call_later(0.0, again)

    again()
    pair[1].send(b"x")
    Reader(driver.loop, pair[0], driver.loop.quit)
    driver.loop.run()


def test_tasks_starve_neither_timers_nor_descriptors(driver: LoopDriver, pair: SocketPair) -> None:
    """A task that posts itself for ever leaves the others their share, and so do a thousand tasks at once."""
    done: list[str] = []

    def again() -> None:
        driver.loop.task_runner.post_task(again)

    def finish(what: str) -> None:
        done.append(what)
        if len(done) == 2:
            driver.loop.quit()

    for _ in range(1000):
        again()
    driver.loop.timers.call_later(0.0, lambda: finish("timer"))
    pair[1].send(b"x")
    reader = Reader(driver.loop, pair[0], steps(lambda: reader.controller.stop_watching(), lambda: finish("read")))
    driver.loop.run()
    assert sorted(done) == ["read", "timer"]


def test_failing_tasks_starve_nobody(driver: LoopDriver, pair: SocketPair, capsys: pytest.CaptureFixture[str]) -> None:
    """A task that posts itself and raises, for ever, takes nobody's network away."""

    def fail() -> None:
        driver.loop.task_runner.post_task(fail)
        raise RuntimeError("a bug of a task")

    fail_later = driver.loop.task_runner.post_task
    fail_later(fail)
    pair[1].send(b"x")
    Reader(driver.loop, pair[0], driver.loop.quit)
    driver.loop.run()
    assert "a bug of a task" in capsys.readouterr().err


def test_quit_outside_of_run_is_a_mistake(driver: LoopDriver) -> None:
    """Row 12: an error, not a hang."""
    with pytest.raises(AssertionError, match="outside"):
        driver.loop.quit()


def test_a_loop_does_not_nest(driver: LoopDriver) -> None:
    """Nested loops are not supported, and say so at once."""
    errors: list[AssertionError] = []

    def nest() -> None:
        try:
            driver.loop.run()
        except AssertionError as error:
            errors.append(error)

    driver.loop.task_runner.post_task(nest)
    driver.run_until_idle()
    assert "nest" in str(errors[0])


def test_tasks_that_take_long_let_the_others_have_a_turn(driver: LoopDriver, pair: SocketPair) -> None:
    """A descriptor is looked at as soon as the tasks' time is up, not after all that were there."""
    done: list[str] = []

    def work(name: str) -> None:
        done.append(name)
        driver.clock.advance(MAX_SHARE_S / 2)

    Reader(driver.loop, pair[0], steps(lambda: work("read"), lambda: pair[0].recv(10)))
    pair[1].send(b"x")
    for _ in range(4):
        driver.loop.task_runner.post_task(lambda: work("task"))
    driver.run_until_idle()
    assert done == ["task", "task", "read", "task", "task"]


def test_quit_in_a_watcher_returns_before_the_next_wait(driver: LoopDriver, pair: SocketPair) -> None:
    """Row 14: with nothing else to do the loop would sleep for ever."""
    pair[1].send(b"x")
    Reader(driver.loop, pair[0], driver.loop.quit)
    driver.loop.run()


def test_nothing_runs_after_a_quit_in_a_task(driver: LoopDriver, pair: SocketPair) -> None:
    """Row 15: neither the next task, nor a due timer, nor a ready descriptor; a later run does them."""
    done: list[str] = []
    pair[1].send(b"x")
    reader = Reader(driver.loop, pair[0], steps(lambda: reader.controller.stop_watching(), lambda: done.append("read")))
    driver.loop.timers.call_later(0.0, lambda: done.append("timer"))
    driver.loop.task_runner.post_task(driver.loop.quit)
    driver.loop.task_runner.post_task(lambda: done.append("task"))
    driver.loop.run()
    assert done == []
    driver.run_until_idle()
    assert done == ["task", "timer", "read"]


def test_nothing_runs_after_a_quit_in_a_timer(driver: LoopDriver, pair: SocketPair) -> None:
    """Row 15: the next due timer and the ready descriptor wait."""
    done: list[str] = []
    pair[1].send(b"x")
    reader = Reader(driver.loop, pair[0], lambda: done.append("read"))
    driver.loop.timers.call_later(0.0, driver.loop.quit)
    driver.loop.timers.call_later(0.0, lambda: done.append("timer"))
    driver.loop.run()
    reader.controller.stop_watching()
    assert done == []


def test_quit_from_another_thread(poller: Poller) -> None:
    """Row 17: posted, it ends a loop that sleeps."""
    loop = MessageLoop(SystemTickClock(), poller)
    thread = threading.Thread(target=lambda: loop.task_runner.post_task(loop.quit))
    loop.task_runner.post_task(thread.start)
    loop.run()
    thread.join(DEADLINE_S)
    loop.close()


def test_quit_when_idle_from_another_thread(poller: Poller) -> None:
    """Row 17: what is there is done first."""
    done: list[str] = []
    loop = MessageLoop(SystemTickClock(), poller)

    def elsewhere() -> None:
        loop.task_runner.post_task(loop.quit_when_idle)
        loop.task_runner.post_task(lambda: done.append("task"))

    thread = threading.Thread(target=elsewhere)
    loop.task_runner.post_task(thread.start)
    loop.task_runner.post_task(lambda: thread.join(DEADLINE_S))
    loop.run()
    loop.close()
    assert done == ["task"]


def test_run_until_idle_may_be_repeated(driver: LoopDriver) -> None:
    """Row 19: and run() works after it. A loop of ours may be run again after a quit, too."""
    done: list[int] = []
    for number in range(2):
        driver.loop.task_runner.post_task(lambda number=number: done.append(number))  # type: ignore[misc]
        driver.run_until_idle()
    for _ in range(2):
        driver.loop.task_runner.post_task(driver.loop.quit)
        driver.loop.run()
    assert done == [0, 1]


def test_idle_means_no_due_timer_is_left(driver: LoopDriver) -> None:
    """Even with more due timers than fit into a turn; one that is not due is left alone."""
    done: list[int] = []
    for number in range(300):
        driver.loop.timers.call_later(1.0, lambda number=number: done.append(number))  # type: ignore[misc]
    driver.run_until_idle()
    assert done == []
    driver.advance(0.5)
    assert done == []
    driver.advance(0.5)
    assert done == list(range(300))


def test_idle_means_no_task_of_a_due_timer_is_left(driver: LoopDriver) -> None:
    """What a timer posts is run as well."""
    done: list[str] = []
    driver.loop.timers.call_later(1.0, steps(lambda: driver.loop.task_runner.post_task(lambda: done.append("task"))))
    driver.advance(1.0)
    assert done == ["task"]


def test_the_loop_sleeps_until_the_next_timer(poller: Poller) -> None:
    """With the real clock: the timer ends the sleep, and not before its time."""
    clock = SystemTickClock()
    loop = MessageLoop(clock, poller)
    when = clock.now() + 0.02
    seen: list[float] = []
    loop.timers.call_at(when, steps(lambda: seen.append(clock.now()), loop.quit))
    loop.run()
    loop.close()
    assert seen[0] >= when


@pytest.mark.parametrize("delay_s", [3601.0, 1e12, float("inf")])
def test_a_timer_in_a_distant_future_is_no_trouble(delay_s: float) -> None:
    """Pollers refuse times beyond some weeks; the loop sleeps in pieces of an hour then."""
    slept: list[float | None] = []

    class NotingPoller(EpollPoller):
        """Does not sleep; ends the loop instead."""

        def __init__(self) -> None:
            super().__init__()
            self.poll = self._note

        def _note(self, timeout_s: float | None, max_events: int) -> list[tuple[int, int]]:
            slept.append(timeout_s)
            loop.task_runner.post_task(loop.quit)
            return []

    loop = MessageLoop(ManualClock(), NotingPoller())
    loop.timers.call_later(delay_s, lambda: None)
    loop.run()
    loop.close()
    assert slept == [3600.0]


def test_a_task_that_raises_does_not_end_the_loop(driver: LoopDriver, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither does a timer; the traceback is shown."""

    def fail() -> None:
        raise RuntimeError("a bug of a callback")

    done: list[str] = []
    driver.loop.task_runner.post_task(fail)
    driver.loop.task_runner.post_task(lambda: done.append("task"))
    driver.loop.timers.call_later(0.0, fail)
    driver.loop.timers.call_later(0.0, lambda: done.append("timer"))
    driver.run_until_idle()
    assert done == ["task", "timer"]
    assert capsys.readouterr().err.count("RuntimeError: a bug of a callback") == 2


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_ends_a_thread_does_not_end_the_loop(
    driver: LoopDriver, pair: SocketPair, capsys: pytest.CaptureFixture[str], error: type[BaseException]
) -> None:
    """Whether a task, a timer, a watcher or a task of a closing loop raises it; each is shown."""

    def leave() -> None:
        raise error("a bug of a callback")

    pair[1].send(b"x")
    reader = Reader(driver.loop, pair[0], steps(lambda: reader.controller.stop_watching(), leave))
    driver.loop.task_runner.post_task(leave)
    driver.loop.timers.call_later(0.0, leave)
    driver.run_until_idle()
    driver.loop.task_runner.post_task(leave)
    driver.loop.close()
    assert capsys.readouterr().err.count(f"{error.__name__}: a bug of a callback") == 4


class FailingPoller(EpollPoller):
    """Fails in the polls of the given numbers."""

    def __init__(self, *failing: int) -> None:
        super().__init__()
        self.failing = failing
        self.polls = 0
        self._real_poll, self.poll = self.poll, self._poll_or_fail

    def _poll_or_fail(self, timeout_s: float | None, max_events: int) -> list[tuple[int, int]]:
        self.polls += 1
        if self.polls in self.failing:
            raise OSError("the kernel is in a bad mood")
        return self._real_poll(0.0, max_events)


def test_a_poller_that_recovers_does_not_end_the_loop(capsys: pytest.CaptureFixture[str]) -> None:
    """The next turn tries again; failures with a success between them do not add up."""
    poller = FailingPoller(*range(1, 8), *range(9, 16))
    loop = MessageLoop(poller=poller)

    def until_all_failed() -> None:
        if poller.polls > max(poller.failing):
            loop.quit()
        else:
            loop.task_runner.post_task(until_all_failed)

    loop.task_runner.post_task(until_all_failed)
    loop.run()
    loop.close()
    assert poller.polls == 16 and capsys.readouterr().err.count("OSError: the kernel") == 14


def test_a_poller_that_fails_for_good_ends_the_loop(capsys: pytest.CaptureFixture[str]) -> None:
    """It neither spins nor fills the log."""
    poller = FailingPoller(*range(1, 1000))
    loop = MessageLoop(poller=poller)
    loop.run()
    loop.close()
    assert poller.polls == capsys.readouterr().err.count("OSError: the kernel") == 10


def test_close_runs_what_was_posted_and_refuses_the_rest(
    driver: LoopDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task in the queue may be somebody's answer; after close nothing is accepted, and timers are dropped."""
    done: list[object] = []
    runner = driver.loop.task_runner

    def fail() -> None:
        raise RuntimeError("a bug of a task")

    runner.post_task(fail)
    runner.post_task(lambda: done.append(runner.post_task(lambda: done.append("too late"))))
    runner.post_delayed_task(lambda: done.append("timer"), 0.0)
    driver.loop.close()
    assert done == [False]
    assert not runner.post_task(lambda: None)
    assert not runner.post_delayed_task(lambda: None, 0.0)
    assert len(driver.loop.timers) == 0
    assert "a bug of a task" in capsys.readouterr().err


def test_no_wake_up_is_lost(poller: Poller) -> None:
    """Many threads post in bursts and wait for each burst: every task runs although the loop often sleeps."""
    threads, rounds, burst = 8, 60, 3
    loop = MessageLoop(SystemTickClock(), poller)
    post = loop.task_runner.post_task
    hung: list[int] = []

    def poster(number: int) -> None:
        came = threading.Semaphore(0)
        for _ in range(rounds):
            for _ in range(burst):
                assert post(came.release)
            for _ in range(burst):
                if not came.acquire(timeout=DEADLINE_S):
                    hung.append(number)
                    return

    posters = [threading.Thread(target=poster, args=(number,)) for number in range(threads)]

    def supervise() -> None:
        for thread in posters:
            thread.start()
        for thread in posters:
            thread.join()
        post(loop.quit)

    supervisor = threading.Thread(target=supervise)
    supervisor.start()
    loop.run()
    supervisor.join(DEADLINE_S)
    loop.close()
    assert hung == []


def test_tasks_of_one_thread_keep_their_order(poller: Poller) -> None:
    """However the tasks of several threads mix."""
    loop = MessageLoop(SystemTickClock(), poller)
    seen: list[tuple[int, int]] = []

    def poster(thread: int) -> None:
        for number in range(500):
            loop.task_runner.post_task(lambda number=number: seen.append((thread, number)))  # type: ignore[misc]

    posters = [threading.Thread(target=poster, args=(number,)) for number in range(4)]
    for thread in posters:
        thread.start()
    for thread in posters:
        thread.join(DEADLINE_S)
    loop.run_until_idle()
    loop.close()
    for thread_number in range(4):
        assert [n for t, n in seen if t == thread_number] == list(range(500))


def test_a_loop_finds_clock_and_poller_by_itself() -> None:
    """The machine's clock and the platform's poller."""
    loop = MessageLoop()
    assert isinstance(loop.clock, SystemTickClock)
    loop.run_until_idle()
    loop.close()


def test_callers_are_let_go_when_all_watchers_have_been_told(
    driver: LoopDriver, pair: SocketPair, other_pair: SocketPair
) -> None:
    """Or each of them would take its share of the processor before the next answer is looked at."""
    loop, done = driver.loop, list[str]()
    for near, far in (pair, other_pair):
        far.send(b"x")
        reader = Reader(loop, near, lambda: None)
        reader.on_read = steps(
            reader.controller.stop_watching,
            lambda: done.append("read"),
            lambda: loop.wakes.append(lambda: done.append("wake")),
        )
    driver.run_until_idle()
    assert done == ["read", "read", "wake", "wake"]


def test_callers_are_let_go_before_the_loop_sleeps(driver: LoopDriver) -> None:
    """Whether a task or a timer has their answer: after all of the turn's, and before another poll."""
    loop, done = driver.loop, list[object]()

    def answer(name: str) -> Callable[[], None]:
        return steps(lambda: done.append(name), lambda: loop.wakes.append(lambda: done.append(loop.pump.polls)))

    for name in ("task", "task"):
        loop.task_runner.post_task(answer(name))
    for name in ("timer", "timer"):
        loop.timers.call_later(0.0, answer(name))
    driver.run_until_idle()
    assert done == ["task", "task", 0, 0, "timer", "timer", 0, 0]


def test_callers_are_let_go_by_a_loop_that_ends(driver: LoopDriver, capsys: pytest.CaptureFixture[str]) -> None:
    """By one that quits and by one that closes; one whose descriptor is gone hides no other."""
    loop, done = driver.loop, list[str]()

    def fail() -> None:
        raise OSError("somebody closed this descriptor")

    def answer(name: str) -> Callable[[], None]:
        return steps(*[lambda wake=wake: loop.wakes.append(wake) for wake in (fail, lambda: done.append(name))])

    loop.task_runner.post_task(steps(answer("quit"), loop.quit))
    loop.run()
    assert done == ["quit"]
    loop.task_runner.post_task(answer("close"))
    loop.close()
    assert done == ["quit", "close"]
    assert capsys.readouterr().err.count("OSError: somebody closed") == 2


def test_wakes_that_fail_do_not_end_the_loop(driver: LoopDriver, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are let go in the same turn."""
    loop, done = driver.loop, list[int]()

    def fail() -> None:
        raise OSError("somebody closed this descriptor")

    def go_on(number: int) -> None:
        loop.wakes.extend([fail, fail, lambda: done.append(number)])
        loop.task_runner.post_task(loop.quit if number == 30 else lambda: go_on(number + 1))

    go_on(1)
    loop.run()
    assert done == list(range(1, 31))
    assert capsys.readouterr().err.count("OSError: somebody closed") == 60
