"""TcpClientSocket: one address after the other. What it shares with other streams is in the conformance suite."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_INVALID,
    ERR_CONNECTION_REFUSED,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_INVALID_ARGUMENT,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_SOCKET_NOT_CONNECTED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions
from netstack_sync.sockets.tcp_client import TcpClientSocket, no_limit
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network
from tests.support.peers import closed_endpoint, endpoint_of, listener

NOT_AN_ADDRESS = IPEndPoint("127.0.0.1", 70000, socket.AF_INET)


class Client:
    """A socket, and how its connect() ended."""

    def __init__(
        self,
        driver: NetworkDriver,
        net_log: RecordingNetLog,
        addresses: AddressList,
        options: TcpOptions = DEFAULT_TCP_OPTIONS,
        limit: Callable[[], float | None] = no_limit,
    ) -> None:
        self.driver = driver
        self.socket = TcpClientSocket(driver.thread, addresses, net_log, options=options, attempt_limit=limit)

    def connect(self) -> int:
        """The result, however it comes."""
        done = RecordedCompletion()
        result = self.socket.connect(done)
        if result == ERR_IO_PENDING:
            self.driver.run_until(lambda: done.is_called)
            return done.result
        assert not done.is_called
        return result

    def start(self) -> RecordedCompletion:
        """Connects; it is not decided yet."""
        done = RecordedCompletion()
        assert self.socket.connect(done) == ERR_IO_PENDING
        return done

    @property
    def results(self) -> list[int]:
        """Of its attempts."""
        return [attempt.result for attempt in self.socket.connection_attempts]


class Bench:
    """Makes clients and closes them."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.clients: list[Client] = []

    def client(
        self,
        *addresses: IPEndPoint,
        options: TcpOptions = DEFAULT_TCP_OPTIONS,
        limit: Callable[[], float | None] = no_limit,
    ) -> Client:
        """A client for these addresses."""
        self.clients.append(Client(self.driver, self.net_log, addresses, options, limit))
        return self.clients[-1]


@contextmanager
def silent_endpoint() -> Iterator[IPEndPoint]:
    """Where nothing answers, as behind a firewall: the backlog is full, so the system drops who comes."""
    with ExitStack() as stack:
        server = stack.enter_context(listener())
        server.listen(0)
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield endpoint_of(server)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with driven_network() as driver:
        bench = Bench(driver)
        yield bench
        for client in bench.clients:
            client.socket.disconnect()
        bench.net_log.assert_spans_are_closed()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_both_families(bench: Bench, host: str) -> None:
    """Row 104: IPv4 and IPv6 loopback."""
    if ":" in host and not _has_ipv6():
        pytest.skip("no IPv6 here")
    with listener(host) as server:
        client = bench.client(endpoint_of(server))
        assert client.connect() == OK and client.socket.is_connected()
        assert client.socket.remote_address == endpoint_of(server)


def test_what_a_connected_socket_says(bench: Bench) -> None:
    """Its own address is there, TLS is not; connecting again is OK at once and counts as no attempt."""
    with listener() as server:
        client = bench.client(endpoint_of(server))
        assert client.connect() == OK
        local = client.socket.local_address
        assert local is not None and local.is_loopback and client.socket.ssl_info is None
        assert client.connect() == OK and client.results == [OK]


def test_the_next_address_when_one_refuses(bench: Bench) -> None:
    """Row 103: in order; the log tells every attempt."""
    with listener() as server:
        refused = closed_endpoint()
        client = bench.client(refused, NOT_AN_ADDRESS, endpoint_of(server))
        assert client.connect() == OK
        assert client.socket.remote_address == endpoint_of(server)
        assert client.socket.connection_attempts == [
            (refused, ERR_CONNECTION_REFUSED),
            (NOT_AN_ADDRESS, ERR_INVALID_ARGUMENT),
            (endpoint_of(server), OK),
        ]
        ends = bench.net_log.params_of(NetLogEventType.TCP_CONNECT_ATTEMPT, NetLogEventPhase.END)
        assert len(ends) == 3 and ends[0]["os_error"] and ends[1]["os_error"] and ends[2] == {}
        begun = bench.net_log.params_of(NetLogEventType.TCP_CONNECT, NetLogEventPhase.BEGIN)
        assert begun == [{"address_list": [str(refused), str(NOT_AN_ADDRESS), str(endpoint_of(server))]}]


@pytest.mark.parametrize(
    "order, error",
    [((True, False), ERR_INVALID_ARGUMENT), ((False, True), ERR_CONNECTION_REFUSED)],
)
def test_the_last_error_is_the_answer(bench: Bench, order: tuple[bool, bool], error: int) -> None:
    """Row 103: AllFailed; whether the last attempt fails at once or later."""
    addresses = [closed_endpoint() if refused else NOT_AN_ADDRESS for refused in order]
    client = bench.client(*addresses)
    assert client.connect() == error
    assert not client.socket.is_connected()
    assert client.socket.read(1) == client.socket.write(b"x") == ERR_SOCKET_NOT_CONNECTED


def test_no_address(bench: Bench) -> None:
    """Row 103: NoUsableRoutes."""
    assert bench.client().connect() == ERR_NAME_NOT_RESOLVED


def test_an_address_of_no_interface(bench: Bench) -> None:
    """The system's refusal is mapped; no exception."""
    result = bench.client(IPEndPoint("255.255.255.255", 80, socket.AF_INET)).connect()
    assert result < ERR_IO_PENDING and result != ERR_ADDRESS_INVALID


def test_disconnect_while_connecting(bench: Bench) -> None:
    """Row 109, 110: no callback comes; the descriptor is closed."""
    with listener() as server:
        client = bench.client(endpoint_of(server))
        assert client.socket.connect(lambda _: pytest.fail("disconnected")) == ERR_IO_PENDING
        client.socket.disconnect()
        client.driver.run_until_idle()
        assert len(client.driver.thread.sockets) == 0 and len(client.driver.thread.pump) == 0
        assert client.results == [], "it was not decided"


def test_connect_again_after_disconnect(bench: Bench) -> None:
    """Row 105: a fresh connection that was never used, from the first address on."""
    with listener() as server:
        client = bench.client(closed_endpoint(), endpoint_of(server))
        assert client.connect() == OK
        assert client.socket.write(b"x") == 1 and client.socket.was_ever_used
        client.socket.disconnect()
        assert client.connect() == OK
        assert not client.socket.was_ever_used and client.socket.is_connected_and_idle()


def test_connect_again_after_a_failure(bench: Bench) -> None:
    """Row 103: it is an ordinary attempt."""
    client = bench.client(closed_endpoint())
    assert client.connect() == ERR_CONNECTION_REFUSED
    first = client.socket.connection_attempts
    assert client.connect() == ERR_CONNECTION_REFUSED
    assert client.socket.connection_attempts == first and client.socket.connection_attempts is not first


def test_nothing_is_logged_while_nobody_captures(bench: Bench) -> None:
    """Off costs nothing."""
    bench.net_log.remove_observer(bench.net_log)
    with listener() as server:
        client = bench.client(closed_endpoint(), endpoint_of(server))
        assert client.connect() == OK
        accepted, _ = server.accept()
        with accepted:
            accepted.sendall(b"y")
            client.socket.write(b"x")
            bench.driver.run_until(lambda: not client.socket.is_connected_and_idle())
            assert client.socket.read(10) == b"y"
        client.socket.disconnect()
    assert bench.net_log.entries == []


def test_no_limit_by_default(bench: Bench) -> None:
    """Row 107: NoConnectAttemptTimeoutByDefault; the system decides."""
    with silent_endpoint() as silent:
        client = bench.client(silent)
        done = client.start()
        assert len(bench.driver.thread.timers) == 0
        bench.driver.advance(3600.0)
        assert not done.is_called


def test_an_attempt_that_takes_too_long(bench: Bench) -> None:
    """Row 107: TIMED_OUT for this address, at its limit and not before; nothing is left of it."""
    with silent_endpoint() as silent:
        client = bench.client(silent, limit=lambda: 8.0)
        done = client.start()
        bench.driver.advance(7.9)
        assert not done.is_called
        bench.driver.advance(0.2)
        assert done.result == ERR_TIMED_OUT
        assert client.socket.connection_attempts == [(silent, ERR_TIMED_OUT)]
        assert len(bench.driver.thread.sockets) == 0 and len(bench.driver.thread.pump) == 0
        ends = bench.net_log.params_of(NetLogEventType.TCP_CONNECT_ATTEMPT, NetLogEventPhase.END)
        assert ends == [{"net_error": ERR_TIMED_OUT}]


def test_every_address_gets_its_own_time(bench: Bench) -> None:
    """Row 107: ConnectAttemptTimeoutIndependent; the limit is asked for at the start of each attempt."""
    limits = [8.0, 3.0, 5.0]
    with silent_endpoint() as silent, listener() as server:
        client = bench.client(silent, silent, endpoint_of(server), limit=lambda: limits.pop(0))
        done = client.start()
        bench.driver.advance(8.1)
        assert client.results == [ERR_TIMED_OUT] and limits == [5.0]
        bench.driver.advance(2.8)
        assert client.results == [ERR_TIMED_OUT], "the second one began when the first one ended"
        bench.driver.advance(0.3)
        bench.driver.run_until(lambda: done.is_called)
        assert done.result == OK and client.results == [ERR_TIMED_OUT, ERR_TIMED_OUT, OK]
        assert len(bench.driver.thread.timers) == 0, "the connection may take as long as it likes"


def test_the_timer_is_first(bench: Bench) -> None:
    """The connection stands by the time the timer is due, but nobody was told: the attempt ends once, too late."""
    with listener() as server:
        client = bench.client(endpoint_of(server), limit=lambda: 8.0)
        done = client.start()
        bench.driver.advance(8.1)
        assert done.result == ERR_TIMED_OUT and not client.socket.is_connected()


def test_the_connection_is_first(bench: Bench) -> None:
    """The timer is due by the time it is told of the connection: the attempt ends once, well."""
    with listener() as server:
        client = bench.client(endpoint_of(server), limit=lambda: 8.0)
        done = client.start()
        bench.driver.clock.advance(8.1)
        assert bench.driver.thread.pump.poll(0.0) == 1
        bench.driver.run_until_idle()
        assert done.result == OK and client.socket.is_connected()


def test_disconnect_ends_the_timer(bench: Bench) -> None:
    """Row 109: no callback comes from it either."""
    with silent_endpoint() as silent:
        client = bench.client(silent, limit=lambda: 8.0)
        assert client.socket.connect(lambda _: pytest.fail("disconnected")) == ERR_IO_PENDING
        client.socket.disconnect()
        assert len(bench.driver.thread.timers) == 0
        bench.driver.advance(10.0)


def test_no_descriptor_left(bench: Bench) -> None:
    """Every other address would fail alike: it ends with the first, and does not go through a thousand."""
    client = bench.client(*[IPEndPoint("127.0.0.1", 1, socket.AF_INET)] * 3)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))  # whatever numbers are free below those in use
    try:
        result = client.connect()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert result == ERR_INSUFFICIENT_RESOURCES and client.results == [ERR_INSUFFICIENT_RESOURCES]


def test_no_descriptor_left_in_the_whole_system(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENFILE is the same."""

    def refuse(*_: object) -> socket.socket:
        raise OSError(errno.ENFILE, "file table overflow")

    client = bench.client(*[IPEndPoint("127.0.0.1", 1, socket.AF_INET)] * 3)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", refuse)
        assert client.connect() == ERR_INSUFFICIENT_RESOURCES
    assert len(client.results) == 1


@pytest.mark.parametrize("is_deferred", [False, True])
def test_a_name_with_a_thousand_addresses(bench: Bench, is_deferred: bool) -> None:
    """They are tried one after the other, not one inside the other; of the attempts only the last are kept."""
    with silent_endpoint() as silent, listener() as server:
        bad = silent if is_deferred else closed_endpoint()
        limits = [0.0] * 999 + [60.0]
        client = bench.client(*[bad] * 999, endpoint_of(server), limit=lambda: limits.pop(0))
        assert client.connect() == OK and limits == []
        attempts = client.socket.connection_attempts
        assert len(attempts) == 64 and attempts[-1] == (endpoint_of(server), OK)
        assert {attempt.endpoint for attempt in attempts[:-1]} == {bad}


def test_an_address_of_ours(bench: Bench) -> None:
    """Row 104: BindLoopbackToLoopback; the peer sees it."""
    with listener() as server:
        client = bench.client(endpoint_of(server), options=TcpOptions(local_address="127.0.0.3"))
        assert client.connect() == OK
        accepted, (address, _) = server.accept()
        accepted.close()
        assert address == "127.0.0.3"


def test_a_loopback_address_of_ours_reaches_nobody_elsewhere(bench: Bench) -> None:
    """Row 104: BindLoopbackToExternal; the system refuses, and no packet leaves."""
    external = IPEndPoint("192.0.2.1", 80, socket.AF_INET)
    client = bench.client(external, options=TcpOptions(local_address="127.0.0.1"))
    assert client.connect() < ERR_IO_PENDING


def test_an_address_of_ours_of_the_other_family(bench: Bench) -> None:
    """Row 104: BindLoopbackToIPv6; those of the same family are tried, and say why it failed."""
    options = TcpOptions(local_address="127.0.0.1")
    with_v6 = bench.client(closed_endpoint(), IPEndPoint("::1", 1, socket.AF_INET6), options=options)
    assert with_v6.connect() == ERR_CONNECTION_REFUSED and len(with_v6.results) == 1
    only_v6 = bench.client(IPEndPoint("::1", 1, socket.AF_INET6), options=options)
    assert only_v6.connect() == ERR_ADDRESS_INVALID and only_v6.results == [ERR_ADDRESS_INVALID]


def _has_ipv6() -> bool:
    try:
        with listener("::1"):
            return True
    except OSError:
        return False
