"""TlsHandshake: what is agreed on, what is proved, and in which order. All in memory (tests/support/tls.py)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.net_errors import (
    ERR_ALPN_NEGOTIATION_FAILED,
    ERR_BAD_SSL_CLIENT_AUTH_CERT,
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_FAILED,
    ERR_FILE_NOT_FOUND,
    ERR_IO_PENDING,
    ERR_SSL_CLIENT_AUTH_CERT_NEEDED,
    ERR_SSL_HANDSHAKE_NOT_COMPLETED,
    ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from tests.cert.scripted_verifier import EXPIRED, GOOD
from tests.support.tls import (
    HOST,
    PEER,
    VERSIONS,
    TlsRig,
    TlsWorld,
    authority,
    certificate_der,
    own_context,
    server_chain,
    server_context,
    tls_rig,
    tls_world,
    trust,
    write_client_certificate,
)

UNPINNED = CertVerifyResult(
    ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN, CertStatus.PINNED_KEY_MISSING, (b"leaf",), False, ("no pinned key",)
)
either_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
either_way = pytest.mark.parametrize("is_sync", [True, False], ids=["at once", "later"])


def connect(rig: TlsRig, verdict: CertVerifyResult = GOOD, is_sync: bool = True) -> int:
    """Connects; the verdict is there at once, or comes when nothing else moves."""
    asked = len(rig.verifier.started)
    rig.verifier.answer = verdict if is_sync else None
    rig.connect()
    if not is_sync:
        assert not rig.done.is_called
        rig.verifier.started[asked].complete(verdict)
        rig.settle()
    return rig.done.result


def is_closed_to_its_user(rig: TlsRig) -> bool:
    """True while it neither reads nor writes."""
    return (
        rig.socket.read(100) == ERR_SSL_HANDSHAKE_NOT_COMPLETED
        and rig.socket.write(b"GET / HTTP/1.1\r\n") == ERR_SSL_HANDSHAKE_NOT_COMPLETED
        and not rig.socket.is_connected()
        and not rig.socket.is_connected_and_idle()
    )


def crowd(world: TlsWorld) -> list[TlsRig]:
    """So many handshakes that their crypto belongs on workers; their hellos are on their way."""
    rigs = [world.rig() for _ in range(8)]
    for rig in rigs:
        rig.socket.connect(rig.done)
    rigs[0].settle_workers()
    assert {repr(rig.socket) for rig in rigs} == {"<TlsClientSocket <TlsHandshake feed>>"}
    assert world.load.is_high
    return rigs


def hello_of(rig: TlsRig) -> bytes:
    """Begins, and gives the ClientHello, which is still on its way."""
    assert rig.socket.connect(rig.done) == ERR_IO_PENDING
    rig.until("feed")
    return bytes(rig.transport.sent)


class TestVerdict:
    @either_version
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

    @either_way
    @either_version
    def test_a_bad_one_closes_the_socket_to_its_user_for_good(self, version: ssl.TLSVersion, is_sync: bool) -> None:
        """Row 65, CertError and AsyncCertError: the error, its words, what was found out; the server gets nothing."""
        with tls_rig(server=server_context(version=version)) as rig:
            assert connect(rig, EXPIRED, is_sync) == ERR_CERT_DATE_INVALID
            assert rig.socket.error_detail == "expired"
            info = rig.socket.ssl_info
            assert info is not None and info.cert_status == CertStatus.DATE_INVALID
            assert info.peer_chain == server_chain() and info.version and info.reasons == ("expired",)
            assert is_closed_to_its_user(rig)
            rig.settle()
            assert rig.server.received == b""

    def test_the_verifier_gets_the_chain_the_host_and_whom_to_trust(self) -> None:
        """What the server sent, leaf first; what the user asked for."""
        with tls_rig() as rig:
            connect(rig)
            (request,) = rig.verifier.started
            assert (request.params.chain, request.params.hostname) == (server_chain(), HOST)
            assert request.params.trust == trust()

    def test_it_is_part_of_the_info(self) -> None:
        """Beside what the handshake agreed on; the log has it all."""
        with tls_rig() as rig:
            connect(rig)
            info = rig.socket.ssl_info
            assert info is not None and (info.host, info.version, info.alpn) == (HOST, "TLSv1.3", "")
            assert info.cipher and not info.is_resumed
            assert info.is_issued_by_known_root and info.verified_chain == GOOD.verified_chain
            log = rig.net_log
            begin = {"host": HOST, "verify": True}
            assert log.params_of(NetLogEventType.SSL_CONNECT, NetLogEventPhase.BEGIN) == [begin]
            assert log.params_of(NetLogEventType.SSL_CONNECT, NetLogEventPhase.END) == [info.to_params()]
            (seen,) = log.params_of(NetLogEventType.SSL_CERTIFICATES_RECEIVED, NetLogEventPhase.NONE)
            assert str(seen).count("BEGIN CERTIFICATE") == len(server_chain())

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
        """The user's decision; the info names no chain that was verified."""
        with tls_rig(TlsConfig(trust(verify=False)), server_context(is_trusted=False)) as rig:
            assert rig.connect() == OK
            assert rig.verifier.started == []
            info = rig.socket.ssl_info
            assert info is not None and info.verified_chain == () and info.peer_chain == server_chain(is_trusted=False)


class TestPins:
    @either_way
    def test_verify_off_asks_about_the_leaf_only(self, is_sync: bool) -> None:
        """Whose key the leaf holds is proved; anybody can append a certificate with a pinned key."""
        with tls_rig(TlsConfig(trust(verify=False)), server_context(is_trusted=False)) as rig:
            rig.world.pinned_hosts.add(HOST)
            assert connect(rig, is_sync=is_sync) == OK
            (request,) = rig.verifier.started
            assert request.params.chain == server_chain(is_trusted=False)[:1] and len(request.params.chain) == 1
            assert not request.params.trust.verify
            assert rig.socket.ssl_info is not None and rig.socket.ssl_info.verified_chain == (), "nobody vouches"

    @either_way
    @pytest.mark.parametrize("is_own", [True, False], ids=["own context", "verify off"])
    def test_without_a_pinned_key_there_is_no_connection(self, is_own: bool, is_sync: bool) -> None:
        """However little is verified otherwise."""
        config = TlsConfig(trust(verify=False), context=own_context() if is_own else None)
        with tls_rig(config) as rig:
            rig.world.pinned_hosts.add(HOST)
            assert connect(rig, UNPINNED, is_sync) == ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN
            info = rig.socket.ssl_info
            assert info is not None and info.cert_status == CertStatus.PINNED_KEY_MISSING
            assert rig.socket.error_detail == "no pinned key" and is_closed_to_its_user(rig)

    def test_other_hosts_are_not_asked_about(self) -> None:
        """Pins of one host are nothing to another."""
        with tls_rig(TlsConfig(trust(verify=False))) as rig:
            rig.world.pinned_hosts.add("b.test")
            assert rig.connect() == OK and rig.verifier.started == []

    @pytest.mark.parametrize("verifies", [True, False])
    def test_own_context(self, verifies: bool) -> None:
        """The chain that OpenSSL has proved is looked at, up to the root; without a proof the leaf only."""
        own = own_context()
        if not verifies:
            own.check_hostname, own.verify_mode = False, ssl.CERT_NONE
        with tls_rig(TlsConfig(trust(), context=own)) as rig:
            rig.world.pinned_hosts.add(HOST)
            assert connect(rig) == OK
            (request,) = rig.verifier.started
            chain = request.params.chain
            assert not request.params.trust.verify, "whom to trust was OpenSSL's business"
            assert chain == (
                (*server_chain(), certificate_der(authority().cert_pem)) if verifies else server_chain()[:1]
            )
            assert rig.socket.ssl_info is not None
            assert rig.socket.ssl_info.verified_chain == (chain if verifies else ())

    @either_version
    def test_a_certificate_of_an_own_context_waits_for_the_pins(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        """OpenSSL is content with the server, the pins are not: it does not learn who the user is."""
        own, mine = own_context(), write_client_certificate(tmp_path)
        own.load_cert_chain(mine.cert_file, mine.key_file)
        with tls_rig(TlsConfig(trust(), context=own), server_context(wants_certificate=True, version=version)) as rig:
            rig.world.pinned_hosts.add(HOST)
            hello = hello_of(rig)
            rig.settle()
            assert (
                rig.all_sent == hello and rig.verifier.started[0].params.chain[: len(server_chain())] == server_chain()
            )
            rig.verifier.started[0].complete(UNPINNED)
            rig.settle()
            assert rig.done.result == ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN and rig.all_sent == hello


class LateJudge(ssl.SSLObject):
    """As truststore's: OpenSSL's handshake is over when it says no."""

    def do_handshake(self) -> None:
        """Refuses whoever it may be."""
        super().do_handshake()
        raise ssl.SSLCertVerificationError("nobody is good enough")


class TestOwnContext:
    def test_it_gives_the_verdict_on_a_worker(self) -> None:
        """It is used as it is; our verifier has no say, and OpenSSL with its callbacks does not run on our thread."""
        with tls_rig(TlsConfig(trust(), context=own_context())) as rig:
            assert rig.socket.connect(rig.done) == ERR_IO_PENDING
            assert len(rig.workers.jobs) == 1 and not rig.transport.sent
            rig.settle()
            assert rig.done.result == OK and rig.verifier.started == []
            assert rig.socket.write(b"hello") == 5

    @pytest.mark.parametrize("mode", [ssl.CERT_REQUIRED, ssl.CERT_NONE], ids=lambda mode: mode.name)
    @either_version
    def test_the_chain_that_was_proved(self, version: ssl.TLSVersion, mode: ssl.VerifyMode) -> None:
        """From the leaf to the root with CERT_REQUIRED; none where OpenSSL was told to look away."""
        own = own_context()
        own.check_hostname, own.verify_mode = mode is ssl.CERT_REQUIRED, mode
        with tls_rig(TlsConfig(trust(), context=own), server_context(version=version)) as rig:
            assert rig.connect() == OK
            info = rig.socket.ssl_info
            assert info is not None and info.peer_chain == server_chain() and info.cert_status == CertStatus(0)
            root = certificate_der(authority().cert_pem)
            assert info.verified_chain == ((*server_chain(), root) if mode is ssl.CERT_REQUIRED else ())

    @either_version
    def test_a_server_that_it_does_not_trust(self, version: ssl.TLSVersion) -> None:
        """The error with OpenSSL's words, the chain and what is wrong; the server gets an alert, and nothing else."""
        with tls_rig(TlsConfig(trust(), context=ssl.create_default_context()), server_context(version=version)) as rig:
            assert rig.connect() == ERR_CERT_AUTHORITY_INVALID
            info = rig.socket.ssl_info
            assert info is not None and info.peer_chain == server_chain()
            assert info.cert_status == CertStatus.AUTHORITY_INVALID and info.reasons == (rig.socket.error_detail,)
            assert "certificate" in rig.socket.error_detail
            assert is_closed_to_its_user(rig)
            assert rig.server.error is not None and "ALERT" in (rig.server.error.reason or "")
            assert rig.server.received == b""

    def test_another_name(self) -> None:
        """OpenSSL checks the name, too."""
        with tls_rig(TlsConfig(trust(), context=own_context()), host="b.test") as rig:
            assert rig.connect() == ERR_CERT_COMMON_NAME_INVALID
            assert rig.socket.ssl_info is not None
            assert rig.socket.ssl_info.cert_status == CertStatus.COMMON_NAME_INVALID

    def test_a_failure_that_is_not_about_the_certificate_proves_nothing(self) -> None:
        """No status is made up for a handshake that broke off after the chain had come."""
        server = server_context(wants_certificate=True, version=ssl.TLSVersion.TLSv1_2)
        with tls_rig(TlsConfig(trust(), context=own_context()), server) as rig:
            assert rig.connect() == ERR_BAD_SSL_CLIENT_AUTH_CERT, "the context may have a certificate: nobody can tell"
            assert rig.socket.ssl_info is None

    def test_a_context_for_servers(self) -> None:
        """The user's mistake: an error with OpenSSL's words, no exception."""
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tls_rig(TlsConfig(trust(), context=own)) as rig:
            assert rig.connect() == ERR_SSL_PROTOCOL_ERROR
            assert "PROTOCOL_TLS_SERVER" in rig.socket.error_detail and not rig.transport.sent

    def test_what_it_does_to_begin_with_is_a_workers(self) -> None:
        """Others read the authorities of the system each time, under a lock that may be taken."""
        wrapped: list[int] = []

        class Slow(ssl.SSLContext):
            """Notes that somebody waits for it."""

            def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
                """See ssl.SSLContext."""
                wrapped.append(1)
                return super().wrap_bio(*args, **options)

        own = Slow(ssl.PROTOCOL_TLS_CLIENT)
        authority().configure_trust(own)
        with tls_rig(TlsConfig(trust(), context=own)) as rig:
            assert rig.socket.connect(rig.done) == ERR_IO_PENDING
            assert wrapped == [] and len(rig.workers.jobs) == 1
            rig.settle()
            assert wrapped == [1] and rig.done.result == OK

    @either_version
    def test_one_that_judges_late(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        """The last flight, with the certificate in it, is made by then, and stays here."""
        own, mine = own_context(), write_client_certificate(tmp_path)
        own.load_cert_chain(mine.cert_file, mine.key_file)
        own.sslobject_class = LateJudge
        with tls_rig(TlsConfig(trust(), context=own), server_context(wants_certificate=True, version=version)) as rig:
            assert rig.connect() == ERR_CERT_INVALID and rig.socket.error_detail == "nobody is good enough"
            if version is ssl.TLSVersion.TLSv1_3:  # in which there is no flight between that one and the verdict
                assert not rig.server.is_shaken and rig.server.error is None

    def test_a_protocol_that_is_not_spoken_above(self) -> None:
        """It offers it, the server takes it: the words say what to do."""
        own = own_context()
        own.set_alpn_protocols(["h2", "http/1.1"])
        with tls_rig(TlsConfig(trust(), context=own), server_context(alpn=("h2",))) as rig:
            assert rig.connect() == ERR_ALPN_NEGOTIATION_FAILED
            assert "'h2'" in rig.socket.error_detail and "set_alpn_protocols" in rig.socket.error_detail
            assert is_closed_to_its_user(rig)

    def test_a_worker_that_fails(self) -> None:
        """A bug or a lack of threads ends the connection, not the process."""
        with tls_rig(TlsConfig(trust(), context=ssl.create_default_context())) as rig:
            rig.socket.connect(rig.done)
            rig.workers.jobs.popleft().fail(RuntimeError("no threads"))
            rig.driver.run_until_idle()
            assert rig.done.result == ERR_UNEXPECTED

    def test_the_loop_leaves_the_memory_of_a_running_worker_alone(self) -> None:
        """Writability that comes while OpenSSL runs elsewhere flushes nothing: the worker's end does."""
        with tls_rig(TlsConfig(trust(), context=own_context())) as rig:
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


class TestClientCertificate:
    @either_way
    @either_version
    def test_a_server_that_is_verified_gets_it(self, tmp_path: Path, version: ssl.TLSVersion, is_sync: bool) -> None:
        """Row 242, ClientAuth: after the verdict, not before it; what was agreed on is complete."""
        certificate = write_client_certificate(tmp_path)
        with tls_rig(TlsConfig(trust(), certificate), server_context(wants_certificate=True, version=version)) as rig:
            assert connect(rig, is_sync=is_sync) == OK
            assert rig.verifier.started[0].params.chain == server_chain()
            info = rig.socket.ssl_info
            assert info is not None and info.version == version.name.replace("_", ".") and info.cipher
            assert info.peer_chain == server_chain() and info.verified_chain == GOOD.verified_chain
            assert rig.socket.write(b"hello") == 5
            rig.settle()
            assert rig.server.received == b"hello" and rig.server.ssl.getpeercert()
            if version is ssl.TLSVersion.TLSv1_2:
                assert certificate_der(Path(certificate.cert_file)) in rig.all_sent, "this is where one would see it"

    @either_way
    @either_version
    def test_nobody_who_is_not_verified_gets_it(self, tmp_path: Path, version: ssl.TLSVersion, is_sync: bool) -> None:
        """Row 65: after the ClientHello nothing leaves, before the verdict or after it; not even an alert."""
        certificate = write_client_certificate(tmp_path)
        server = server_context(wants_certificate=True, is_trusted=False, version=version)
        with tls_rig(TlsConfig(trust(), certificate), server) as rig:
            hello = hello_of(rig)
            if is_sync:
                rig.verifier.answer = EXPIRED
            rig.settle()
            assert rig.all_sent == hello
            if not is_sync:
                assert not rig.done.is_called
                rig.verifier.started[0].complete(EXPIRED)
            assert rig.done.result == ERR_CERT_DATE_INVALID and rig.socket.error_detail == "expired"
            rig.settle()
            assert rig.all_sent == hello
            assert not rig.server.is_shaken and rig.server.error is None
            with pytest.raises(ValueError, match="handshake not done"):
                rig.server.ssl.getpeercert()
            info = rig.socket.ssl_info
            assert info is not None and info.peer_chain == server_chain(is_trusted=False)
            assert info.cert_status == CertStatus.DATE_INVALID and is_closed_to_its_user(rig)

    @either_version
    def test_a_socket_that_is_closed_meanwhile_has_not_sent_it(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        """While the verifier thinks."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        with tls_rig(config, server_context(wants_certificate=True, version=version)) as rig:
            hello = hello_of(rig)
            rig.until("judged")
            rig.socket.disconnect()
            rig.settle()
            assert rig.all_sent == hello and not rig.server.is_shaken

    @either_version
    @pytest.mark.parametrize("is_pinned", [True, False])
    def test_verify_off_sends_it_to_anybody(self, tmp_path: Path, version: ssl.TLSVersion, is_pinned: bool) -> None:
        """As the user wished; pins, if there are any, have their say before."""
        config = TlsConfig(trust(verify=False), write_client_certificate(tmp_path))
        with tls_rig(config, server_context(wants_certificate=True, is_trusted=False, version=version)) as rig:
            if is_pinned:
                rig.world.pinned_hosts.add(HOST)
                hello = hello_of(rig)
                rig.settle()
                assert rig.all_sent == hello
                rig.verifier.started[0].complete(GOOD)
                rig.settle()
            else:
                assert rig.connect() == OK and rig.verifier.started == []
            assert rig.done.result == OK and rig.server.ssl.getpeercert()

    @either_version
    def test_byte_by_byte(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        """However the server's flight is cut: there is one verdict, and nothing leaves before it."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        with tls_rig(config, server_context(wants_certificate=True, version=version)) as rig:
            hello = hello_of(rig)
            for byte in rig.server.receive(rig.take_ciphertext()):
                rig.transport.peer_sends(bytes([byte]))
                rig.settle_workers()
                assert rig.all_sent == hello and not rig.transport.sent
            (request,) = rig.verifier.started
            request.complete(GOOD)
            rig.settle()
            assert rig.done.result == OK and rig.verifier.started == [request] and rig.server.ssl.getpeercert()

    @either_version
    def test_a_session_does_not_vouch_for_another_server(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        """Who does not take the session, but shows a chain of its own, is judged by that, and gets no certificate."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        with tls_world() as world:
            good = world.rig(config, server_context(wants_certificate=True, version=version))
            assert connect(good) == OK
            good.server_sends(b"x")
            assert good.socket.read(10) == b"x" and len(world.sessions) == 1
            rogue = world.rig(config, server_context(wants_certificate=True, is_trusted=False, version=version))
            hello = hello_of(rogue)
            world.verifier.answer = None
            rogue.settle()
            request = world.verifier.started[-1]
            assert request.params.chain == server_chain(is_trusted=False) and rogue.all_sent == hello
            request.complete(EXPIRED)
            rogue.settle()
            assert rogue.done.result == ERR_CERT_DATE_INVALID and rogue.all_sent == hello
            assert len(world.sessions) == 0

    @either_version
    def test_resumed(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        """The certificate is not shown again; the last flight waits for the verdict all the same."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        server = server_context(wants_certificate=True, version=version)
        with tls_world() as world:
            first = world.rig(config, server)
            assert connect(first) == OK
            first.server_sends(b"x")
            assert first.socket.read(10) == b"x"
            second = world.rig(config, server)
            assert connect(second, EXPIRED, is_sync=False) == ERR_CERT_DATE_INVALID
            assert second.server.ssl.session_reused and not second.server.is_shaken
            assert world.verifier.started[-1].params.chain == server_chain()

    def test_one_that_cannot_be_read(self, tmp_path: Path) -> None:
        """The error says so before anything is sent."""
        config = TlsConfig(trust(), ClientCertificate(str(tmp_path / "nothing.pem")))
        with tls_rig(config) as rig:
            assert rig.connect() == ERR_FILE_NOT_FOUND
            assert rig.socket.error_detail and not rig.transport.sent

    @pytest.mark.parametrize("has_one", [True, False], ids=["a bad one", "none"])
    @either_version
    def test_the_server_does_not_like_it(self, tmp_path: Path, version: ssl.TLSVersion, has_one: bool) -> None:
        """Row 242, ClientAuthNoCertificate: in the handshake of TLS 1.2, with the first read of TLS 1.3."""
        certificate = write_client_certificate(tmp_path, is_trusted=False) if has_one else None
        with tls_rig(TlsConfig(trust(), certificate), server_context(wants_certificate=True, version=version)) as rig:
            result: object = connect(rig)
            if version is ssl.TLSVersion.TLSv1_3:
                assert result == OK
                result = rig.socket.read(100)
            assert result == (ERR_BAD_SSL_CLIENT_AUTH_CERT if has_one else ERR_SSL_CLIENT_AUTH_CERT_NEEDED)

    @either_version
    def test_a_handshake_that_breaks_before_the_verdict_ends_without_an_alert(
        self, tmp_path: Path, version: ssl.TLSVersion
    ) -> None:
        """What OpenSSL has ready by then may hold the certificate."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        with tls_rig(config, server_context(wants_certificate=True, version=version)) as rig:
            hello = hello_of(rig)
            flight = bytearray(rig.server.receive(rig.take_ciphertext()))
            last = server_chain()[-1]  # in TLS 1.2 it can be seen, and the signature of the key exchange follows
            flight[flight.index(last) + len(last) + 100 if last in flight else -20] ^= 1
            rig.transport.peer_sends(bytes(flight))
            rig.settle_workers()
            bio = rig.socket._handshake.bio
            assert rig.done.result < ERR_IO_PENDING and rig.verifier.started == []
            assert rig.all_sent == hello and not rig.transport.sent
            assert bio is not None and bio.has_unsent, "there was something to send"

    @either_version
    def test_room_below_lets_nothing_out_before_the_verdict(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        """The rest of the hello leaves when the transport takes more; what OpenSSL has made since stays here."""
        config = TlsConfig(trust(), write_client_certificate(tmp_path))
        with tls_rig(config, server_context(wants_certificate=True, version=version)) as rig:
            hello = hello_of(rig)
            bio = rig.socket._handshake.bio
            assert bio is not None
            rig.settle()
            bio._unsent = b"rest of the hello"
            bio.notify_writable(lambda: None)
            rig.transport.peer_takes(1000)
            assert rig.all_sent == hello and bytes(rig.transport.sent) == b"rest of the hello" and bio.has_unsent
            rig.socket.disconnect()


class TestAgreement:
    @pytest.mark.parametrize(
        "offered, known, agreed",
        [(("h2", "http/1.1"), ("h2",), "h2"), (("http/1.1",), ("h2", "http/1.1"), "http/1.1"), (("h2",), (), "")],
    )
    def test_alpn(self, offered: tuple[str, ...], known: tuple[str, ...], agreed: str) -> None:
        """What both know, the server's taste first; nothing if the server does not say."""
        with tls_rig(TlsConfig(trust(), alpn=offered), server_context(alpn=known)) as rig:
            connect(rig)
            assert rig.socket.ssl_info is not None and rig.socket.ssl_info.alpn == agreed

    @pytest.mark.parametrize("host, name", [(HOST, HOST), ("127.0.0.1", None), ("::1", None)])
    def test_sni(self, host: str, name: str | None) -> None:
        """The name, but never an IP address (RFC 6066 §3)."""
        asked: list[str | None] = []
        server = server_context()
        server.sni_callback = lambda _, name, __: asked.append(name)
        with tls_rig(server=server, host=host) as rig:
            connect(rig)
        assert asked == [name]

    def test_a_name_that_cannot_be_sent(self) -> None:
        """An error, no exception."""
        with tls_rig(host="a" * 64 + ".test") as rig:
            assert rig.connect() == ERR_SSL_PROTOCOL_ERROR and rig.socket.error_detail

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
            assert rig.socket.ssl_info is None and is_closed_to_its_user(rig)

    def test_a_server_that_never_stops_talking(self) -> None:
        """Others get their turns, and it ends before much has come."""
        hello_request = b"\x16\x03\x03\x00\x04" + bytes(4)  # OpenSSL passes over any number of them
        with tls_rig(server=server_context(version=ssl.TLSVersion.TLSv1_2)) as rig:
            hello_of(rig)
            rig.transport.received += [hello_request * 1800] * 40
            turns = 0
            while not rig.done.is_called:
                before = len(rig.transport.received)
                rig.transport.tell_readable()
                turns += 1
                assert before - len(rig.transport.received) <= 4
            assert rig.done.result == ERR_SSL_PROTOCOL_ERROR and turns > 3 and len(rig.transport.received) > 20
            assert rig.socket.error_detail == "the server says more than a handshake has"

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


class TestResumption:
    @either_version
    def test_the_verdict_is_asked_for_with_the_chain_of_back_then(self, version: ssl.TLSVersion) -> None:
        """A resumed handshake shows no certificate, but a trust that was taken away counts for it as well."""
        server = server_context(version=version)
        with tls_world() as world:
            first = world.rig(server=server)
            assert connect(first) == OK
            first.server_sends(b"x")
            assert first.socket.read(10) == b"x"
            second = world.rig(server=server)
            assert connect(second, EXPIRED) == ERR_CERT_DATE_INVALID
            assert second.server.ssl.session_reused and is_closed_to_its_user(second)
            info = second.socket.ssl_info
            assert info is not None and info.is_resumed and info.peer_chain == server_chain()
            assert info.cert_status == CertStatus.DATE_INVALID
            first_asked, second_asked = world.verifier.started
            assert first_asked.params == second_asked.params
            assert len(world.sessions) == 0, "a failure forgets"

    @either_version
    def test_a_good_one(self, version: ssl.TLSVersion) -> None:
        """The info says so, with the chain of back then."""
        server = server_context(version=version)
        with tls_world() as world:
            for is_resumed in (False, True):
                rig = world.rig(server=server)
                assert connect(rig) == OK
                rig.server_sends(b"x")
                assert rig.socket.read(10) == b"x"
                info = rig.socket.ssl_info
                assert info is not None and info.is_resumed == is_resumed == rig.server.ssl.session_reused
                assert info.peer_chain == server_chain() and info.verified_chain == GOOD.verified_chain

    def test_own_contexts_are_offered_none(self) -> None:
        """Even if there were one."""
        own, server = own_context(), server_context()
        config = TlsConfig(trust(), context=own)
        with tls_world() as world:
            first, second = world.rig(config, server), world.rig(config, server)
            assert first.connect() == OK
            first.server_sends(b"x")
            assert first.socket.read(10) == b"x"
            bio = first.socket._handshake.bio
            assert bio is not None and bio.ssl_object.session is not None
            world.sessions.store((PEER, config), bio.ssl_object.session, own, server_chain(), "TLSv1.3")
            assert second.connect() == OK and not second.server.ssl.session_reused


class TestLoad:
    def test_one_alone_runs_on_this_thread(self) -> None:
        """Two thread crossings would cost more than its crypto."""
        with tls_rig() as rig:
            hello_of(rig)
            assert rig.serve() and not rig.workers.jobs and rig.verifier.started

    def test_of_several_the_crypto_runs_on_workers(self) -> None:
        """From the server's answer on: the hello before it is cheap. The last ones have the thread to themselves."""
        with tls_world() as world:
            world.verifier.answer = GOOD
            rigs = crowd(world)
            for rig in rigs:
                has_crowd = world.load.is_high
                rig.serve()
                assert len(world.workers.jobs) == has_crowd
                assert rig.done.is_called != has_crowd
                rig.settle()
                assert rig.done.result == OK

    def test_a_bug_gives_it_back_with_the_socket(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Whoever owns a connection that failed closes it."""
        with tls_world() as world:
            rig = world.rig()
            world.verifier.answer = GOOD
            rig.socket.connect(rig.done)
            rig.until("feed")
            handshake = rig.socket._handshake
            assert handshake.bio is not None
            handshake.bio.ssl_object = None  # type: ignore[assignment]
            rig.transport.peer_sends(b"x")
            assert rig.done.result == ERR_UNEXPECTED and "AttributeError" in capsys.readouterr().err
            rig.socket.disconnect()
            assert repr(world.load) == "<HandshakeLoad 0>"
            world.net_log.entries.clear()  # the step that raised did not come to its end


class TestCancel:
    @pytest.mark.parametrize("state", ["wrap", "feed", "judged"])
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
            assert is_closed_to_its_user(rig) and repr(rig.world.load) == "<HandshakeLoad 0>"

    @pytest.mark.parametrize("has_begun", [False, True])
    @pytest.mark.parametrize("is_own", [False, True], ids=["several", "own context"])
    def test_while_a_worker_has_it(self, is_own: bool, has_begun: bool) -> None:
        """It may end its work; its reply is nobody's."""
        with tls_world() as world:
            crowd(world)
            rig = world.rig(TlsConfig(trust(), context=own_context() if is_own else None))
            rig.socket.connect(rig.done)
            rig.until("shaken")
            sent = len(rig.transport.sent)
            job = world.workers.jobs.popleft()
            if has_begun:
                job.run()  # the reply is posted
            rig.socket.disconnect()
            job.run()
            rig.driver.run_until_idle()
            assert not rig.done.is_called and len(rig.transport.sent) == sent
