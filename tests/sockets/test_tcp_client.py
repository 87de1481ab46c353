"""TcpClientSocket: one address after the other. What it shares with other streams is in the conformance suite."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_INVALID,
    ERR_CONNECTION_REFUSED,
    ERR_INVALID_ARGUMENT,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_SOCKET_NOT_CONNECTED,
    OK,
)
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.sockets.tcp_client import TcpClientSocket
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network
from tests.support.peers import closed_endpoint, endpoint_of, listener

NOT_AN_ADDRESS = IPEndPoint("127.0.0.1", 70000, socket.AF_INET)


class Client:
    """A socket, and how its connect() ended."""

    def __init__(self, driver: NetworkDriver, net_log: RecordingNetLog, addresses: AddressList) -> None:
        self.driver = driver
        self.socket = TcpClientSocket(driver.thread, addresses, net_log)

    def connect(self) -> int:
        """The result, however it comes."""
        done = RecordedCompletion()
        result = self.socket.connect(done)
        if result == ERR_IO_PENDING:
            self.driver.run_until(lambda: done.is_called)
            return done.result
        assert not done.is_called
        return result


class Bench:
    """Makes clients and closes them."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.clients: list[Client] = []

    def client(self, *addresses: IPEndPoint) -> Client:
        """A client for these addresses."""
        self.clients.append(Client(self.driver, self.net_log, addresses))
        return self.clients[-1]


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


def test_the_next_address_when_one_refuses(bench: Bench) -> None:
    """Row 103: in order; the log tells every attempt."""
    with listener() as server:
        refused = closed_endpoint()
        client = bench.client(refused, NOT_AN_ADDRESS, endpoint_of(server))
        assert client.connect() == OK
        assert client.socket.remote_address == endpoint_of(server)
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
    assert [client.connect(), client.connect()] == [ERR_CONNECTION_REFUSED] * 2


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


def _has_ipv6() -> bool:
    try:
        with listener("::1"):
            return True
    except OSError:
        return False
