"""Socket options of every TCP connection."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.sockets import options
from netstack_sync.sockets.options import KEEP_ALIVE_S, set_client_options


def test_no_blocking_no_delay_and_keep_alive() -> None:
    """Row 109: SetKeepAlive, SetNoDelay; Chromium's 45 seconds."""
    with socket.socket() as sock:
        set_client_options(sock)
        assert not sock.getblocking()
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
            if hasattr(socket, name):
                assert sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) == KEEP_ALIVE_S


def test_a_system_without_some_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left alone; the others are set."""
    for name in ("_IDLE_OPTION", "_INTERVAL_OPTION"):
        monkeypatch.setattr(options, name, None)
    with socket.socket() as sock:
        set_client_options(sock)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
