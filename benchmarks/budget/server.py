"""A server that answers the same bytes in the same pieces every time; a process of its own, which is not counted.

It sends nothing before its client sleeps, so that the client always has to wait, and always at the same point.

It speaks HTTP on one port and HTTPS on another. Some answers wait for a datagram on a third before they, or their next
piece, are sent: `Server.let_on` sends one.
"""

from __future__ import annotations

import io
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from types import TracebackType

from netstack_sync.testing.certificates import CertificateAuthority

from .asleep import wait_until_asleep

PIECES = 4
"""Of the body of /pieces."""
_PIECE = b"x" * 4096
_SMALL = b"x" * 200
_FIELDS = (
    b"Server: budget\r\nDate: Sun, 01 Nov 2026 00:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nConnection: keep-alive\r\n"
)
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Server:
    """Runs while the `with` block does."""

    def __enter__(self) -> Server:
        self._folder = tempfile.TemporaryDirectory(prefix="netstack-budget-")
        authority = CertificateAuthority()
        authority.issue(["127.0.0.1"]).write(self._folder.name, "leaf")
        self.ca_file = f"{self._folder.name}/ca.pem"
        with open(self.ca_file, "wb") as file:
            file.write(authority.pem)
        command = [sys.executable, "-m", "benchmarks.budget.server", self._folder.name]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        plain, secure, gate = map(int, self._process.stdout.readline().split())
        self.base, self.tls_base = f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secure}"
        self._gate = socket.socket(type=socket.SOCK_DGRAM)
        self._gate.connect(("127.0.0.1", gate))
        return self

    def let_on(self) -> None:
        """Ends one wait of an answer."""
        self._gate.send(b"on")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate("")  # the end of its input is its end
        self._gate.close()
        self._folder.cleanup()


def _answer(body: bytes, fields: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%b%bContent-Length: %d\r\n\r\n%b" % (_FIELDS, fields, len(body), body)


class _Plain:
    """A socket whose peer waits for what it sends."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.recv_into = connection.recv_into

    def sendall(self, data: bytes, /) -> None:
        """All of it in one system call, once the client sleeps."""
        wait_until_asleep(os.getppid())
        self._connection.sendall(data)


class _Secure:
    """TLS that sends all it has to say at once; a wrapped socket may send its part of a handshake in two pieces."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._connection = _Plain(connection)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def sendall(self, data: bytes, /) -> None:
        """See _Plain."""
        self._tls.write(data)
        self._connection.sendall(self._outgoing.read())

    def recv_into(self, buffer: memoryview, /) -> int:
        """Shakes hands first; 0 at the end."""
        received = memoryview(bytearray(65536))
        while True:
            try:
                data = self._tls.read(len(buffer))
                buffer[: len(data)] = data
                return len(data)
            except ssl.SSLWantReadError:
                if self._outgoing.pending:
                    self._connection.sendall(self._outgoing.read())
                if not (count := self._connection.recv_into(received)):
                    return 0
                self._incoming.write(received[:count])
            except ssl.SSLZeroReturnError:
                return 0


class _Reader(io.RawIOBase):
    """A connection as a file."""

    def __init__(self, connection: _Plain | _Secure) -> None:
        self._connection = connection

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # RawIOBase takes more
        """See RawIOBase."""
        return self._connection.recv_into(buffer)


def _serve(accepted: socket.socket, gate: socket.socket, context: ssl.SSLContext | None) -> None:
    """One request after another; each head comes in one piece, and a body right behind it."""
    connection = _Plain(accepted) if context is None else _Secure(accepted, context)
    with accepted, io.BufferedReader(_Reader(connection)) as reader:
        while line := reader.readline():
            fields = {}
            while (field := reader.readline()) not in (b"\r\n", b""):
                name, _, value = field.partition(b":")
                fields[name.lower()] = value.strip()
            body = reader.read(int(fields.get(b"content-length", b"0")))
            _reply(connection, gate, line.split()[1], body)
            if fields.get(b"connection") == b"close":
                break


def _reply(connection: _Plain | _Secure, gate: socket.socket, path: bytes, body: bytes) -> None:
    if path == b"/pieces":
        size = b"%d" % (PIECES * len(_PIECE))
        connection.sendall(b"HTTP/1.1 200 OK\r\n%bContent-Length: %b\r\n\r\n%b" % (_FIELDS, size, _PIECE))
        for _ in range(PIECES - 1):
            gate.recv(16)
            connection.sendall(_PIECE)
        return
    if path == b"/held":
        gate.recv(16)
    fields = b"Set-Cookie: session=abc123; Path=/; HttpOnly\r\n" if path == b"/cookie" else b""
    connection.sendall(_answer(body or _SMALL, fields))


def _accept(listener: socket.socket, gate: socket.socket, context: ssl.SSLContext | None) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, gate, context), daemon=True).start()


def main() -> None:
    """Argument: the folder of the certificate. Prints the three ports."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{sys.argv[1]}/leaf.pem", f"{sys.argv[1]}/leaf-key.pem")
    context.num_tickets = 0  # every handshake in full
    plain, secure = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    gate = socket.socket(type=socket.SOCK_DGRAM)
    gate.bind(("127.0.0.1", 0))
    for listener, wrapping in ((plain, None), (secure, context)):
        threading.Thread(target=_accept, args=(listener, gate, wrapping), daemon=True).start()
    print(*(each.getsockname()[1] for each in (plain, secure, gate)), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
