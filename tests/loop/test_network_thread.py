"""The network thread: its life, its end, and what a forked child does with it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from netstack_sync.base.clock import ManualClock, SystemTickClock
from netstack_sync.loop.network_thread import NetworkThread
from tests.support.loops import DEADLINE_S
from tests.support.subprocesses import run_python


@pytest.fixture
def thread() -> Iterator[NetworkThread]:
    thread = NetworkThread("network-under-test")
    thread.start()
    yield thread
    assert thread.stop(DEADLINE_S)


def test_tasks_run_on_it(thread: NetworkThread) -> None:
    """On a daemon thread of the given name, which knows that it is the network thread."""
    seen: list[tuple[str, bool, bool]] = []
    meeting = thread.desk.meet()

    def look() -> None:
        current = threading.current_thread()
        seen.append((current.name, current.daemon, thread.is_current))
        meeting.notify()

    assert thread.post(look)
    meeting.wait()
    assert seen == [("network-under-test", True, True)]
    assert thread.is_alive and not thread.is_current


def test_callers_are_let_go_at_the_end_of_a_turn(thread: NetworkThread) -> None:
    """All of those whose answers were there in it."""
    meeting, other = thread.desk.meet(), thread.desk.meet()
    order: list[str] = []

    def answer() -> None:
        thread.wake_soon(meeting.notify)
        thread.wake_soon(other.notify)
        order.append("answered")

    assert thread.post(answer)
    meeting.wait()
    other.wait()
    assert order == ["answered"]


def test_a_thread_that_cannot_be_started_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    thread = NetworkThread()
    with pytest.raises(RuntimeError):
        thread.start()
    assert not thread.is_alive and thread.is_wait_futile


def test_it_is_alive_until_the_last_posted_task_has_run(thread: NetworkThread) -> None:
    """Also for a task that finds the loop closed, and for nobody afterwards."""
    seen: list[bool] = []

    def stop_and_look() -> None:
        thread.stop()
        thread.post(lambda: seen.append(thread.is_alive))

    thread.post(stop_and_look)
    assert thread.stop(DEADLINE_S)
    assert seen == [True] and not thread.is_alive


def test_its_parts_are_those_of_its_loop() -> None:
    """One clock for all deadlines, given or the machine's."""
    clock = ManualClock()
    thread = NetworkThread(clock=clock)
    assert thread.clock is clock and thread.timers.clock is clock
    assert len(thread.pump) == len(thread.sockets) == 0
    assert isinstance(NetworkThread().clock, SystemTickClock)
    assert not thread.is_alive


def test_stop_lets_posted_tasks_run_first(thread: NetworkThread) -> None:
    """Afterwards nothing is accepted, and stopping again is harmless."""
    done: list[int] = []
    for number in range(500):
        thread.post(lambda number=number: done.append(number))  # type: ignore[misc]
    assert thread.stop(DEADLINE_S)
    assert done == list(range(500))
    assert not thread.post(lambda: None)
    assert not thread.is_alive
    assert thread.stop() and thread.pump.is_closed


def test_stop_from_several_threads(thread: NetworkThread, capfd: pytest.CaptureFixture[str]) -> None:
    """All see the end, and nothing is complained about."""
    meeting = thread.desk.meet()
    gate = threading.Semaphore(0)

    def be_busy() -> None:
        meeting.notify()
        gate.acquire(timeout=DEADLINE_S)

    thread.post(be_busy)
    meeting.wait()
    ended: list[bool] = []
    stoppers = [threading.Thread(target=lambda: ended.append(thread.stop(DEADLINE_S))) for _ in range(5)]
    for stopper in stoppers:
        stopper.start()
    assert not thread.stop(0.0)
    gate.release()
    for stopper in stoppers:
        stopper.join(DEADLINE_S)
    assert ended == [True] * 5
    assert capfd.readouterr().err == ""


def test_stop_from_itself_only_asks() -> None:
    """A thread cannot wait for its own end."""
    thread = NetworkThread()
    answers: list[bool] = []
    thread.post(lambda: answers.append(thread.stop()))
    thread.start()
    assert thread.stop(DEADLINE_S)
    assert answers == [False]


def test_a_task_cannot_end_it(thread: NetworkThread, capsys: pytest.CaptureFixture[str]) -> None:
    """SystemExit in a task is a bug of the task; the thread goes on."""
    meeting = thread.desk.meet()

    def leave() -> None:
        raise SystemExit("a bug of a task")

    thread.post(leave)
    thread.post(meeting.notify)
    meeting.wait()
    assert thread.is_alive and "SystemExit: a bug of a task" in capsys.readouterr().err


def test_it_ends_when_its_descriptors_are_closed_behind_its_back() -> None:
    """As by os.closerange(): what was posted is run, a late stop() says nothing, later posts are refused."""
    printed = run_python(
        """
        import os, sys
        from netstack_sync.loop.network_thread import NetworkThread

        sys.stderr = sys.stdout
        thread = NetworkThread()

        def close_all():
            os.closerange(3, 100)
            go_on()

        def go_on():
            turns.append(1)
            thread.post(go_on if len(turns) < 10 else late)

        def late():
            thread.stop()
            print("posted", thread.is_current)

        turns = []
        thread.post(close_all)
        thread.start()
        thread._thread.join(20)
        print(thread.is_alive, thread.post(print), thread.stop(20))
        """
    )
    lines = printed.splitlines()
    assert lines.count("OSError: [Errno 9] Bad file descriptor") == 10
    assert "posted True" in lines and "AssertionError" not in printed and lines[-1] == "False False True"


def test_no_other_thread_is_taken_for_it() -> None:
    """Its identity, which the system gives to another thread, is forgotten when it ended; tasks still see it."""
    thread = NetworkThread()
    seen: list[bool] = []

    def stop_and_look_later() -> None:
        seen.append(thread.stop())
        thread.post(lambda: seen.append(thread.is_current))  # behind the end of the loop: close() runs it

    thread.post(stop_and_look_later)
    thread.start()
    assert thread.stop(DEADLINE_S)
    assert seen == [False, True]
    assert thread.task_runner._thread_id is None


def test_an_abandoned_thread_does_nothing_more() -> None:
    """As in a forked child: its sockets are closed, it takes no tasks and cannot be stopped."""
    thread = NetworkThread()
    thread.task_runner.bind_to_this_thread()  # the forking thread may have got the identity of the network thread
    near, far = socket.socketpair()
    with near, far:
        thread.sockets.add(near)
        thread.abandon_after_fork()
        assert near.fileno() == -1 and len(thread.sockets) == 0
    assert thread.is_abandoned and not thread.is_alive and not thread.is_current
    assert not thread.post(lambda: None)
    assert not thread.stop(DEADLINE_S)
    assert thread.pump.is_closed


def test_a_forked_child_leaves_its_parents_connections_alone() -> None:
    """The child drops them without a word and works with a thread of its own; the parent goes on."""
    printed = run_python(
        """
        import os, socket, warnings
        from netstack_sync.loop.network_thread import NetworkThread
        from netstack_sync.loop.pump import READ, FdWatchController

        warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads is what this is about

        class Reader:
            def on_fd_readable(self, fd):
                got.append(near.recv(10))
                meeting.notify()

        def call(thread, function):
            meeting = thread.desk.meet()
            assert thread.post(lambda: (function(), meeting.notify()))
            meeting.wait()

        def watch():
            thread.sockets.add(near)
            assert thread.pump.watch_file_descriptor(near.fileno(), True, READ, controller, reader)

        got, controller, reader = [], FdWatchController(), Reader()
        near, far = socket.socketpair()
        near.setblocking(False)
        thread = NetworkThread()
        thread.start()
        call(thread, watch)

        child = os.fork()
        if child == 0:
            status = 1
            try:
                assert thread.desk is not None
                thread.abandon_after_fork()
                assert near.fileno() == -1 and len(thread.sockets) == 0
                assert not thread.is_alive and not thread.post(print) and not thread.stop(5)
                own, done = NetworkThread(), []
                own.start()
                call(own, lambda: done.append(1))
                assert done and own.stop(20)
                controller.stop_watching()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        print("child", os.waitstatus_to_exitcode(status))

        far.setblocking(False)
        try:
            far.recv(10)
        except BlockingIOError:
            print("nothing was said")
        meeting = thread.desk.meet()
        far.send(b"hello")
        meeting.wait()
        print(got)
        call(thread, controller.stop_watching)
        assert thread.stop(20)
        near.close()
        far.close()
        """
    )
    assert printed.splitlines() == ["child 0", "nothing was said", "[b'hello']"]


def test_a_running_thread_does_not_hold_the_process() -> None:
    """A program that forgets to stop it ends all the same."""
    printed = run_python(
        """
        from netstack_sync.loop.network_thread import NetworkThread
        thread = NetworkThread()
        thread.start()
        meeting = thread.desk.meet()
        thread.post(meeting.notify)
        meeting.wait()
        print("end")
        """
    )
    assert printed == "end\n"


def test_the_end_of_the_thread_closes_what_is_still_open() -> None:
    """A session that nobody closed leaves no socket to the interpreter's end, which would warn about it."""
    thread = NetworkThread()
    thread.start()
    ours, theirs = socket.socketpair()
    thread.post(lambda: thread.sockets.add(ours))
    assert thread.stop(10.0)
    assert ours.fileno() == -1 and len(thread.sockets) == 0
    theirs.close()


def test_at_exit_only_daemon_threads_go_on_waiting() -> None:
    """They vanish with the process; an exit handler, which does not, must not wait for an answer that never comes."""
    thread = NetworkThread()
    thread.start()
    assert not thread.is_wait_futile
    assert thread.stop_at_exit(10.0)
    seen: list[bool] = []
    for is_daemon in (True, False):
        asker = threading.Thread(target=lambda: seen.append(thread.is_wait_futile), daemon=is_daemon)
        asker.start()
        asker.join()
    assert seen == [False, True] and thread.is_wait_futile


def test_what_a_caller_waits_for_is_refused_at_the_end() -> None:
    """But a daemon thread may wait for nothing while the process exits."""
    thread = NetworkThread()
    thread.start()
    ran = threading.Event()
    assert thread.post_for_caller(ran.set) and ran.wait(10.0)
    assert thread.stop_at_exit(10.0) and not thread.post_for_caller(ran.set)
    seen: list[bool] = []
    asker = threading.Thread(target=lambda: seen.append(thread.post_for_caller(ran.set)), daemon=True)
    asker.start()
    asker.join()
    assert seen == [True] and not thread.post(ran.set)
