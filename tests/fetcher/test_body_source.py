"""Where a response gets its body from."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from netstack_sync import ConnectionReset, FetchCancelled, NetError
from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_CONNECTION_RESET, ERR_IO_PENDING, OK
from netstack_sync.fetcher.body_pipe import BodyPipe
from netstack_sync.fetcher.body_source import CollectedBody, PipedBody
from netstack_sync.loop.network_thread import NetworkThread


class _Stream:
    """A PipedBody and what happened to its fetch."""

    def __init__(self, thread: NetworkThread) -> None:
        self.cancelled = threading.Event()
        self.pipe = BodyPipe(thread, self.cancelled.clear)
        self.body = PipedBody(self.pipe, self._cancel, self._failure)

    def _cancel(self) -> None:
        self.cancelled.set()
        if self.pipe.result == ERR_IO_PENDING:
            self.pipe.finish(ERR_ABORTED)

    def _failure(self, net_error: int) -> NetError:
        return exception_for(net_error)


@pytest.fixture
def stream() -> Iterator[_Stream]:
    thread = NetworkThread("netstack-test")
    thread.start()
    yield _Stream(thread)
    assert thread.stop(10.0)


def test_a_collected_body_is_given_once_and_survives_close() -> None:
    """After `with fetch(...) as r:` the body can still be looked at, as with requests."""
    pieces = [b"a", b"b"]
    body = CollectedBody(pieces)
    assert body.read_piece() == b"a"
    body.close()
    assert (body.read_piece(), body.read_piece(), body.read_piece()) == (b"b", b"", b"")
    assert pieces == [b"a", b"b"]


def test_pieces_come_one_by_one_and_end(stream: _Stream) -> None:
    stream.pipe.write(b"a")
    stream.pipe.write(b"b")
    assert (stream.body.read_piece(), stream.body.read_piece()) == (b"a", b"b")
    stream.pipe.finish(OK)
    assert (stream.body.read_piece(), stream.body.read_piece()) == (b"", b"")
    stream.body.close()
    assert stream.body.read_piece() == b""
    assert not stream.cancelled.is_set()  # there was nothing to end


def test_what_came_before_an_error_can_be_read(stream: _Stream) -> None:
    stream.pipe.write(b"a")
    stream.pipe.finish(ERR_CONNECTION_RESET)
    assert stream.body.read_piece() == b"a"
    for _ in range(2):
        with pytest.raises(ConnectionReset):
            stream.body.read_piece()


@pytest.mark.parametrize("is_over", [True, False])
def test_reading_on_after_close_is_an_error(is_over: bool, stream: _Stream) -> None:
    """Not the end: half a body must not look like a whole one. Only a fetch that is under way is cancelled."""
    stream.pipe.write(b"a")
    stream.pipe.write(b"b")
    if is_over:
        stream.pipe.finish(OK)
    assert stream.body.read_piece() == b"a"
    stream.body.close()
    assert stream.cancelled.is_set() is not is_over
    with pytest.raises(FetchCancelled):
        stream.body.read_piece()


def test_closing_wakes_a_reader(stream: _Stream) -> None:
    """Peer: urllib3#2868, close() hangs while another thread reads."""
    outcome: list[BaseException | bytes] = []

    def read() -> None:
        try:
            outcome.append(stream.body.read_piece())
        except NetError as error:
            outcome.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    stream.body.close()
    reader.join(10.0)
    assert [type(result) for result in outcome] == [FetchCancelled]


def test_an_interrupted_wait_ends_the_fetch(stream: _Stream) -> None:
    """Ctrl-C arrives as an exception out of the wait."""

    class InterruptedPipe(BodyPipe):
        def read(self) -> list[bytes]:
            raise KeyboardInterrupt

    thread = NetworkThread("netstack-never-started")
    body = PipedBody(InterruptedPipe(thread, stream.cancelled.clear), stream.cancelled.set, exception_for)
    with pytest.raises(KeyboardInterrupt):
        body.read_piece()
    assert stream.cancelled.is_set()
    thread._loop.close()
