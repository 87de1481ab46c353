"""The other end of a loopback connection, on the test's own thread: plain, or with TLS on top."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from netstack_sync.base.ip_endpoint import IPEndPoint
from tests.support.tls import TlsServer


@contextmanager
def listener(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A listening socket on a port of its own."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as sock:
        yield sock


def endpoint_of(sock: socket.socket) -> IPEndPoint:
    """Where the socket is bound."""
    return IPEndPoint.from_sockaddr(sock.family, sock.getsockname())


def closed_endpoint() -> IPEndPoint:
    """Where nobody listens."""
    with listener() as sock:
        return endpoint_of(sock)


class Peer:
    """A plain socket whose `pump()` does what can be done without waiting."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._unsent = b""
        self.is_reading = True
        self.is_at_end = False
        self.received = bytearray()

    def send(self, data: bytes) -> None:
        """Sends data as the connection takes it."""
        self._queue(self._encode(data))
        self.pump()

    def pump(self) -> None:
        """Sends what waits and, unless it is a slow reader, takes what has come."""
        while self._unsent:
            try:
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
            except BlockingIOError:
                break
        while self.is_reading and not self.is_at_end:
            try:
                data = self._sock.recv(1 << 20)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            self.is_at_end = not data
            self._decode(data)

    def has_received(self, data: bytes) -> bool:
        """True once exactly this has come."""
        self.pump()
        return self.received == data

    def close(self) -> None:
        """Hangs up."""
        self._sock.close()

    def say_goodbye(self) -> None:
        """What TLS says before the end; nothing without."""

    def shut_down_writing(self) -> None:
        """Ends its stream and goes on reading."""
        self._sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Breaks the connection."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def _queue(self, data: bytes) -> None:
        self._unsent += data

    def _encode(self, data: bytes) -> bytes:
        return data

    def _decode(self, data: bytes) -> None:
        self.received += data


class SecurePeer(Peer):
    """A Peer with TLS; it shakes hands by itself."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(sock)
        self._server = TlsServer(context)

    def say_goodbye(self) -> None:
        """See Peer."""
        self._queue(self._server.say_goodbye())
        self.pump()

    def _encode(self, data: bytes) -> bytes:
        return self._server.send(data)

    def _decode(self, data: bytes) -> None:
        answer = self._server.receive(data)
        self.received += self._server.received
        self._server.received.clear()
        if answer and not self.is_at_end:
            self._queue(answer)
            while self._unsent:  # flights of a handshake are small
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
