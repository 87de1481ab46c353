"""The pipe between the network thread and a reader: bounded, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, OK
from netstack_sync.fetcher.body_pipe import HIGH_WATER_BYTES, BodyPipe
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.loop.network_thread import NetworkThread


@pytest.fixture
def thread() -> Iterator[NetworkThread]:
    thread = NetworkThread("netstack-test")
    thread.start()
    yield thread
    assert thread.stop(10.0)


def _pipe(thread: NetworkThread) -> tuple[BodyPipe, threading.Event]:
    drained = threading.Event()
    return BodyPipe(thread, drained.set), drained


def test_what_is_there_is_taken_at_once(thread: NetworkThread) -> None:
    pipe, drained = _pipe(thread)
    assert pipe.write(b"a") and pipe.write(b"b")
    assert pipe.read() == [b"a", b"b"]
    pipe.write(b"c")
    pipe.finish(OK)
    assert (pipe.read(), pipe.read(), pipe.result) == ([b"c"], [], OK)
    assert not drained.is_set()


def test_a_full_pipe_asks_the_writer_to_pause(thread: NetworkThread) -> None:
    """And tells it, on the network thread, when there is room."""
    on_thread: list[bool] = []
    drained = threading.Event()

    def on_drained() -> None:
        on_thread.append(thread.is_current)
        drained.set()

    pipe = BodyPipe(thread, on_drained)
    assert pipe.write(b"x" * (HIGH_WATER_BYTES - 1))
    assert not pipe.write(b"x")
    assert not drained.is_set()
    assert sum(map(len, pipe.read())) == HIGH_WATER_BYTES
    assert drained.wait(10.0)
    assert on_thread == [True]
    assert pipe.write(b"more")
    assert pipe.read() == [b"more"]
    assert on_thread == [True]


def test_a_reader_waits_for_a_piece_and_for_the_end(thread: NetworkThread) -> None:
    pipe, _ = _pipe(thread)

    def write_late() -> None:
        pipe.write(b"late")

    def finish_late() -> None:
        pipe.finish(ERR_CONNECTION_RESET)

    thread.post(write_late)
    assert pipe.read() == [b"late"]
    thread.post(finish_late)
    assert pipe.result in (ERR_IO_PENDING, ERR_CONNECTION_RESET)
    assert pipe.read() == []
    assert pipe.result == ERR_CONNECTION_RESET


def test_a_discarded_pipe_keeps_nothing(thread: NetworkThread) -> None:
    pipe, _ = _pipe(thread)
    pipe.write(b"a")
    pipe.discard()
    pipe.finish(OK)
    assert pipe.read() == []


@pytest.mark.parametrize("result", [ERR_IO_PENDING, OK])
def test_a_forked_child_reads_what_is_there_without_the_lock(result: int) -> None:
    """Which the network thread, that does not exist there, may have held at the moment of the fork."""
    parents = NetworkThread("netstack-never-started")
    pipe, _ = _pipe(parents)
    pipe.write(b"a")
    if result == OK:
        pipe.finish(OK)
    holder = threading.Thread(target=pipe._lock.acquire)
    holder.start()
    holder.join()
    parents.abandon_after_fork()
    assert pipe.read() == [b"a"]
    assert (pipe.read(), pipe.result) == ([], OK if result == OK else ERR_CONTEXT_SHUT_DOWN)
    assert pipe.read() == []
    pipe.discard()


def test_the_network_thread_does_not_wait_for_itself(thread: NetworkThread) -> None:
    """It may read what is there, no more."""
    pipe, _ = _pipe(thread)
    pipe.write(b"a")
    assert call_on_network_thread(thread, pipe.read) == [b"a"]
    with pytest.raises(RuntimeError, match="network thread would wait for itself"):
        call_on_network_thread(thread, pipe.read)
    pipe.write(b"b")
    assert pipe.read() == [b"b"]


def test_nobody_waits_for_a_thread_that_is_gone(thread: NetworkThread) -> None:
    pipe, _ = _pipe(thread)
    assert thread.stop(10.0)
    assert (pipe.read(), pipe.result) == ([], ERR_CONTEXT_SHUT_DOWN)
