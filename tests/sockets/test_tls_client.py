"""TlsClientSocket: nothing before the verdict, then a stream like any other. All in memory (tests/support/tls.py)."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.net_errors import (
    ERR_ALPN_NEGOTIATION_FAILED,
    ERR_BAD_SSL_CLIENT_AUTH_CERT,
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_FAILED,
    ERR_FILE_NOT_FOUND,
    ERR_IO_PENDING,
    ERR_SSL_HANDSHAKE_NOT_COMPLETED,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from tests.cert.scripted_verifier import EXPIRED, GOOD
from tests.support.tls import (
    HOST,
    TlsRig,
    authority,
    server_context,
    tls_rig,
    trust,
    write_client_certificate,
)

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def connected(rig: TlsRig) -> TlsRig:
    """Connects with a good verdict, and takes what the server sends by itself."""
    rig.verifier.answer = GOOD
    assert rig.connect() == OK
    return rig


def is_closed_to_its_user(rig: TlsRig) -> bool:
    """True while it neither reads nor writes."""
    return (
        rig.socket.read(100) == ERR_SSL_HANDSHAKE_NOT_COMPLETED
        and rig.socket.write(b"GET / HTTP/1.1\r\n") == ERR_SSL_HANDSHAKE_NOT_COMPLETED
        and not rig.socket.is_connected()
        and not rig.socket.is_connected_and_idle()
    )


class TestVerdict:
    @pytest.mark.parametrize("version", VERSIONS)
    def test_nothing_of_the_user_leaves_before_it(self, version: ssl.TLSVersion) -> None:
        """In every state up to the verdict the socket refuses; not one byte reaches the server."""
        with tls_rig(server=server_context(version=version)) as rig:
            assert is_closed_to_its_user(rig)
            assert rig.socket.connect(rig.done) == ERR_IO_PENDING
            assert is_closed_to_its_user(rig)
            while rig.step():
                assert is_closed_to_its_user(rig)
            assert rig.server.is_shaken and rig.verifier.started
            assert not rig.done.is_called and rig.server.received == b""
            rig.verifier.started[0].complete(GOOD)
            assert rig.done.result == OK
            assert rig.socket.write(b"hello") == 5
            rig.settle()
            assert rig.server.received == b"hello"

    @pytest.mark.parametrize("is_sync", [True, False])
    def test_a_bad_one_closes_the_socket_to_its_user_for_good(self, is_sync: bool) -> None:
        """Row 65: the error, its words, and what was found out; the server never sees a byte."""
        with tls_rig() as rig:
            if is_sync:
                rig.verifier.answer = EXPIRED
            rig.connect()
            if not is_sync:
                rig.verifier.started[0].complete(EXPIRED)
            assert rig.done.result == ERR_CERT_DATE_INVALID
            assert rig.socket.error_detail == "expired"
            assert rig.socket.ssl_info is not None
            assert rig.socket.ssl_info.cert_status == CertStatus.DATE_INVALID
            assert is_closed_to_its_user(rig)
            rig.settle()
            assert rig.server.received == b""

    def test_the_verifier_gets_the_chain_the_host_and_whom_to_trust(self) -> None:
        """What the server sent, what the user asked for."""
        with tls_rig() as rig:
            connected(rig)
            params = rig.verifier.started[0].params
            leaf = ssl.DER_cert_to_PEM_cert(params.chain[0])
            assert leaf.startswith("-----BEGIN CERTIFICATE-----")
            assert (params.hostname, params.trust) == (HOST, trust())

    def test_it_is_part_of_the_info(self) -> None:
        """Beside what the handshake agreed on."""
        with tls_rig() as rig:
            connected(rig)
            info = rig.socket.ssl_info
            assert info is not None
            assert info.version == "TLSv1.3" and info.cipher and info.alpn == ""
            assert info.is_issued_by_known_root and info.verified_chain == GOOD.verified_chain

    def test_an_error_without_a_verdict(self) -> None:
        """A verifier that could not do its work: its error is the answer, without words."""
        with tls_rig() as rig:
            rig.connect()
            request = rig.verifier.started[0]
            assert request._on_done is not None
            request._on_done(ERR_FAILED)
            assert rig.done.result == ERR_FAILED and rig.socket.error_detail == ""
            assert is_closed_to_its_user(rig)

    def test_verify_off_asks_nobody(self) -> None:
        """The user's decision; the socket is open as soon as the handshake is done."""
        with tls_rig(TlsConfig(trust(verify=False)), server_context(is_trusted=False)) as rig:
            assert rig.connect() == OK
            assert rig.verifier.started == []
            assert rig.socket.write(b"hello") == 5

    def test_connecting_again_when_connected(self) -> None:
        """OK at once."""
        with tls_rig() as rig:
            connected(rig)
            assert rig.socket.connect(rig.done) == OK
            assert rig.done.results == [OK]


class TestVerdictInHandshake:
    def test_own_context(self) -> None:
        """It is used as it is, on a worker; our verifier has no say."""
        own = ssl.create_default_context()
        authority().configure_trust(own)
        with tls_rig(TlsConfig(trust(), context=own)) as rig:
            assert rig.socket.connect(rig.done) == ERR_IO_PENDING
            assert len(rig.workers.jobs) == 1 and not rig.transport.sent, "OpenSSL has not run on this thread"
            rig.settle()
            assert rig.done.result == OK and rig.verifier.started == []
            assert rig.socket.write(b"hello") == 5

    def test_own_context_that_does_not_trust_the_server(self) -> None:
        """The error with OpenSSL's words; the server is told with an alert, and gets nothing else."""
        with tls_rig(TlsConfig(trust(), context=ssl.create_default_context())) as rig:
            assert rig.connect() == ERR_CERT_AUTHORITY_INVALID
            assert "certificate" in rig.socket.error_detail
            assert is_closed_to_its_user(rig)
            assert rig.server.error is not None and "ALERT" in (rig.server.error.reason or "")
            assert rig.server.received == b""

    def test_own_context_and_another_name(self) -> None:
        """OpenSSL checks the name, too."""
        own = ssl.create_default_context()
        authority().configure_trust(own)
        with tls_rig(TlsConfig(trust(), context=own), host="b.test") as rig:
            assert rig.connect() == ERR_CERT_COMMON_NAME_INVALID

    @pytest.mark.parametrize("version", VERSIONS)
    def test_client_certificate(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        """It is sent to a server that asks for it and is trusted."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        with tls_rig(config, server_context(wants_certificate=True, version=version)) as rig:
            assert rig.connect() == OK and rig.verifier.started == []
            assert rig.socket.write(b"hello") == 5
            rig.settle()
            assert rig.server.received == b"hello"
            assert rig.server.ssl.getpeercert()

    @pytest.mark.parametrize("version", VERSIONS)
    def test_client_certificate_is_not_sent_to_a_server_that_is_not_trusted(
        self, tmp_path: Path, version: ssl.TLSVersion
    ) -> None:
        """Whoever we are, an impostor does not learn it."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        server = server_context(wants_certificate=True, is_trusted=False, version=version)
        with tls_rig(config, server) as rig:
            assert rig.connect() == ERR_CERT_AUTHORITY_INVALID
            assert not rig.server.is_shaken and rig.server.error is not None
            with pytest.raises(ValueError, match="handshake not done"):
                rig.server.ssl.getpeercert()

    def test_client_certificate_with_verify_off(self, tmp_path: Path) -> None:
        """Sent to anybody, as the user wished."""
        config = TlsConfig(trust(verify=False), write_client_certificate(tmp_path))
        with tls_rig(config, server_context(wants_certificate=True, is_trusted=False)) as rig:
            assert rig.connect() == OK

    def test_client_certificate_that_cannot_be_read(self, tmp_path: Path) -> None:
        """The error says so before anything is sent."""
        config = TlsConfig(trust(), ClientCertificate(str(tmp_path / "nothing.pem")))
        with tls_rig(config) as rig:
            assert rig.connect() == ERR_FILE_NOT_FOUND
            assert rig.socket.error_detail and not rig.transport.sent

    def test_no_client_certificate_where_one_is_demanded(self) -> None:
        """TLS 1.2: in the handshake."""
        server = server_context(wants_certificate=True, version=ssl.TLSVersion.TLSv1_2)
        with tls_rig(server=server) as rig:
            rig.verifier.answer = GOOD
            assert rig.connect() in (ERR_BAD_SSL_CLIENT_AUTH_CERT, ERR_SSL_VERSION_OR_CIPHER_MISMATCH)

    def test_no_client_certificate_where_one_is_demanded_later(self) -> None:
        """TLS 1.3: the server's alert comes after the handshake, with the first read."""
        with tls_rig(server=server_context(wants_certificate=True)) as rig:
            connected(rig)
            assert rig.socket.read(100) == ERR_BAD_SSL_CLIENT_AUTH_CERT

    def test_a_worker_that_fails(self) -> None:
        """A bug or a lack of threads ends the connection, not the process."""
        with tls_rig(TlsConfig(trust(), context=ssl.create_default_context())) as rig:
            rig.socket.connect(rig.done)
            rig.workers.jobs.popleft().fail(RuntimeError("no threads"))
            rig.driver.run_until_idle()
            assert rig.done.result == ERR_UNEXPECTED

    def test_the_loop_leaves_the_memory_of_a_running_worker_alone(self) -> None:
        """Writability that comes while OpenSSL runs elsewhere flushes nothing: the worker's end does."""
        own = ssl.create_default_context()
        authority().configure_trust(own)
        with tls_rig(TlsConfig(trust(), context=own)) as rig:
            rig.transport.room = 100  # less than a ClientHello
            rig.socket.connect(rig.done)
            rig.workers.run_next()
            rig.transport.received.append(b"\x16\x03\x03")  # so that the next round begins at once
            rig.driver.run_until_idle()
            assert len(rig.workers.jobs) == 1 and len(rig.transport.sent) == 100
            rig.transport.peer_takes(10_000)
            assert len(rig.transport.sent) == 100
            rig.workers.run_next()
            rig.driver.run_until_idle()
            assert len(rig.transport.sent) > 100


class TestHandshake:
    @pytest.mark.parametrize(
        "offered, known, agreed",
        [(("h2", "http/1.1"), ("h2",), "h2"), (("http/1.1",), ("h2", "http/1.1"), "http/1.1"), (("h2",), (), "")],
    )
    def test_alpn(self, offered: tuple[str, ...], known: tuple[str, ...], agreed: str) -> None:
        """What both know, the server's taste first; nothing if the server does not say."""
        with tls_rig(TlsConfig(trust(), alpn=offered), server_context(alpn=known)) as rig:
            connected(rig)
            assert rig.socket.ssl_info is not None and rig.socket.ssl_info.alpn == agreed

    @pytest.mark.parametrize("host, name", [(HOST, HOST), ("127.0.0.1", None), ("::1", None)])
    def test_sni(self, host: str, name: str | None) -> None:
        """The name, but never an IP address (RFC 6066 §3)."""
        asked: list[str | None] = []
        server = server_context()
        server.sni_callback = lambda _, name, __: asked.append(name)
        with tls_rig(server=server, host=host) as rig:
            connected(rig)
        assert asked == [name]

    def test_a_name_that_cannot_be_sent(self) -> None:
        """An error, no exception."""
        with tls_rig(host="a" * 64 + ".test") as rig:
            assert rig.connect() == ERR_SSL_PROTOCOL_ERROR and rig.socket.error_detail

    def test_a_context_for_servers(self) -> None:
        """The user's mistake: an error with OpenSSL's words, no exception."""
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tls_rig(TlsConfig(trust(), context=own)) as rig:
            assert rig.connect() == ERR_SSL_PROTOCOL_ERROR
            assert "PROTOCOL_TLS_SERVER" in rig.socket.error_detail and not rig.transport.sent

    def test_a_protocol_that_is_not_spoken_above(self) -> None:
        """The user's own context offers it, the server takes it: the words say what to do."""
        own = ssl.create_default_context()
        authority().configure_trust(own)
        own.set_alpn_protocols(["h2", "http/1.1"])
        with tls_rig(TlsConfig(trust(), context=own), server_context(alpn=("h2",))) as rig:
            assert rig.connect() == ERR_ALPN_NEGOTIATION_FAILED
            assert "'h2'" in rig.socket.error_detail and "set_alpn_protocols" in rig.socket.error_detail
            assert is_closed_to_its_user(rig)

    def test_byte_by_byte(self) -> None:
        """However small the pieces that the network delivers."""
        with tls_rig() as rig:
            rig.verifier.answer = GOOD
            rig.socket.connect(rig.done)
            rig.workers.run_next()
            rig.driver.run_until_idle()
            for byte in rig.server.receive(rig.take_ciphertext()):
                assert not rig.done.is_called
                rig.transport.peer_sends(bytes([byte]))
            rig.settle()
            assert rig.done.result == OK and rig.server.is_shaken

    @pytest.mark.parametrize("when", ["at once", "after the hello"])
    def test_the_server_hangs_up(self, when: str) -> None:
        """CONNECTION_CLOSED, whether it has said something before or not."""
        with tls_rig() as rig:
            rig.socket.connect(rig.done)
            rig.until("feed")
            if when == "after the hello":
                rig.transport.received.append(rig.server.receive(rig.take_ciphertext())[:50])
            rig.transport.peer_sends(b"")
            assert rig.done.result == ERR_CONNECTION_CLOSED

    def test_the_connection_breaks(self) -> None:
        """The transport's error is the answer: while reading, and while writing."""
        with tls_rig() as rig:
            rig.transport.write_error = ERR_CONNECTION_RESET
            assert rig.connect() == ERR_CONNECTION_RESET
        with tls_rig() as rig:
            rig.socket.connect(rig.done)
            rig.until("feed")
            rig.transport.read_error = ERR_CONNECTION_RESET
            rig.transport.peer_sends()
            assert rig.done.result == ERR_CONNECTION_RESET

    @pytest.mark.parametrize(
        "answer, error",
        [
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", ERR_SSL_PROTOCOL_ERROR),
            (b"\0" * 100, ERR_SSL_PROTOCOL_ERROR),
            (b"SSH-2.0-OpenSSH_9.2\r\n", ERR_SSL_PROTOCOL_ERROR),
            (b"\x15\x03\x03\x00\x02\x02\x46", ERR_SSL_VERSION_OR_CIPHER_MISMATCH),  # fatal alert: protocol_version
            (b"\x15\x03\x03\x00\x02\x02\x28", ERR_SSL_VERSION_OR_CIPHER_MISMATCH),  # fatal alert: handshake_failure
            (b"\x15\x03\x03\x00\x02\x02\x50", ERR_SSL_PROTOCOL_ERROR),  # fatal alert: internal_error
        ],
    )
    def test_the_server_does_not_speak_tls_with_us(self, answer: bytes, error: int) -> None:
        """Garbage, other protocols, refusals: an error with words."""
        with tls_rig() as rig:
            rig.socket.connect(rig.done)
            rig.until("feed")
            rig.transport.peer_sends(answer)
            assert rig.done.result == error and rig.socket.error_detail
            assert is_closed_to_its_user(rig)

    def test_a_transport_that_takes_little_at_a_time(self) -> None:
        """The handshake goes on as room comes; the last flight may leave after the verdict."""
        with tls_rig() as rig:
            rig.transport.room = 0
            rig.verifier.answer = GOOD
            rig.socket.connect(rig.done)
            for _ in range(500):
                rig.settle()
                if rig.server.is_shaken:
                    break
                rig.transport.peer_takes(7)
            assert rig.server.is_shaken and rig.done.result == OK


class TestStream:
    @pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
    def version(self, request: pytest.FixtureRequest) -> ssl.TLSVersion:
        version: ssl.TLSVersion = request.param
        return version

    def test_many_records(self, version: ssl.TLSVersion) -> None:
        """More than one record is read one after the other; what is there needs no event of the transport."""
        data = bytes(range(256)) * 400
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig).server_sends(data)
            received, events = bytearray(), list[int]()
            while len(received) < len(data):
                piece = rig.socket.read(5000)
                assert isinstance(piece, bytes) and 0 < len(piece) <= 5000
                received += piece
                if len(received) < len(data):
                    before = len(events)
                    rig.socket.notify_readable(lambda: events.append(1))
                    rig.driver.run_until_idle()
                    assert len(events) == before + 1, "woken though all bytes had left the transport"
            assert bytes(received) == data
            assert rig.socket.read(5000) == ERR_IO_PENDING

    def test_half_a_record_wakes_nobody(self, version: ssl.TLSVersion) -> None:
        """Otherwise the reader would spin until the other half comes."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = connected(rig).server.send(b"hello")
            events: list[int] = []
            for cut in (3, 10):
                rig.transport.received.append(record[:cut])
                record = record[cut:]
                assert rig.socket.read(100) == ERR_IO_PENDING
                rig.socket.notify_readable(lambda: events.append(1))
                rig.driver.run_until_idle()
                assert events == []
            rig.transport.peer_sends(record)
            assert events == [1] and rig.socket.read(100) == b"hello"

    def test_a_flood_without_user_data(self, version: ssl.TLSVersion) -> None:
        """Reading stops after a while, so that others get their turn, and goes on without an event."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = connected(rig).server.send(b"hello")
            assert rig.socket.read(100) == ERR_IO_PENDING, "the tickets"
            rig.transport.received += [bytes([byte]) for byte in record]
            events: list[int] = []
            turns = 0
            while (data := rig.socket.read(100)) == ERR_IO_PENDING:
                turns += 1
                rig.socket.notify_readable(lambda: events.append(1))
                rig.driver.run_until_idle()
                assert len(events) == turns
            assert data == b"hello" and turns > 0
            assert rig.socket.read(100) == ERR_IO_PENDING and rig.socket.is_connected_and_idle()

    def test_a_flood_before_the_end(self, version: ssl.TLSVersion) -> None:
        """The end is found by a later read; an end that was seen is not forgotten."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = connected(rig).server.send(b"hello")
            assert rig.socket.read(100) == ERR_IO_PENDING, "the tickets"
            rig.transport.received += [bytes([byte]) for byte in record[:16]] + [b""]
            assert not rig.socket.is_connected_and_idle(), "nobody knows yet"
            events: list[int] = []
            rig.socket.notify_readable(lambda: events.append(1))
            rig.driver.run_until_idle()
            assert events == [1] and rig.socket.read(100) == b""

    def test_a_slow_reader(self, version: ssl.TLSVersion) -> None:
        """Writing stops when the transport takes no more; what was taken is sent later without being asked."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig)
            rig.transport.room = 100_000
            data = bytes(range(256)) * 1024
            sent = 0
            while (taken := rig.socket.write(data[sent:])) != ERR_IO_PENDING:
                assert 0 < taken <= 64 * 1024
                sent += taken
            assert 0 < sent <= 100_000 + 64 * 1024, "bounded"
            events: list[int] = []
            rig.socket.notify_writable(lambda: events.append(1))
            rig.transport.peer_takes(1000)
            assert events == [], "there is still ciphertext ahead"
            rig.transport.peer_takes(1 << 20)
            assert events == [1]
            rig.settle()
            assert bytes(rig.server.received) == data[:sent]

    def test_ciphertext_leaves_though_nobody_waits_any_more(self, version: ssl.TLSVersion) -> None:
        """cancel_notify() drops the task, not the bytes that were taken."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig)
            rig.transport.room = 10
            assert rig.socket.write(b"x" * 1000) == 1000
            rig.socket.notify_writable(lambda: pytest.fail("cancelled"))
            rig.socket.cancel_notify()
            rig.transport.peer_takes(5000)
            rig.settle()
            assert rig.server.received == b"x" * 1000
            rig.socket.cancel_notify()
            assert rig.transport.on_writable is None

    def test_writability_when_nothing_is_left_to_send(self, version: ssl.TLSVersion) -> None:
        """The transport decides."""
        with tls_rig(server=server_context(version=version)) as rig:
            events: list[int] = []
            connected(rig).socket.notify_writable(lambda: events.append(1))
            rig.transport.peer_takes(1)
            rig.transport.peer_takes(1)
            assert events == [1]

    def test_the_transport_breaks_while_ciphertext_waits(self, version: ssl.TLSVersion) -> None:
        """Whoever waits is woken, and the next write tells the error, then and for ever."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig)
            rig.transport.room = 10
            assert rig.socket.write(b"x" * 1000) == 1000
            events: list[int] = []
            rig.socket.notify_writable(lambda: events.append(1))
            rig.transport.write_error = ERR_CONNECTION_RESET
            rig.transport.peer_takes(100)
            assert events == [1]
            rig.transport.write_error = OK
            assert rig.socket.write(b"y") == ERR_CONNECTION_RESET
            assert rig.socket.write(b"y") == ERR_CONNECTION_RESET
            rig.socket.cancel_notify()
            assert rig.transport.on_writable is None

    def test_goodbye_and_hang_up_both_read_as_the_end(self, version: ssl.TLSVersion) -> None:
        """With close_notify and without, as in Chromium; again and again."""
        for says_goodbye in (True, False):
            with tls_rig(server=server_context(version=version)) as rig:
                connected(rig).server_sends(b"last words")
                if says_goodbye:
                    rig.transport.peer_sends(rig.server.say_goodbye())
                rig.transport.peer_sends(b"")
                assert [rig.socket.read(100) for _ in range(3)] == [b"last words", b"", b""]
                assert not rig.socket.is_connected() and not rig.socket.is_connected_and_idle()

    def test_half_a_record_and_the_end(self, version: ssl.TLSVersion) -> None:
        """Nothing of it is delivered."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = connected(rig).server.send(b"hello")
            rig.transport.peer_sends(record[:-1], b"")
            assert rig.socket.read(100) == b""

    def test_a_record_that_was_tampered_with(self, version: ssl.TLSVersion) -> None:
        """An error, and none of its bytes; writing fails from then on, too."""
        with tls_rig(server=server_context(version=version)) as rig:
            record = bytearray(connected(rig).server.send(b"hello"))
            record[-1] ^= 1
            rig.transport.peer_sends(bytes(record))
            result = rig.socket.read(100)
            assert isinstance(result, int) and result < ERR_IO_PENDING
            assert rig.socket.read(100) == result
            assert rig.socket.write(b"x") < ERR_IO_PENDING

    def test_good_records_before_a_bad_one(self, version: ssl.TLSVersion) -> None:
        """Are delivered first, however many one read takes; then the error, again and again."""
        with tls_rig(server=server_context(version=version)) as rig:
            good = connected(rig).server.send(b"g" * 32768)
            bad = bytearray(rig.server.send(b"bad"))
            bad[-1] ^= 1
            rig.transport.peer_sends(good + bytes(bad))
            assert rig.socket.read(65536) == b"g" * 32768
            results = {rig.socket.read(65536) for _ in range(3)}
            assert len(results) == 1 and ERR_IO_PENDING not in results and b"" not in results

    def test_the_transport_breaks_while_reading(self, version: ssl.TLSVersion) -> None:
        """Its error is the answer."""
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig).transport.read_error = ERR_CONNECTION_RESET
            assert rig.socket.read(100) == ERR_CONNECTION_RESET

    def test_was_ever_used(self, version: ssl.TLSVersion) -> None:
        """Row 105: the handshake does not count; bytes of the user do, in either direction."""
        with tls_rig(server=server_context(version=version)) as rig:
            assert not connected(rig).socket.was_ever_used
            rig.server_sends(b"x")
            rig.socket.read(100)
            assert rig.socket.was_ever_used
        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig).socket.write(b"x")
            assert rig.socket.was_ever_used

    def test_openssl_wants_to_read_before_it_writes(self, version: ssl.TLSVersion) -> None:
        """Renegotiation, which is off: a server that gets us there breaks the protocol."""

        class Renegotiating:
            """An SSLObject in the middle of it."""

            def write(self, data: bytes) -> int:
                """Cannot."""
                raise ssl.SSLWantReadError

        with tls_rig(server=server_context(version=version)) as rig:
            connected(rig)
            assert rig.socket._bio is not None
            rig.socket._bio.ssl_object = Renegotiating()  # type: ignore[assignment]
            assert rig.socket.write(b"x") == ERR_SSL_PROTOCOL_ERROR

    def test_addresses_are_the_transports(self, version: ssl.TLSVersion) -> None:
        """TLS has none of its own."""
        with tls_rig(server=server_context(version=version)) as rig:
            assert rig.socket.remote_address == rig.transport.remote_address
            assert rig.socket.local_address == rig.transport.local_address


class TestIdle:
    def test_tickets_do_not_make_it_unfit(self) -> None:
        """TLS 1.3 sends them after the handshake; they are no data of anybody."""
        with tls_rig() as rig:
            connected(rig)
            rig.transport.received.clear()
            assert rig.socket.is_connected_and_idle()
        with tls_rig() as rig:
            connected(rig)
            assert rig.transport.received, "the tickets are there"
            assert rig.socket.is_connected_and_idle() and not rig.transport.received
            assert rig.socket.write(b"hello") == 5
            rig.server_sends(b"answer")
            assert rig.socket.read(100) == b"answer"
            assert rig.socket.is_connected_and_idle()

    @pytest.mark.parametrize("size", [1, 2, 100_000])
    def test_data_that_came_early_is_seen_and_not_lost(self, size: int) -> None:
        """Row 82: an unused socket may have it; looking is not using."""
        with tls_rig() as rig:
            connected(rig).server_sends(b"abc" * size)
            for _ in range(3):
                assert not rig.socket.is_connected_and_idle()
                assert rig.socket.is_connected()
            assert not rig.socket.was_ever_used
            events: list[int] = []
            rig.socket.notify_readable(lambda: events.append(1))
            rig.driver.run_until_idle()
            assert events == [1]
            received = bytearray()
            while isinstance(piece := rig.socket.read(65536), bytes):
                received += piece
            assert bytes(received) == b"abc" * size

    def test_the_end_is_seen(self) -> None:
        """Row 38: not fit for a new request, though TCP stands, once TLS has said goodbye."""
        with tls_rig() as rig:
            connected(rig)
            rig.transport.peer_sends(rig.server.say_goodbye())
            assert not rig.socket.is_connected_and_idle()
            assert rig.socket.read(10) == b""


class TestCancel:
    @pytest.mark.parametrize("state", ["wrap", "feed", "verified"])
    def test_in_every_state(self, state: str) -> None:
        """While the context is built, while the server is silent, while the verifier thinks: no callback comes."""
        with tls_rig() as rig:
            rig.socket.connect(rig.done)
            rig.until(state)
            rig.socket.disconnect()
            rig.socket.disconnect()
            rig.settle()
            assert not rig.done.is_called and not rig.transport.is_open
            assert all(request.is_cancelled for request in rig.verifier.started)
            assert is_closed_to_its_user(rig)

    @pytest.mark.parametrize("has_begun", [False, True])
    def test_while_a_worker_has_the_handshake(self, has_begun: bool) -> None:
        """It may end its work; its reply is nobody's."""
        with tls_rig(TlsConfig(trust(), context=ssl.create_default_context())) as rig:
            rig.socket.connect(rig.done)
            job = rig.workers.jobs.popleft()
            if has_begun:
                job.run()  # the reply is posted
            rig.socket.disconnect()
            job.run()
            rig.driver.run_until_idle()
            assert not rig.done.is_called and rig.transport.sent == b""

    def test_when_connected(self) -> None:
        """Closed without a goodbye, as browsers do; no task runs any more."""
        with tls_rig() as rig:
            connected(rig).server_sends(b"abc")
            assert rig.socket.read(1) == b"a"
            rig.socket.notify_readable(lambda: pytest.fail("disconnected"))
            rig.socket.notify_writable(lambda: pytest.fail("disconnected"))
            rig.take_ciphertext()
            rig.socket.disconnect()
            rig.driver.run_until_idle()
            assert rig.transport.sent == b"" and is_closed_to_its_user(rig)

    def test_with_ciphertext_waiting(self) -> None:
        """Twice: it is dropped with the connection."""
        with tls_rig() as rig:
            connected(rig)
            rig.transport.room = 0
            assert rig.socket.write(b"x") == 1
            rig.socket.disconnect()
            rig.socket.disconnect()
            assert rig.transport.on_writable is None

    def test_a_wake_up_that_was_posted(self) -> None:
        """cancel_notify() reaches it in the loop's queue; a later wait is a new one."""
        with tls_rig() as rig:
            connected(rig).server_sends(b"abc")
            assert rig.socket.read(1) == b"a"
            rig.socket.notify_readable(lambda: pytest.fail("cancelled"))
            rig.socket.cancel_notify()
            events: list[int] = []
            rig.socket.notify_readable(lambda: events.append(1))
            rig.driver.run_until_idle()
            assert events == [1]
            rig.socket.notify_readable(lambda: pytest.fail("cancelled"))
            rig.socket.cancel_notify()
            rig.driver.run_until_idle()

    def test_before_anything_began(self) -> None:
        """A socket that never connected still owns its transport."""
        with tls_rig() as rig:
            rig.socket.notify_writable(lambda: pytest.fail("there is nothing to write"))
            rig.socket.cancel_notify()
            rig.socket.disconnect()
            assert not rig.transport.is_open
