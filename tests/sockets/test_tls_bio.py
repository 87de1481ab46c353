"""TlsBio: ciphertext in both directions (the stream on top is tested in test_tls_client)."""

from __future__ import annotations

import ssl

import pytest

from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_SSL_PROTOCOL_ERROR,
    OK,
)
from netstack_sync.sockets.tls_bio import WANTS_READ, TlsBio
from tests.support.pool import FakeSocket
from tests.support.tls import HOST, TlsServer, authority, server_context


class Rig:
    """A TlsBio over a transport in memory, and a server."""

    def __init__(self, *, is_trusting: bool = True) -> None:
        self.transport = FakeSocket()
        context = ssl.create_default_context()
        if is_trusting:
            authority().configure_trust(context)
        self.bio = TlsBio(self.transport, context, HOST)
        self.server = TlsServer(server_context())

    def relay(self) -> None:
        """What was sent reaches the server, and its answer the transport."""
        answer = self.server.receive(bytes(self.transport.sent))
        self.transport.sent.clear()
        if answer:
            self.transport.peer_sends(answer)

    def shake(self) -> int:
        """The whole handshake."""
        while (result := self.bio.shake()) == WANTS_READ:
            assert self.bio.flush() == OK
            self.relay()
            assert self.bio.fill() > 0
        assert self.bio.flush() == OK
        self.relay()
        return result


def test_a_handshake() -> None:
    """Step by step, until both are through; then the info is there."""
    rig = Rig()
    assert rig.bio.shake() == WANTS_READ and rig.bio.has_unsent
    assert rig.transport.sent == b"", "shaking writes into memory only"
    assert rig.shake() == OK and rig.server.is_shaken
    info = rig.bio.ssl_info()
    assert info.version == "TLSv1.3" and info.peer_chain and info.subject


def test_a_server_that_is_not_trusted() -> None:
    """The verdict's error, with OpenSSL's words, and an alert for the server."""
    rig = Rig(is_trusting=False)
    assert rig.shake() == ERR_CERT_AUTHORITY_INVALID
    assert "certificate" in rig.bio.detail and rig.server.error is not None


@pytest.mark.parametrize("pieces, error", [((b"",), ERR_CONNECTION_CLOSED), ((b"garbage",), ERR_SSL_PROTOCOL_ERROR)])
def test_no_handshake(pieces: tuple[bytes, ...], error: int) -> None:
    """The end of the stream, and what is no TLS."""
    rig = Rig()
    assert rig.bio.shake() == WANTS_READ
    rig.transport.peer_sends(*pieces)
    assert rig.bio.fill() == len(pieces[0])
    assert rig.bio.shake() == error


@pytest.mark.parametrize("raised", [OSError("no"), ValueError("no")])
def test_other_exceptions_of_ssl(raised: Exception) -> None:
    """Become an error number; the stack must not unwind."""

    class Raising:
        """An SSLObject that raises."""

        def do_handshake(self) -> None:
            """Raises."""
            raise raised

    rig = Rig()
    rig.bio.ssl_object = Raising()  # type: ignore[assignment]
    assert rig.bio.shake() == ERR_SSL_PROTOCOL_ERROR and rig.bio.detail == "no"


def test_what_the_transport_does_not_take_follows_by_itself() -> None:
    """In order, whoever waits being told at the end."""
    rig = Rig()
    rig.bio.shake()
    rig.transport.room = 5
    assert rig.bio.flush() == ERR_IO_PENDING and rig.bio.has_unsent
    events: list[int] = []
    rig.bio.notify_writable(lambda: events.append(1))
    rig.transport.peer_takes(5)
    assert events == [] and len(rig.transport.sent) == 10
    rig.transport.peer_takes(100_000)
    assert events == [1] and not rig.bio.has_unsent
    rig.relay()
    assert rig.bio.fill() > 0, "the server understood it"


def test_memory_that_is_lent_is_left_alone() -> None:
    """A worker runs OpenSSL on it."""
    rig = Rig()
    rig.bio.shake()
    rig.transport.room = 0
    assert rig.bio.flush() == ERR_IO_PENDING
    rig.bio.is_lent = True
    rig.transport.peer_takes(100_000)
    assert rig.transport.sent == b""
    rig.bio.is_lent = False
    assert rig.bio.flush() == OK and rig.transport.sent


def test_a_transport_that_breaks_stays_broken() -> None:
    """Its error is the answer from then on; nothing is tried again."""
    rig = Rig()
    rig.bio.shake()
    rig.transport.write_error = ERR_CONNECTION_RESET
    assert rig.bio.flush() == ERR_CONNECTION_RESET
    rig.transport.write_error = OK
    assert rig.bio.flush() == ERR_CONNECTION_RESET
    rig.bio.cancel_notify()
    assert rig.transport.on_writable is None
    rig.transport.read_error = ERR_CONNECTION_RESET
    assert rig.bio.fill() == ERR_CONNECTION_RESET


def test_nothing_to_read_and_nothing_unread() -> None:
    """fill() answers as the transport does."""
    rig = Rig()
    assert rig.bio.fill() == ERR_IO_PENDING and not rig.bio.has_unread
    rig.shake()
    rig.transport.received.clear()
    rig.transport.peer_sends(rig.server.send(b"hello"))
    before = rig.bio.has_unread  # the bytes are still in the transport, which will tell of them
    assert rig.bio.fill() > 0
    assert (before, rig.bio.has_unread) == (False, True)
