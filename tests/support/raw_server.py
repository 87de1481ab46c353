"""A server for one connection after another whose every move a test decides, on plain sockets and one thread."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

Play = Callable[[socket.socket], None]
"""What is done with one accepted connection, which is closed afterwards."""

_LIMIT_S = 20.0  # only a hang gets here
OK_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def read_request(connection: socket.socket) -> bytes:
    """Head and body (with Content-Length) of the next request; what there is when the client closes first."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"content-length: ")
    wanted = int(length.split(b"\r\n")[0]) if length else 0
    while len(body) < wanted:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def wait_for_bytes(connection: socket.socket) -> None:
    """Returns when the client has sent something, which stays unread: closing now sends RST."""
    assert select.select([connection], [], [], _LIMIT_S)[0], "the client sends nothing"


def wait_for_close(connection: socket.socket) -> None:
    """Returns when the client has gone without another byte; with RST when it has left some of ours unread."""
    with suppress(ConnectionResetError):
        assert connection.recv(1) == b"", "the client sends more"


def reset(connection: socket.socket) -> None:
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def raw_server(plays: Sequence[Play]) -> Iterator[int]:
    """Listens on the port it gives; each connection gets the next of `plays`, and every one must be played."""
    errors: list[BaseException] = []

    def serve() -> None:
        try:
            for play in plays:
                connection, _ = listener.accept()
                connection.settimeout(_LIMIT_S)
                with connection:
                    play(connection)
        except BaseException as error:
            errors.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_LIMIT_S)
        thread = threading.Thread(target=serve, name="raw-server")
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(_LIMIT_S * 2)
    assert not errors, errors
