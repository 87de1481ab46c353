"""What every StreamSocket promises, over real loopback connections: TcpClientSocket and TlsClientSocket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_CLOSED,
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    OK,
)
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.sockets.factory import DefaultSocketFactory
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.sockets.tls_client import TlsClientSocket
from netstack_sync.sockets.tls_config import TlsConfig
from tests.cert.scripted_verifier import GOOD
from tests.support.connect_jobs import ScriptedSocketFactory
from tests.support.loops import RecordedCompletion
from tests.support.network import NetworkDriver, driven_network
from tests.support.peers import Peer, SecurePeer, endpoint_of, listener
from tests.support.tls import PEER, TlsWorld, server_context, trust


class Pair:
    """A connection of ours to a peer of the test; `is_secure` puts TLS on top."""

    def __init__(self, driver: NetworkDriver, stack: ExitStack, is_secure: bool) -> None:
        self.driver = driver
        self.is_secure = is_secure
        self._stack = stack
        self._world = TlsWorld(driver)
        self._world.verifier.answer = GOOD
        self.net_log = self._world.net_log
        self._factory = DefaultSocketFactory(driver.thread, ScriptedSocketFactory(self.net_log))
        self._listener = stack.enter_context(listener())
        self.endpoint = endpoint_of(self._listener)
        self.peer: Peer
        self.client = self._connect()

    def _connect(self) -> StreamSocket:
        source = self.net_log.next_source(NetLogSourceType.TRANSPORT_CONNECT_JOB)
        done = RecordedCompletion()
        transport = self._factory.create_transport_socket((self.endpoint,), self.net_log, source)
        result = transport.connect(done)
        accepted, _ = self._listener.accept()
        self._stack.callback(accepted.close)
        self.driver.run_until(lambda: result == OK or done.is_called)
        assert OK in (result, *done.results)
        if not self.is_secure:
            self.peer = Peer(accepted)
            self._stack.callback(transport.disconnect)
            return transport
        self.peer = SecurePeer(accepted, server_context())
        config = TlsConfig(trust())
        shaken = RecordedCompletion()
        client = TlsClientSocket(transport, PEER, config, self._world.services)
        assert client.connect(shaken) == ERR_IO_PENDING
        self._world.workers.run_next()
        self.until(lambda: shaken.is_called)
        assert shaken.result == OK
        self._stack.callback(client.disconnect)
        return client

    def until(self, condition: Callable[[], bool]) -> None:
        """Runs both ends until the condition holds."""

        def holds() -> bool:
            self.peer.pump()
            return condition()

        self.driver.run_until(holds)

    def readable(self) -> None:
        """Waits until the client is told that it may read."""
        events: list[int] = []
        self.client.notify_readable(lambda: events.append(1))
        self.until(lambda: bool(events))

    def read(self, max_bytes: int = 65536) -> bytes | int:
        """Tries first, waits second."""
        while (data := self.client.read(max_bytes)) == ERR_IO_PENDING:
            self.readable()
        return data

    def read_exactly(self, size: int, max_bytes: int = 65536) -> bytes:
        """Reads until there are so many bytes."""
        received = bytearray()
        while len(received) < size:
            data = self.read(max_bytes)
            assert isinstance(data, bytes) and 0 < len(data) <= max_bytes, data
            received += data
        return bytes(received)

    def write_all(self, data: bytes) -> None:
        """Tries first, waits second."""
        sent = 0
        while sent < len(data):
            taken = self.client.write(memoryview(data)[sent:])
            if taken == ERR_IO_PENDING:
                events: list[int] = []
                self.client.notify_writable(lambda events=events: events.append(1))  # type: ignore[misc]
                self.until(lambda events=events: bool(events))  # type: ignore[misc]
            else:
                assert taken > 0, taken
                sent += taken


@pytest.fixture(params=[False, True], ids=["tcp", "tls"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with driven_network() as driver, ExitStack() as stack:
        pair = Pair(driver, stack, request.param)
        yield pair
        pair.client.disconnect()
        pair.net_log.assert_spans_are_closed()


def test_connecting_again_while_connected_is_ok(pair: Pair) -> None:
    """At once, and nothing happens."""
    assert pair.client.connect(lambda _: pytest.fail("called back")) == OK


def test_nothing_to_read_yet(pair: Pair) -> None:
    """ERR_IO_PENDING, and no task without an event."""
    assert pair.client.read(100) == ERR_IO_PENDING
    pair.client.notify_readable(lambda: None)
    pair.client.cancel_notify()


def test_small_chunks(pair: Pair) -> None:
    """Row 110: Read_SmallChunks; one byte at a time."""
    pair.peer.send(b"hello world")
    assert pair.read_exactly(11, max_bytes=1) == b"hello world"


@pytest.mark.parametrize("size", [1, 100, 16_384, 1_000_000])
def test_there_and_back(pair: Pair, size: int) -> None:
    """Row 110: every byte, in order, however many."""
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    pair.write_all(data)
    pair.until(lambda: len(pair.peer.received) == size)
    assert bytes(pair.peer.received) == data
    pair.peer.send(data)
    assert pair.read_exactly(size) == data


@pytest.mark.parametrize("reads_first", [True, False])
def test_full_duplex(pair: Pair, reads_first: bool) -> None:
    """Row 110: FullDuplex_ReadFirst, _WriteFirst; waiting for one direction does not hold up the other."""
    events: list[str] = []
    pair.peer.is_reading = False
    data = b"x" * 65536
    taken = 0
    if reads_first:
        pair.client.notify_readable(lambda: events.append("read"))
    while (sent := pair.client.write(data)) != ERR_IO_PENDING:
        taken += sent
    pair.client.notify_writable(lambda: events.append("write"))
    if not reads_first:
        pair.client.notify_readable(lambda: events.append("read"))
    pair.peer.send(b"answer")
    pair.until(lambda: events == ["read"])
    assert pair.client.read(100) == b"answer"
    pair.peer.is_reading = True
    pair.until(lambda: "write" in events)
    pair.until(lambda: len(pair.peer.received) == taken)
    assert events == ["read", "write"]


def test_a_task_runs_once(pair: Pair) -> None:
    """Each wait is a new one, though more bytes come."""
    events: list[int] = []
    pair.client.notify_readable(lambda: events.append(1))
    pair.peer.send(b"one")
    pair.until(lambda: bool(events))
    pair.peer.send(b"two")
    assert pair.read_exactly(6) == b"onetwo"
    assert events == [1]


def test_a_later_task_replaces_an_earlier_one(pair: Pair) -> None:
    """One wait a direction (net/socket/stream_socket.h)."""
    pair.client.notify_readable(lambda: pytest.fail("replaced"))
    events: list[int] = []
    pair.client.notify_readable(lambda: events.append(1))
    pair.peer.send(b"x")
    pair.until(lambda: bool(events))


@pytest.mark.parametrize("how", ["cancel_notify", "disconnect"])
def test_a_wait_that_ends_before_its_event(pair: Pair, how: str) -> None:
    """Row 109, 110: DestroyWithPendingRead, CancelPendingReadIfReady, Read_Interrupted; the tasks never run."""
    pair.client.notify_readable(lambda: pytest.fail("cancelled"))
    pair.client.notify_writable(lambda: pytest.fail("cancelled"))
    if how == "disconnect":
        pair.client.disconnect()
    else:
        pair.client.cancel_notify()
        pair.peer.send(b"x")
    pair.driver.run_until_idle()


def test_a_task_may_disconnect(pair: Pair) -> None:
    """Row 110: from inside its own wake-up."""
    events: list[int] = []

    def hang_up() -> None:
        events.append(1)
        pair.client.disconnect()

    pair.client.notify_readable(hang_up)
    pair.peer.send(b"x")
    pair.until(lambda: bool(events) and pair.peer.is_at_end)
    assert not pair.client.is_connected()


def test_the_end_of_the_stream(pair: Pair) -> None:
    """Row 109: IsConnected; b"" again and again, after what was sent before."""
    pair.peer.send(b"bye")
    pair.peer.say_goodbye()
    pair.peer.shut_down_writing()
    assert pair.read_exactly(3) == b"bye"
    assert [pair.read(), pair.read()] == [b"", b""]
    assert not pair.client.is_connected() and not pair.client.is_connected_and_idle()


def test_the_end_without_a_goodbye(pair: Pair) -> None:
    """Row 109: with TLS anybody on the way could have made it, so it is told from the end."""
    pair.peer.send(b"bye")
    pair.peer.shut_down_writing()
    assert pair.read_exactly(3) == b"bye"
    end = ERR_CONNECTION_CLOSED if pair.is_secure else b""
    assert [pair.read(), pair.read()] == [end, end]
    assert not pair.client.is_connected() and not pair.client.is_connected_and_idle()


def test_unread_bytes_do_not_disconnect_but_are_not_idle(pair: Pair) -> None:
    """Row 39, 109: asking does not lose a byte."""
    assert pair.client.is_connected()
    pair.peer.send(b"unasked")
    pair.until(lambda: not pair.client.is_connected_and_idle())  # tickets may come first
    for _ in range(2):
        assert pair.client.is_connected() and not pair.client.is_connected_and_idle()
    assert pair.read_exactly(7) == b"unasked"
    assert pair.client.is_connected_and_idle()


def test_a_connection_that_breaks(pair: Pair) -> None:
    """Row 38: an error for who reads; not connected, not idle."""
    pair.peer.reset()
    events: list[int] = []
    pair.client.notify_readable(lambda: events.append(1))
    pair.driver.run_until(lambda: bool(events))
    result = pair.client.read(100)
    assert isinstance(result, int) and result < ERR_IO_PENDING
    assert not pair.client.is_connected() and not pair.client.is_connected_and_idle()


def test_writing_to_a_connection_that_broke(pair: Pair) -> None:
    """An error in the end, at the latest with the second piece; never an exception."""
    pair.peer.reset()
    results = [pair.client.write(b"x") for _ in range(3)]
    assert results[-1] < ERR_IO_PENDING


def test_was_ever_used(pair: Pair) -> None:
    """Row 105: not by connecting; by reading as by writing."""
    assert not pair.client.was_ever_used
    pair.peer.send(b"x")
    pair.read_exactly(1)
    assert pair.client.was_ever_used


def test_was_ever_used_by_writing(pair: Pair) -> None:
    """Row 105: one direction is enough."""
    pair.write_all(b"x")
    assert pair.client.was_ever_used


def test_addresses(pair: Pair) -> None:
    """Ours and the peer's; TLS has the transport's, and alone has an ssl_info."""
    assert pair.client.remote_address == pair.endpoint
    local = pair.client.local_address
    assert local is not None and local.address == "127.0.0.1" and local.port != pair.endpoint.port
    assert (pair.client.ssl_info is not None) == pair.is_secure


def test_disconnecting_twice(pair: Pair) -> None:
    """Idempotent; the peer sees one end, and nothing is read or written any more."""
    pair.client.disconnect()
    pair.client.disconnect()
    pair.until(lambda: pair.peer.is_at_end)
    assert not pair.client.is_connected() and not pair.client.is_connected_and_idle()
    for result in (pair.client.read(1), pair.client.write(b"x")):
        assert isinstance(result, int) and result < ERR_IO_PENDING
    assert pair.client.local_address is None


def test_nothing_stays_watched(pair: Pair) -> None:
    """Row 109: the pump forgets a socket that is closed while it waits."""
    pair.client.notify_readable(lambda: None)
    pair.client.notify_writable(lambda: None)
    assert len(pair.driver.thread.pump) == 1
    pair.client.disconnect()
    assert len(pair.driver.thread.pump) == 0 and len(pair.driver.thread.sockets) == 0


def test_an_aborted_connection_tells_who_waits(pair: Pair) -> None:
    """Later, not from inside; then reading and writing answer the reason, and the descriptor goes with the holder."""
    told: list[object] = []
    pair.client.notify_readable(lambda: told.append(pair.client.read(1)))
    pair.client.notify_writable(lambda: told.append([pair.client.write(b"x") for _ in range(2)][-1]))
    pair.client.abort(ERR_NETWORK_CHANGED)
    pair.client.abort(ERR_FAILED)
    assert told == []
    pair.driver.run_until_idle()
    assert told == [ERR_NETWORK_CHANGED] * 2
    assert not pair.client.is_connected() and not pair.client.is_connected_and_idle()
    assert len(pair.driver.thread.pump) == 0 and len(pair.driver.thread.sockets) == 1
    pair.client.disconnect()
    assert len(pair.driver.thread.sockets) == 0


@pytest.mark.parametrize("how", ["cancel_notify", "disconnect"])
def test_who_gave_up_after_an_abort_is_not_told(pair: Pair, how: str) -> None:
    """The tasks never run."""
    pair.client.notify_readable(lambda: pytest.fail("cancelled"))
    pair.client.abort(ERR_NETWORK_CHANGED)
    getattr(pair.client, how)()
    pair.driver.run_until_idle()


def test_the_round_trip_time(pair: Pair) -> None:
    """While there is a connection, where the system measures it."""
    rtt_s = pair.client.transport_rtt_s()
    assert rtt_s is None or 0 < rtt_s < 10
    pair.client.disconnect()
    assert pair.client.transport_rtt_s() is None


def test_who_asks_after_an_abort_is_told(pair: Pair) -> None:
    """Once, later: a reader who was busy elsewhere waits for the next bytes as ever."""
    pair.client.abort(ERR_NETWORK_CHANGED)
    told: list[object] = []
    pair.client.notify_readable(lambda: told.append(pair.client.read(1)))
    pair.client.notify_writable(lambda: told.append(pair.client.write(b"x")))
    assert told == []
    pair.driver.run_until_idle()
    assert told[0] == ERR_NETWORK_CHANGED and len(told) == 2


def test_the_first_to_be_told_may_end_it(pair: Pair) -> None:
    """Then the other one is not told any more."""
    pair.client.notify_readable(pair.client.disconnect)
    pair.client.notify_writable(lambda: pytest.fail("disconnected"))
    pair.client.abort(ERR_NETWORK_CHANGED)
    pair.driver.run_until_idle()
