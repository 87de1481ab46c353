"""TcpOptions: what is refused, and that the system gets what was asked for."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from netstack_sync.sockets import options
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions, bind_local_address, set_client_options

REUSE = (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        yield sock


def option_of(sock: socket.socket, name: str) -> int:
    """A TCP option as the system has it."""
    return sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))


def test_no_blocking_no_delay_and_keep_alive(sock: socket.socket) -> None:
    """Row 109: SetKeepAlive, SetNoDelay; Chromium's 45 seconds are the default."""
    set_client_options(sock, DEFAULT_TCP_OPTIONS)
    assert not sock.getblocking()
    assert option_of(sock, "TCP_NODELAY")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(socket, name):
            assert option_of(sock, name) == 45


def test_without_keep_alive_and_with_delay(sock: socket.socket) -> None:
    """Row 109: SetKeepAlive, SetNoDelay; each can be turned off."""
    set_client_options(sock, TcpOptions(keep_alive_s=None, no_delay=False))
    assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) and not option_of(sock, "TCP_NODELAY")


def test_buffer_sizes(sock: socket.socket) -> None:
    """At least what was asked for; Linux doubles it for its own needs."""
    set_client_options(sock, TcpOptions(send_buffer_size=20_000, receive_buffer_size=30_000))
    assert 20_000 <= sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 40_000
    assert 30_000 <= sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 60_000


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT is Linux's")
@pytest.mark.parametrize("seconds, milliseconds", [(2.5, 2500), (0.0001, 1)])
def test_user_timeout(sock: socket.socket, seconds: float, milliseconds: int) -> None:
    """In the system's milliseconds; never its 0, which means the system's own default."""
    set_client_options(sock, TcpOptions(user_timeout_s=seconds))
    assert option_of(sock, "TCP_USER_TIMEOUT") == milliseconds


def test_more_options_are_set_last(sock: socket.socket) -> None:
    """So they win over ours; a value may be bytes."""
    more = (REUSE, (socket.IPPROTO_TCP, socket.TCP_NODELAY, b"\0\0\0\0"))
    set_client_options(sock, TcpOptions(socket_options=more))
    assert sock.getsockopt(*REUSE[:2]) and not option_of(sock, "TCP_NODELAY")


def test_an_option_that_the_system_refuses(sock: socket.socket) -> None:
    """An OSError, which fails the connect."""
    with pytest.raises(OSError):
        set_client_options(sock, TcpOptions(socket_options=((socket.SOL_SOCKET, 9999, 1),)))


def test_a_system_without_some_option(sock: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left alone; the others are set. One that was asked for is refused when the options are made."""
    for name in ("_IDLE_OPTION", "_INTERVAL_OPTION", "_USER_TIMEOUT", "_BIND_ADDRESS_NO_PORT"):
        monkeypatch.setattr(options, name, None)
    set_client_options(sock, DEFAULT_TCP_OPTIONS)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    bind_local_address(sock, "127.0.0.1")
    assert sock.getsockname()[1], "bound, with a port of its own"
    with pytest.raises(ValueError, match="user_timeout_s: this system has no TCP_USER_TIMEOUT"):
        TcpOptions(user_timeout_s=1)


def test_a_local_address(sock: socket.socket) -> None:
    """Where the system can wait with it, the port is chosen when the peer is known; without one nothing is chosen."""
    bind_local_address(sock, None)
    assert sock.getsockname() == ("0.0.0.0", 0)
    bind_local_address(sock, "127.0.0.1")
    address, port = sock.getsockname()
    assert address == "127.0.0.1"
    if sys.platform == "linux":
        assert port == 0


@pytest.mark.parametrize("address, family", [(None, None), ("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_local_family(address: str | None, family: int | None) -> None:
    """Row 104: the family of the addresses that can be reached from there."""
    assert TcpOptions(local_address=address).local_family == family


@pytest.mark.parametrize("name", ["keep_alive_s", "send_buffer_size", "receive_buffer_size"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "45", 1 << 31])
def test_numbers_that_are_refused(name: str, value: object) -> None:
    """Named, with the value and what is right."""
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"tcp: {name} must be None or a whole number from 1 to"):
        TcpOptions(**arguments)


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT is Linux's")
@pytest.mark.parametrize("value", [0, -1.0, True, "1", float("nan"), 1e9])
def test_user_timeouts_that_are_refused(value: Any) -> None:
    """Not positive, no number, or beyond what a C int of milliseconds holds."""
    with pytest.raises(ValueError, match="tcp: user_timeout_s must be None or a number of seconds"):
        TcpOptions(user_timeout_s=value)


@pytest.mark.parametrize("value", ["localhost", "", "127.0.0.1:80", "[::1]", "fe80::1%1", b"127.0.0.1"])
def test_local_addresses_that_are_refused(value: Any) -> None:
    """Names are not looked up here."""
    with pytest.raises(ValueError, match="tcp: local_address must be an IP address"):
        TcpOptions(local_address=value)


@pytest.mark.parametrize("value", [[REUSE], None, (REUSE[:2],), ((1, 2, "x"),), (("1", 2, 3),), ((1, None, 3),), (1,)])
def test_socket_options_that_are_refused(value: Any) -> None:
    """It must be hashable, and made of what setsockopt() takes."""
    with pytest.raises(ValueError, match="tcp: socket_options"):
        TcpOptions(socket_options=value)


def test_equal_options_are_one_key() -> None:
    """As part of the key of whatever is kept by configuration."""
    assert len({TcpOptions(), TcpOptions(keep_alive_s=45), DEFAULT_TCP_OPTIONS}) == 1
