"""TlsBio: ciphertext in both directions (the stream on top is tested in test_tls_client)."""

from __future__ import annotations

import ssl

import pytest

from netstack_sync.base.net_errors import (
    ERR_BAD_SSL_CLIENT_AUTH_CERT,
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_SSL_CLIENT_AUTH_CERT_NEEDED,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
    OK,
)
from netstack_sync.sockets.tls_bio import WANTS_READ, TlsBio
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_context import build_context
from tests.support.pool import FakeSocket
from tests.support.tls import (
    HOST,
    VERSIONS,
    TlsServer,
    authority,
    certificate_der,
    own_context,
    server_chain,
    server_context,
    trust,
)

either_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)


class Rig:
    """A TlsBio over a transport in memory, and a server."""

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        server: ssl.SSLContext | None = None,
        session: ssl.SSLSession | None = None,
        has_certificate: bool = False,
    ) -> None:
        self.transport = FakeSocket()
        self.bio = TlsBio(self.transport, context or own_context(), HOST, session, has_certificate)
        self.server = TlsServer(server or server_context())

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
    """Step by step, until both are through; then it is known what was agreed on."""
    rig = Rig()
    assert rig.bio.shake() == WANTS_READ and rig.bio.has_unsent
    assert rig.transport.sent == b"", "shaking writes into memory only"
    assert rig.shake() == OK and rig.server.is_shaken
    info = rig.bio.ssl_info(HOST, server_chain())
    assert info.version == "TLSv1.3" and info.cipher and (info.alpn, info.host) == ("", HOST)
    assert info.peer_chain == server_chain() and info.verified_chain == () and not info.is_resumed


@either_version
def test_what_is_known_of_the_server(version: ssl.TLSVersion) -> None:
    """Its chain as soon as it was sent, in TLS 1.2 before our last flight leaves; what was proved at the end."""
    rig = Rig(server=server_context(version=version))
    assert rig.bio.shake() == WANTS_READ
    assert rig.bio.peer_chain() == rig.bio.verified_chain() == ()
    assert rig.bio.ssl_info(HOST, ()).version == "", "nothing is agreed on"
    assert rig.bio.flush() == OK
    rig.relay()
    assert rig.bio.fill() > 0
    assert rig.bio.shake() == (WANTS_READ if version is ssl.TLSVersion.TLSv1_2 else OK)
    assert rig.bio.peer_chain() == server_chain() and not rig.server.is_shaken and rig.bio.has_unsent
    assert rig.shake() == OK
    assert rig.bio.verified_chain() == (*server_chain(), certificate_der(authority().cert_pem))


@either_version
def test_a_session_that_is_offered_says_nothing_of_the_server(version: ssl.TLSVersion) -> None:
    """Its chain is not taken for one that was sent, also not by OpenSSL; what is resumed has the session only."""
    context, server = own_context(), server_context(version=version)
    first = Rig(context=context, server=server)
    first.shake()
    first.transport.peer_sends(first.server.send(b"x"))
    while first.bio.read(10) != b"x":
        assert first.bio.fill() > 0
    session = first.bio.ssl_object.session
    again = Rig(context=context, server=server, session=session)
    assert again.bio.shake() == WANTS_READ and again.bio.peer_chain() == ()
    assert again.shake() == OK and again.bio.ssl_object.session_reused and again.bio.peer_chain() == ()
    elsewhere = Rig(context=context, server=server_context(version=version, is_trusted=False), session=session)
    assert elsewhere.shake() == ERR_CERT_AUTHORITY_INVALID
    assert elsewhere.bio.peer_chain() == server_chain(is_trusted=False)


def test_a_server_that_is_not_trusted() -> None:
    """The verdict's error, with OpenSSL's words and the chain, and an alert for the server."""
    rig = Rig(context=ssl.create_default_context())
    assert rig.shake() == ERR_CERT_AUTHORITY_INVALID and rig.bio.has_refused_certificate
    assert "certificate" in rig.bio.detail and rig.server.error is not None
    assert rig.bio.peer_chain() == server_chain()


@pytest.mark.parametrize("has_certificate", [False, True])
@either_version
def test_a_server_that_misses_our_certificate(version: ssl.TLSVersion, has_certificate: bool) -> None:
    """Row 242, ClientAuthNoCertificate: told from a bad one by whether there was one to show."""
    server = server_context(wants_certificate=True, version=version)
    rig = Rig(server=server, has_certificate=has_certificate)
    result: object = rig.shake()
    if version is ssl.TLSVersion.TLSv1_3:
        assert result == OK and rig.bio.fill() > 0
        result = rig.bio.read(10)
    assert result == (ERR_BAD_SSL_CLIENT_AUTH_CERT if has_certificate else ERR_SSL_CLIENT_AUTH_CERT_NEEDED)
    assert not rig.bio.has_refused_certificate


def test_a_refusal_before_the_certificate_is_not_about_ours() -> None:
    """The same alert means that version or cipher are not to the server's taste."""
    rig = Rig()
    assert rig.bio.shake() == WANTS_READ
    rig.transport.peer_sends(b"\x15\x03\x03\x00\x02\x02\x28")  # fatal alert: handshake_failure
    assert rig.bio.fill() > 0 and rig.bio.shake() == ERR_SSL_VERSION_OR_CIPHER_MISMATCH
    assert "handshake failure" in rig.bio.detail


@either_version
@pytest.mark.parametrize("says_goodbye", [True, False])
@pytest.mark.parametrize("size", [5, 16 * 1024, 40_000])
def test_the_end(version: ssl.TLSVersion, says_goodbye: bool, size: int) -> None:
    """After everything that was sent; without close_notify it is an error, again and again."""
    rig = Rig(context=build_context(TlsConfig(trust())), server=server_context(version=version))
    rig.shake()
    rig.transport.peer_sends(rig.server.send(b"x" * size))
    if says_goodbye:
        rig.transport.peer_sends(rig.server.say_goodbye())
    rig.transport.peer_sends(b"")
    received = b""
    while (data := rig.bio.read(30_000)) == ERR_IO_PENDING or (isinstance(data, bytes) and data):
        if isinstance(data, bytes):
            received += data
        else:
            assert rig.bio.fill() >= 0
    assert received == b"x" * size
    assert [data, rig.bio.read(10), rig.bio.read(10)] == [b"" if says_goodbye else ERR_CONNECTION_CLOSED] * 3


def test_openssls_other_word_for_the_end() -> None:
    """Raised when both sides have said goodbye."""

    class Raising:
        """An SSLObject that raises."""

        def read(self, size: int) -> bytes:
            """Raises."""
            raise ssl.SSLZeroReturnError

    rig = Rig()
    rig.bio.shake()
    rig.bio.ssl_object = Raising()  # type: ignore[assignment]
    assert rig.bio.read(10) == b""


@either_version
def test_a_record_that_was_tampered_with(version: ssl.TLSVersion) -> None:
    """None of its bytes, and the same error for ever."""
    rig = Rig(server=server_context(version=version))
    rig.shake()
    record = bytearray(rig.server.send(b"hello"))
    record[-1] ^= 1
    rig.transport.received.append(bytes(record))
    while (result := rig.bio.read(10)) == ERR_IO_PENDING:
        assert rig.bio.fill() > 0
    assert isinstance(result, int) and result < ERR_IO_PENDING
    assert rig.bio.read(10) == rig.bio.read(10) == result


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
    rig.bio.shake()
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
    assert rig.bio.fill() == ERR_IO_PENDING
    rig.shake()
    rig.transport.received.clear()
    rig.transport.peer_sends(rig.server.send(b"hello"))
    before = rig.bio.has_unread  # the bytes are still in the transport, which will tell of them
    assert rig.bio.fill() > 0
    assert (before, rig.bio.has_unread) == (False, True)
