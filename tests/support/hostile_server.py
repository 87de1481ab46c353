"""A server whose answers are faults, drawn by chance from a seed: each request gets another one."""

from __future__ import annotations

import random
import socket
import struct
import threading
from types import TracebackType

_LIMIT_S = 20.0  # of one read; whoever keeps a connection so long has forgotten it


def _answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status} X", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


_HELLO = _answer(200, 'ETag: "a"', body=b"hello")
_CHUNKED = b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
_CHALLENGE = 'WWW-Authenticate: Digest realm="x", nonce="n", qop="auth,auth-int"'
_STALE = 'WWW-Authenticate: Digest realm="x", nonce="m", qop=auth, stale=true'

ANSWERS = (
    _HELLO,
    _CHUNKED % 200,
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 204 No\r\n\r\n",
    _answer(200, body=b"z" * 300_000),
    _answer(401, 'WWW-Authenticate: Basic realm="x"', "Set-Cookie: s=1", body=b"who?"),
    _answer(401, _CHALLENGE),
    _answer(401, _STALE, body=b"y" * 30_000),
    _answer(401, 'WWW-Authenticate: ,,"\x01='),
    _answer(407, "Proxy-Authenticate: Basic realm=x"),
    _answer(408),
    _answer(408, "Connection: close"),
    _answer(417),
    _answer(421),
    _answer(425),
    _answer(429, "Retry-After: 0"),
    _answer(429, "Retry-After: 99999999999999999999"),
    _CHUNKED % 503,
    _answer(302, "Location: /after", "Set-Cookie: r=1; Path=/", body=b"abc"),
    _answer(307, "Location: /after"),
    _answer(303, "Location: http://[::bad/"),
    _answer(302, "Location: app:/x"),
    _answer(302, "Location: file:///etc/passwd"),
    b"HTTP/1.1 100 C\r\n\r\n" * 20 + _HELLO,
    b"HTTP/1.1 103 E\r\nLink: </x>\r\n\r\n" * 50,
    b"HTTP/1.1 103 E\r\n\r\n" + _answer(401, 'WWW-Authenticate: Basic realm="x"'),
    b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n",
    b"\0\1garbage\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    _HELLO + b"and more",
    _answer(200, "Content-Encoding: gzip", body=b"hello"),
    _answer(416, "Content-Range: bytes */5"),
)


class HostileServer:
    """Listens from the beginning to the end of a `with` statement. A third of the answers are kind."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}{path}"

    def __enter__(self) -> HostileServer:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        with self._lock:
            for connection in self._connections:
                connection.shutdown(socket.SHUT_RD)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            with self._lock:
                self._connections.add(connection)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(_LIMIT_S)
            rest: bytes | None = b""
            while rest is not None:
                rest = self._serve_one(connection, rest)
        except OSError:
            pass  # the other end had enough
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _serve_one(self, connection: socket.socket, rest: bytes) -> bytes | None:
        """What came behind the request; None once the connection is to be closed."""
        with self._lock:
            chance = random.Random(self._random.random())
        head, rest = _read_until(connection, rest, b"\r\n\r\n")
        is_early = chance.random() < 0.15
        if not is_early:
            rest = _read_body(connection, head.lower(), rest)
        fault = chance.random()
        if fault < 0.1:
            _maybe_reset(connection, fault < 0.05)
            return None
        data = _HELLO if chance.random() < 0.33 else chance.choice(ANSWERS)
        if head.startswith(b"HEAD "):
            data = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        is_cut = chance.random() < 0.15
        if is_cut:
            data = data[: chance.randrange(len(data))]
        split = chance.randrange(len(data) + 1)
        connection.sendall(data[:split])
        connection.sendall(data[split:])
        if is_early or is_cut or b"until the end" in data:
            _maybe_reset(connection, chance.random() < 0.3)
            return None
        return rest


def _read_until(connection: socket.socket, data: bytes, end: bytes) -> tuple[bytes, bytes]:
    while end not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("gone")
        data += piece
    found, _, rest = data.partition(end)
    return found, rest


def _read_body(connection: socket.socket, head: bytes, rest: bytes) -> bytes:
    if b"expect: 100-continue" in head:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if b"transfer-encoding: chunked" in head:
        return _read_until(connection, b"\r\n" + rest, b"\r\n0\r\n\r\n")[1]
    if b"content-length: " not in head:
        return rest
    count = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(rest) < count:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("gone")
        rest += piece
    return rest[count:]


def _maybe_reset(connection: socket.socket, resets: bool) -> None:
    if resets:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
