"""A plain server for each test, and a client that speaks bytes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from netstack_sync.testing.embedded_server import EmbeddedServer

Dial = Callable[[], socket.socket]


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A running server without TLS."""
    with EmbeddedServer() as running:
        yield running


@pytest.fixture
def dial(server: EmbeddedServer) -> Iterator[Dial]:
    """Opens connections to it, which are closed at the end."""
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=20))
        return opened[-1]

    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def read_all() -> Callable[[socket.socket], bytes]:
    """Reads until the peer's end of the stream."""

    def read(client: socket.socket) -> bytes:
        pieces = []
        while piece := client.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)

    return read
