"""TLS on the server's side: over a stream in memory, and what a client of the standard library sees."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_IO_PENDING, ERR_SSL_PROTOCOL_ERROR
from netstack_sync.testing.certificates import process_authority
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.script import CLOSE, RESET, STALL
from netstack_sync.testing.server_tls import TlsRecipe, TlsStream
from tests.testing.fake_stream import FakeStream


class Conversation:
    """A TlsStream over a FakeStream, and a client in memory."""

    def __init__(self, folder: Path) -> None:
        self.transport = FakeStream()
        self.stream = TlsStream(self.transport, TlsRecipe().context(folder))
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cadata=process_authority().pem.decode())
        self.client = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def exchange(self) -> bytes | int:
        """Brings the client's bytes to the server, which reads, and the server's to the client."""
        if self.outgoing.pending:
            self.transport.reads.append(self.outgoing.read())
        result = self.stream.read(100)
        self.deliver()
        return result

    def deliver(self) -> None:
        self.incoming.write(self.transport.sent)
        self.transport.sent = b""

    def shake(self) -> Conversation:
        with pytest.raises(ssl.SSLWantReadError):
            self.client.do_handshake()
        assert self.exchange() == ERR_IO_PENDING
        self.client.do_handshake()
        assert self.exchange() == ERR_IO_PENDING
        return self


def test_bytes_go_both_ways(tmp_path: Path) -> None:
    """After a handshake that is part of the first reads; what was fetched and not read is told."""
    talk = Conversation(tmp_path).shake()
    talk.client.write(b"x" * 101)
    assert talk.exchange() == b"x" * 100
    assert talk.stream.has_unread
    assert talk.exchange() == b"x"
    assert not talk.stream.has_unread
    assert talk.stream.write(b"answer") == 6
    talk.deliver()
    assert talk.client.read(10) == b"answer"


def test_a_full_transport_is_waited_for(tmp_path: Path) -> None:
    """What was encrypted follows by itself; write() takes nothing meanwhile."""
    talk = Conversation(tmp_path).shake()
    told: list[str] = []
    talk.transport.writes.extend([5, ERR_IO_PENDING])
    assert talk.stream.write(b"answer") == 6
    assert talk.stream.has_unsent
    talk.transport.writes.append(ERR_IO_PENDING)
    assert talk.stream.write(b"more") == ERR_IO_PENDING
    talk.stream.notify_writable(lambda: told.append("writable"))
    talk.transport.writes.append(ERR_IO_PENDING)
    talk.transport.become_writable()
    assert not told
    talk.transport.become_writable()
    assert told == ["writable"] and not talk.stream.has_unsent
    talk.deliver()
    assert talk.client.read(10) == b"answer"


def test_what_is_unsent_follows_though_nobody_waits(tmp_path: Path) -> None:
    """The pump tells the stream, and no one else."""
    talk = Conversation(tmp_path).shake()
    talk.transport.writes.append(ERR_IO_PENDING)
    talk.stream.write(b"answer")
    talk.transport.become_writable()
    talk.deliver()
    assert talk.client.read(10) == b"answer"


def test_a_broken_transport_is_told_by_the_next_write(tmp_path: Path) -> None:
    """Nothing is left that could be waited for."""
    talk = Conversation(tmp_path).shake()
    talk.transport.writes.append(ERR_CONNECTION_RESET)
    talk.stream.write(b"answer")
    assert talk.stream.write(b"more") == ERR_CONNECTION_RESET
    assert not talk.stream.has_unsent


def test_goodbye_is_close_notify(tmp_path: Path) -> None:
    """Without it the client knows that the stream was cut."""
    talk = Conversation(tmp_path).shake()
    talk.stream.end(has_goodbye=False)
    talk.deliver()
    with pytest.raises(ssl.SSLWantReadError):
        talk.client.read(10)
    talk.stream.end(has_goodbye=True)
    talk.deliver()
    assert talk.client.read(10) == b""
    assert talk.transport.ended == ["end", "goodbye"]
    assert talk.stream.write(b"x") == ERR_SSL_PROTOCOL_ERROR
    talk.stream.reset()
    talk.stream.close()
    assert talk.transport.ended[2:] == ["reset", "close"]


def test_a_client_that_speaks_no_tls_gets_an_alert(tmp_path: Path) -> None:
    """Then the rest is thrown away until the client closes."""
    talk = Conversation(tmp_path)
    talk.transport.reads.extend([b"\x16\x03\x01\x00\x05hello", b"more", ERR_IO_PENDING])
    assert talk.stream.read(100) == ERR_IO_PENDING
    assert talk.transport.sent[:1] == b"\x15" and talk.transport.ended == ["end"]
    talk.transport.reads.append(b"")
    assert talk.stream.read(100) == b""


def connect(server: EmbeddedServer, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    try:
        return context.wrap_socket(plain, server_hostname="localhost", session=session)
    finally:
        plain.close()


def hello(client: ssl.SSLSocket) -> bytes:
    """One request, and the answer up to the end of the stream."""
    client.sendall(b"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n")
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def test_a_good_server_is_trusted_through_its_authority() -> None:
    """For the name it is called by; ALPN is agreed on."""
    with EmbeddedServer(tls=True) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with connect(server, context) as client:
            assert client.selected_alpn_protocol() == "http/1.1"
            assert hello(client).endswith(b"hello\n")


@pytest.mark.parametrize(
    "recipe, words",
    [
        (TlsRecipe(leaf="expired"), "expired"),
        (TlsRecipe(leaf="wrong_host"), "Hostname mismatch"),
        (TlsRecipe(leaf="self_signed"), "self.signed"),
        (TlsRecipe(names=("other.test",)), "Hostname mismatch"),
    ],
)
def test_a_bad_certificate_is_refused(recipe: TlsRecipe, words: str) -> None:
    """And the server gets rid of the connection."""
    with EmbeddedServer(tls=recipe) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            connect(server, context)
        assert server.wait_until(lambda: server.open_connections == 0)
        assert server.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def test_the_version_can_be_chosen(version: ssl.TLSVersion) -> None:
    """Both ends of what it speaks."""
    with EmbeddedServer(tls=TlsRecipe(min_version=version, max_version=version)) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        with connect(server, context) as client:
            assert client.version() == version.name.replace("_", ".") and hello(client)


@pytest.mark.parametrize("tickets", [0, 2])
def test_sessions_can_be_resumed_unless_there_are_no_tickets(tickets: int) -> None:
    """In TLS 1.3 they come with the first bytes."""
    with EmbeddedServer(tls=TlsRecipe(min_version=ssl.TLSVersion.TLSv1_3, tickets=tickets)) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        with connect(server, context) as client:
            hello(client)
            session = client.session
        assert session is not None and session.has_ticket == bool(tickets)
        if tickets:
            with connect(server, context, session) as client:
                assert hello(client) and client.session_reused


def test_a_client_certificate_can_be_required(tmp_path: Path) -> None:
    """With one of the right authority there is an answer, without one an alert."""
    authority = process_authority()
    with EmbeddedServer(tls=TlsRecipe(client_ca=authority.pem)) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        with pytest.raises(ssl.SSLError, match=r"(?i)alert"), connect(server, context) as client:
            hello(client)
        context.load_cert_chain(*authority.issue(["somebody"], is_client=True).write(tmp_path))
        with connect(server, context) as client:
            assert hello(client).endswith(b"hello\n")


@pytest.mark.parametrize(
    "recipe, error",
    [
        (TlsRecipe(handshake=(RESET,)), ConnectionResetError),
        (TlsRecipe(handshake=(CLOSE,)), (ssl.SSLEOFError, ssl.SSLZeroReturnError)),  # older Pythons give the latter
        (TlsRecipe(handshake=(b"HTTP/1.1 400 Bad Request\r\n\r\n", CLOSE)), ssl.SSLError),
    ],
)
def test_the_handshake_can_fail(recipe: TlsRecipe, error: type[Exception] | tuple[type[Exception], ...]) -> None:
    """A script is played in its place."""
    with EmbeddedServer(tls=recipe) as server, pytest.raises(error):
        connect(server, ssl.create_default_context())


def test_a_handshake_can_stall(read_all: Callable[[socket.socket], bytes]) -> None:
    """Until the client leaves, which is noticed, or the server closes."""
    with EmbeddedServer(tls=TlsRecipe(handshake=(STALL,))) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"\x16\x03\x01")
            assert server.wait_until(lambda: server.open_connections == 1)
            client.sendall(b"more")
        assert server.wait_until(lambda: server.open_connections == 0)
        other = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        assert server.wait_until(lambda: server.open_connections == 1)
    with other:
        assert read_all(other) == b""
