"""What somebody on the way, or a server that is not what it says, must not get or achieve; over real sockets."""

from __future__ import annotations

import itertools
import ssl
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netstack_sync import CertificateError, DnsSettings, NetError, Session, TLSError, TlsSettings, TruncatedBody
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_INCOMPLETE_CHUNKED_ENCODING,
    ERR_SSL_CLIENT_AUTH_CERT_NEEDED,
    ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
)
from netstack_sync.fetcher.response import Response
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.certificates import CertificateAuthority, process_authority
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close, raw
from netstack_sync.testing.script import CLOSE, CUT
from netstack_sync.testing.server_tls import TlsRecipe
from tests.support.tls import VERSIONS, authority, certificate_der, server_context, write_client_certificate
from tests.support.tls_recorder import tls_recorder

pytestmark = pytest.mark.filterwarnings("ignore::netstack_sync.base.tls_warnings.InsecureTlsWarning")

either_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
CLOSE_AFTER = {"Connection": "close"}
SECRET = "Bearer very-secret"


def is_resumed(response: Response) -> bool:
    """Whether its handshake went on from an earlier one."""
    assert response.certificate is not None
    return response.certificate.is_resumed


def learns_to_resume(session: Session, url: str, verify: bool | str | None = None) -> bool:
    """Never the first time, then soon: a slow machine may have opened a connection more in the beginning."""
    options = {} if verify is None else {"verify": verify}
    found = [is_resumed(session.get(url, **options)) for _ in range(4)]  # type: ignore[arg-type]
    return not found[0] and any(found)


def net_error_of(error: pytest.ExceptionInfo[NetError]) -> int:
    """Its number."""
    return error.value.net_error.number


def ca_file(folder: Path) -> str:
    """A file that trusts the authority of tests/support/tls.py."""
    path = folder / "ca.pem"
    path.write_bytes(authority().cert_pem.bytes())
    return str(path)


class TestSessions:
    """What one connection has proved counts for nobody else."""

    @either_version
    def test_of_one_host_are_not_offered_to_another(self, version: ssl.TLSVersion) -> None:
        """Row 242, SSLSessionCacheShardTest: OpenSSL would go on without looking at the other's certificate."""
        with EmbeddedServer(tls=TlsRecipe(names=("a.test",), max_version=version)) as server:
            rules = ", ".join(f"MAP {host} 127.0.0.1:{server.port}" for host in ("a.test", "b.test"))
            dns = DnsSettings(host_resolver_rules=rules)
            with Session(verify=server.ca_file, dns=dns, headers=CLOSE_AFTER) as session:
                assert learns_to_resume(session, "https://a.test/hello"), "or there would be nothing to steal"
                server.forget_requests()
                for _ in range(2):
                    with pytest.raises(CertificateError) as caught:
                        session.get("https://b.test/hello")
                    assert net_error_of(caught) == ERR_CERT_COMMON_NAME_INVALID
                    assert caught.value.ssl_info is not None and not caught.value.ssl_info.is_resumed
                assert server.requests == []

    @either_version
    def test_of_an_unverified_connection_are_not_offered_by_a_verified_one(self, version: ssl.TLSVersion) -> None:
        """R21 (CVE-2024-0853): in no order; the verdict on what was resumed was asked for with its own trust."""
        with EmbeddedServer(tls=TlsRecipe(max_version=version)) as server, Session(headers=CLOSE_AFTER) as session:
            url = server.url("/hello")
            assert learns_to_resume(session, url, verify=False)
            server.forget_requests()
            with pytest.raises(CertificateError) as caught:
                session.get(url)
            assert net_error_of(caught) == ERR_CERT_AUTHORITY_INVALID and server.requests == []
            assert learns_to_resume(session, url, verify=server.ca_file), "it has its own"

    @either_version
    def test_of_another_session_are_not_offered(self, version: ssl.TLSVersion) -> None:
        """Two sessions share nothing, whatever they trust."""
        with EmbeddedServer(tls=TlsRecipe(max_version=version)) as server:
            url = server.url("/hello")
            with Session(verify=False, headers=CLOSE_AFTER) as careless:
                assert learns_to_resume(careless, url)
                careful = Session(verify=True, trust_env=False, headers=CLOSE_AFTER)
                with careful, pytest.raises(CertificateError):
                    careful.get(url)
                with Session(verify=server.ca_file, headers=CLOSE_AFTER) as other:
                    assert not is_resumed(other.get(url))

    @either_version
    @pytest.mark.parametrize("keeps_alive", [True, False])
    def test_end_with_the_trust_they_were_made_in(
        self, version: ssl.TLSVersion, keeps_alive: bool, tmp_path: Path
    ) -> None:
        """R1 (CVE-2026-11564): trust that was taken away is taken from connections and sessions that stand, too."""
        path = tmp_path / "ca.pem"
        headers = {} if keeps_alive else CLOSE_AFTER
        with EmbeddedServer(tls=TlsRecipe(max_version=version)) as server:
            path.write_bytes(server.ca_pem)
            with Session(verify=str(path), headers=headers) as session:
                url = server.url("/hello")
                if keeps_alive:
                    assert [session.get(url).connection_reused for _ in range(2)] == [False, True]
                else:
                    assert learns_to_resume(session, url)
                server.forget_requests()
                path.write_bytes(CertificateAuthority().pem)
                session.reload_tls()
                for _ in range(2):
                    with pytest.raises(CertificateError) as caught:
                        session.get(url)
                    assert net_error_of(caught) == ERR_CERT_AUTHORITY_INVALID
                    assert caught.value.ssl_info is not None and not caught.value.ssl_info.is_resumed
                assert server.requests == []
                path.write_bytes(server.ca_pem)
                session.reload_tls()
                again = session.get(url)
                assert not again.connection_reused and not is_resumed(again)

    def test_can_be_done_without(self) -> None:
        """A server must not be able to recognise who does not want it."""
        with (
            EmbeddedServer(tls=True) as server,
            Session(verify=server.ca_file, tls=TlsSettings(session_resumption=False), headers=CLOSE_AFTER) as session,
        ):
            assert not any(is_resumed(session.get(server.url("/hello"))) for _ in range(3))


class TestVerdict:
    """Not one byte before it."""

    @either_version
    def test_a_server_that_cannot_be_verified_reads_nothing(self, version: ssl.TLSVersion, tmp_path: Path) -> None:
        """Rule R21: it shakes hands to the end, and that was all."""
        with (
            tls_recorder(server_context(is_trusted=False, version=version)) as rogue,
            Session(verify=ca_file(tmp_path), auth=("user", "secret")) as session,
        ):
            for method, content in (("GET", None), ("POST", b"body")):
                with pytest.raises(CertificateError) as caught:
                    session.request(method, rogue.url, content=content, headers={"X-Token": "secret"})
                assert net_error_of(caught) == ERR_CERT_AUTHORITY_INVALID and not caught.value.may_have_been_sent
            rogue.wait_for_silence()
            assert set(rogue.plaintexts) == {b""}

    @either_version
    def test_nor_when_many_are_asked_at_once(self, version: ssl.TLSVersion, tmp_path: Path) -> None:
        """64 threads, so that crypto runs on workers, among requests to a good server that are all answered."""
        barrier = threading.Barrier(64)

        def attack(number: int) -> int | None:
            barrier.wait(20)
            try:
                url = good.url if number % 4 == 0 else rogue.url
                return None if session.get(url, auth=("user", "secret")).content == b"ok" else 0
            except CertificateError as error:
                return error.net_error.number

        with (
            tls_recorder(server_context(is_trusted=False, version=version)) as rogue,
            tls_recorder(server_context(version=version)) as good,
            Session(verify=ca_file(tmp_path)) as session,
            ThreadPoolExecutor(64) as threads,
        ):
            outcomes = list(threads.map(attack, range(64)))
            session.close()
            rogue.wait_for_silence()
            assert outcomes == [None if number % 4 == 0 else ERR_CERT_AUTHORITY_INVALID for number in range(64)]
            assert rogue.ciphertexts and set(rogue.plaintexts) == {b""}
            good.wait_for_silence()
            assert b"".join(good.plaintexts).count(b"GET / HTTP/1.1") == 16

    @pytest.mark.parametrize(
        "leaf, error",
        [
            ("expired", ERR_CERT_DATE_INVALID),
            ("wrong_host", ERR_CERT_COMMON_NAME_INVALID),
            ("self_signed", ERR_CERT_AUTHORITY_INVALID),
        ],
    )
    def test_whatever_is_wrong_with_it(self, leaf: str, error: int) -> None:
        """Row 65, rows 242 HTTPSMismatchedTest and HTTPSExpiredTest: with what was found out."""
        recipe = TlsRecipe(leaf=leaf)  # type: ignore[arg-type]
        with EmbeddedServer(tls=recipe) as server, Session(verify=server.ca_file) as session:
            with pytest.raises(CertificateError) as caught:
                session.get(server.url("/hello"))
            assert net_error_of(caught) == error and server.requests == []
            assert caught.value.ssl_info is not None and caught.value.chain and caught.value.reasons


class TestVerifyOff:
    """The wish of one request is no other's."""

    @pytest.mark.parametrize("order", list(itertools.permutations(["off", "default", "ca"])), ids="-".join)
    @pytest.mark.parametrize("keeps_alive", [True, False])
    @either_version
    def test_in_any_order(self, version: ssl.TLSVersion, keeps_alive: bool, order: tuple[str, ...]) -> None:
        """Row 175, HTTPSBadCertificate: neither by keep-alive nor by resumption; three rounds, so both happen."""
        headers = {} if keeps_alive else CLOSE_AFTER
        with (
            EmbeddedServer(tls=TlsRecipe(max_version=version)) as server,
            Session(trust_env=False, headers=headers) as session,
        ):
            url, answered = server.url("/hello"), 0
            for wish in order * 3:
                if wish == "default":
                    with pytest.raises(CertificateError):
                        session.get(url)
                    continue
                response = session.get(url, verify=False if wish == "off" else server.ca_file)
                assert response.certificate is not None
                assert bool(response.certificate.verified_chain) == (wish == "ca")
                answered += 1
            assert len(server.requests) == answered == 6

    def test_of_a_session_can_be_taken_back_by_a_request(self) -> None:
        """The careful request of a careless session is careful, whatever stands idle."""
        with EmbeddedServer(tls=True) as server, Session(verify=False, trust_env=False) as session:
            for _ in range(2):
                assert session.get(server.url("/hello")).ok
                with pytest.raises(CertificateError):
                    session.get(server.url("/hello"), verify=True)
            assert len(server.requests) == 2

    def test_does_not_follow_a_redirect_out_of_its_request(self) -> None:
        """It holds for the redirects of its own request, and for nothing else."""
        with EmbeddedServer(tls=True) as server, Session(trust_env=False) as session:
            assert session.get(server.url("/redirect/1"), verify=False).ok
            with pytest.raises(CertificateError):
                session.get(server.url("/redirect/1"))


class TestClientCertificate:
    """Who we are is told to nobody who has not proved who he is."""

    @either_version
    @pytest.mark.parametrize("count", [1, 16], ids=["one", "many"])
    def test_a_rogue_server_never_sees_it(self, version: ssl.TLSVersion, count: int, tmp_path: Path) -> None:
        """Row 242, ClientAuth: it asks for it, and gets not even the end of a handshake."""
        certificate = write_client_certificate(tmp_path)
        pair = (certificate.cert_file, str(certificate.key_file))
        der = certificate_der(Path(certificate.cert_file))
        context = server_context(is_trusted=False, wants_certificate=True, version=version)
        with (
            tls_recorder(context) as rogue,
            Session(verify=ca_file(tmp_path), cert=pair) as session,
            ThreadPoolExecutor(count) as threads,
        ):
            for outcome in [threads.submit(session.get, rogue.url) for _ in range(count)]:
                error = outcome.exception()
                assert isinstance(error, CertificateError) and error.net_error.number == ERR_CERT_AUTHORITY_INVALID
            session.close()
            rogue.wait_for_silence()
            assert rogue.handshakes == 0 and rogue.certificates == [] and rogue.ciphertexts
            assert not any(der in ciphertext for ciphertext in rogue.ciphertexts)
            assert not any(rogue.plaintexts)

    @either_version
    def test_a_good_server_sees_it(self, version: ssl.TLSVersion, tmp_path: Path) -> None:
        """Row 242, ClientAuth: so the recorder above would have seen it, too."""
        certificate = write_client_certificate(tmp_path)
        der = certificate_der(Path(certificate.cert_file))
        with tls_recorder(server_context(wants_certificate=True, version=version)) as good:
            pair = (certificate.cert_file, str(certificate.key_file))
            with Session(verify=ca_file(tmp_path), cert=pair, headers=CLOSE_AFTER) as session:
                assert session.get(good.url).content == b"ok"
            good.wait_for_silence()
            assert set(good.certificates) == {der}
            assert any(der in sent for sent in good.ciphertexts) == (version is ssl.TLSVersion.TLSv1_2)

    @either_version
    def test_one_request_with_it_is_no_reason_for_the_next_to_have_it(
        self, version: ssl.TLSVersion, tmp_path: Path
    ) -> None:
        """R1 (CVE-2026-8932): neither by keep-alive nor by resumption. Row 242, ClientAuthNoCertificate."""
        client = process_authority().issue(["me"], is_client=True)
        recipe = TlsRecipe(max_version=version, client_ca=process_authority().pem)
        with EmbeddedServer(tls=recipe) as server, Session(verify=server.ca_file) as session:
            for _ in range(2):
                assert session.get(server.url("/hello"), cert=client.write(tmp_path)).ok
                with pytest.raises(TLSError) as caught:
                    session.get(server.url("/hello"))
                assert net_error_of(caught) == ERR_SSL_CLIENT_AUTH_CERT_NEEDED
            assert len(server.requests) == 2


class TestDowngrade:
    """No version that was not agreed to."""

    def test_a_server_of_tls_1_1_is_refused(self, tmp_path: Path) -> None:
        """Whether it is really old, or somebody on the way makes it look so."""
        context = server_context()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python's word about these versions
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with tls_recorder(context) as old, Session(verify=ca_file(tmp_path)) as session:
            for verify in (ca_file(tmp_path), False):
                with pytest.raises(TLSError) as caught:
                    session.get(old.url, verify=verify)
                assert net_error_of(caught) == ERR_SSL_VERSION_OR_CIPHER_MISMATCH
            old.wait_for_silence()
            assert old.handshakes == 0 and not any(old.plaintexts)

    def test_the_lowest_version_can_be_raised(self) -> None:
        """A server of TLS 1.2 is refused then; without it is good enough."""
        recipe = TlsRecipe(max_version=ssl.TLSVersion.TLSv1_2)
        with EmbeddedServer(tls=recipe) as server:
            with Session(verify=server.ca_file, tls=TlsSettings(min_version="1.3")) as session:
                with pytest.raises(TLSError) as caught:
                    session.get(server.url("/hello"))
                assert net_error_of(caught) == ERR_SSL_VERSION_OR_CIPHER_MISMATCH and server.requests == []
            with Session(verify=server.ca_file) as session:
                response = session.get(server.url("/hello"))
                assert response.certificate is not None and response.certificate.version == "TLSv1.2"


class TestTruncation:
    """An end that anybody can have made is not the end."""

    @either_version
    @pytest.mark.parametrize(
        "answer, error",
        [
            (Answer(body=b"x" * 100, fault=early_close(50)), ERR_CONTENT_LENGTH_MISMATCH),
            (Answer(chunks=(b"x" * 50, b"y" * 50), fault=early_close(60)), ERR_INCOMPLETE_CHUNKED_ENCODING),
            (Answer(body=b"x" * 100, until_close=True, fault=early_close(100)), ERR_CONNECTION_CLOSED),
            (Answer(body=b"", until_close=True, fault=early_close(0)), ERR_CONNECTION_CLOSED),
        ],
        ids=["content-length", "chunked", "until close", "until close, empty"],
    )
    def test_without_a_goodbye(self, version: ssl.TLSVersion, answer: Answer, error: int) -> None:
        """However the body is delimited: read whole, and as a stream."""
        recipe = TlsRecipe(max_version=version)
        with EmbeddedServer(tls=recipe) as server, Session(verify=server.ca_file) as session:
            server.route("/cut", answer)
            with pytest.raises(NetError) as caught:
                session.get(server.url("/cut"))
            assert net_error_of(caught) == error
            assert isinstance(caught.value, TruncatedBody) == (error != ERR_CONNECTION_CLOSED)
            with session.stream("GET", server.url("/cut")) as response, pytest.raises(NetError) as caught:
                for _ in response.iter_raw():
                    pass
            assert net_error_of(caught) == error

    @either_version
    def test_with_a_goodbye_it_is_the_end(self, version: ssl.TLSVersion) -> None:
        """Of a body that only the connection's end delimits."""
        recipe = TlsRecipe(max_version=version)
        with EmbeddedServer(tls=recipe) as server, Session(verify=server.ca_file) as session:
            server.route("/whole", Answer(body=b"x" * 100_000, until_close=True))
            assert session.get(server.url("/whole")).content == b"x" * 100_000

    def test_a_body_with_a_length_needs_no_goodbye(self) -> None:
        """It is whole, whatever becomes of the connection."""
        with EmbeddedServer(tls=True) as server, Session(verify=server.ca_file) as session:
            server.route("/whole", Answer(body=b"x" * 100, fault=early_close(100)))
            for _ in range(2):
                assert session.get(server.url("/whole")).content == b"x" * 100

    @pytest.mark.parametrize("ending", [CUT, CLOSE], ids=["cut", "closed"])
    def test_without_tls_nobody_can_tell(self, ending: object) -> None:
        """The end of the connection is the end, as ever."""
        with EmbeddedServer() as server, Session() as session:
            server.route("/old", Answer(fault=raw(b"HTTP/1.0 200 OK\r\n\r\nhello", ending)))  # type: ignore[arg-type]
            assert session.get(server.url("/old")).content == b"hello"


class TestReuse:
    """Connections that stand."""

    @either_version
    def test_a_connection_is_reused(self, version: ssl.TLSVersion) -> None:
        """Row 172, RecycleSSLSocket and RecycleSocketAfterZeroContentLength; row 242, HTTPSGetTest."""
        recipe = TlsRecipe(max_version=version)
        with EmbeddedServer(tls=recipe) as server, Session(verify=server.ca_file) as session:
            server.route("/nothing", Answer())
            assert [session.get(server.url(path)).connection_reused for path in ("/nothing", "/hello")] == [False, True]

    @either_version
    @pytest.mark.parametrize("says_goodbye", [True, False])
    def test_a_dead_one_is_not(self, version: ssl.TLSVersion, says_goodbye: bool) -> None:
        """Row 172, RecycleDeadSSLSocket: found out before the request is given to it, with a goodbye or without."""
        recipe = TlsRecipe(max_version=version)
        with EmbeddedServer(tls=recipe) as server, Session(verify=server.ca_file) as session:
            if says_goodbye:
                assert session.get(server.url("/hello")).ok
                server.close_idle_connections()
            else:
                server.route("/cut", Answer(body=b"x", fault=early_close(1)))
                assert session.get(server.url("/cut")).ok
                assert server.wait_until(lambda: server.open_connections < server.connections_opened)
            response = session.post(server.url("/hello"), content=b"x")  # which is not sent again
            assert response.ok and not response.connection_reused

    def test_closing_the_session_closes_them(self) -> None:
        """Row 172, CloseConnectionOnDestruction."""
        with EmbeddedServer(tls=True) as server:
            with Session(verify=server.ca_file) as session:
                assert session.get(server.url("/hello")).ok
                assert server.open_connections
            assert server.wait_until(lambda: server.open_connections == 0)
