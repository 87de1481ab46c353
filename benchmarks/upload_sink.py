"""A server that reads request bodies to their end as cheaply as Python can, and only then answers "ok".

nginx answers before it has read, or writes the body to a disk first; neither is what an upload is to be measured with.
"""

from __future__ import annotations

import re
import socket
import sys
import threading

ANSWER = b"ok"
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + ANSWER
_LAST_CHUNK = b"0\r\n\r\n"  # the bodies are made so that it stands nowhere else
_length = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE).search


def serve(connection: socket.socket) -> None:
    """One request after another."""
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while _read_request(connection, buffer, view):
            connection.sendall(_REPLY)


def _read_request(connection: socket.socket, buffer: bytearray, view: memoryview) -> bool:
    size = 0
    while (end := buffer.find(b"\r\n\r\n", 0, size)) < 0:
        count = connection.recv_into(view[size:])
        if not count:
            return False
        size += count
    length = _length(buffer, 0, end)
    if length is None:
        if b"chunked" in buffer[:end].lower():
            _read_chunks(connection, view, bytes(buffer[max(end + 4, size - 5) : size]))
        return True
    missing = int(length[1]) - (size - end - 4)
    while missing > 0 and (count := connection.recv_into(view)):
        missing -= count
    return missing <= 0


def _read_chunks(connection: socket.socket, view: memoryview, tail: bytes) -> None:
    while tail != _LAST_CHUNK:
        count = connection.recv_into(view)
        if not count:
            return
        tail = (tail + bytes(view[max(0, count - 5) : count]))[-5:]


def main() -> None:
    """Argument: the port."""
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
