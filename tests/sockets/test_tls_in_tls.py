"""TLS inside TLS, as through an HTTPS proxy: the same socket over itself."""

from __future__ import annotations

import ssl

import pytest

from netstack_sync.base.net_errors import ERR_CERT_DATE_INVALID, ERR_CONNECTION_CLOSED, ERR_IO_PENDING, OK
from netstack_sync.sockets.tls_client import TlsClientSocket
from netstack_sync.sockets.tls_config import TlsConfig
from tests.cert.scripted_verifier import EXPIRED, GOOD
from tests.support.loops import RecordedCompletion
from tests.support.tls import PEER, TlsRig, TlsServer, server_context, tls_rig, trust


class Tunnel:
    """A connection that stands, and one to a server behind it that begins inside."""

    def __init__(self, outer: TlsRig) -> None:
        self._outer = outer
        outer.verifier.answer = GOOD
        assert outer.connect() == OK
        self.server = TlsServer(server_context(version=ssl.TLSVersion.TLSv1_2))
        config = TlsConfig(trust(), alpn=())
        self.socket = TlsClientSocket(outer.socket, PEER._replace(port=8443), config, outer.services)
        self.done = RecordedCompletion()

    def connect(self) -> int:
        """The result, once nothing moves any more."""
        result = self.socket.connect(self.done)
        self.settle()
        return self.done.result if result == ERR_IO_PENDING else result

    def settle(self) -> None:
        """The proxy passes on what it decrypts, and encrypts what comes back."""
        while self._outer.step() or self._pass_on():
            pass

    def _pass_on(self) -> bool:
        received = self._outer.server.received
        answer = self.server.receive(bytes(received))
        received.clear()
        if answer:
            self._outer.server_sends(answer)
        return bool(answer)


def test_one_path_for_both() -> None:
    """Bytes of any size go both ways; the outer one ends without a goodbye, which the inner one tells."""
    with tls_rig() as outer:
        tunnel = Tunnel(outer)
        assert tunnel.connect() == OK
        assert tunnel.socket.ssl_info is not None and tunnel.socket.ssl_info.version == "TLSv1.2"
        data = bytes(range(256)) * 200
        assert tunnel.socket.write(data) == len(data)
        tunnel.settle()
        assert bytes(tunnel.server.received) == data
        outer.server_sends(tunnel.server.send(data))
        received = b""
        while isinstance(piece := tunnel.socket.read(65536), bytes):
            received += piece
        assert received == data and tunnel.socket.is_connected_and_idle()
        outer.transport.peer_sends(b"")
        assert tunnel.socket.read(100) == ERR_CONNECTION_CLOSED
        tunnel.socket.disconnect()
        assert not outer.transport.is_open


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_the_end_of_the_inner_one(says_goodbye: bool) -> None:
    """Only its own goodbye is one, however well the outer one ends."""
    with tls_rig() as outer:
        tunnel = Tunnel(outer)
        assert tunnel.connect() == OK
        if says_goodbye:
            outer.server_sends(tunnel.server.say_goodbye())
        outer.transport.peer_sends(outer.server.say_goodbye())
        assert tunnel.socket.read(100) == (b"" if says_goodbye else ERR_CONNECTION_CLOSED)
        tunnel.socket.disconnect()


def test_the_inner_one_has_a_verdict_of_its_own() -> None:
    """A trusted proxy vouches for nobody behind it."""
    with tls_rig() as outer:
        tunnel = Tunnel(outer)
        outer.verifier.answer = EXPIRED
        assert tunnel.connect() == ERR_CERT_DATE_INVALID
        assert tunnel.server.received == b""
        tunnel.socket.disconnect()
