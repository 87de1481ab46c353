"""Real servers with all kinds of TLS: versions, keys, clients' certificates, authorities of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import netstack_sync
from netstack_sync.testing.certificates import CertificateAuthority
from tests.support.live_servers import LiveServer
from tests.support.live_tls import KEYS, VERSIONS, TlsServers, caddy_with_its_own_authority, nginx_with_all_kinds_of_tls

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

CLOSE = {"Connection": "close"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServers]:
    """nginx; the test is skipped when it is missing, unless NETSTACK_REQUIRE_LIVE=1."""
    with nginx_with_all_kinds_of_tls(tmp_path_factory.mktemp("nginx-tls")) as servers:
        yield servers


@pytest.fixture(scope="module")
def own_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """caddy; the test is skipped when it is missing, unless NETSTACK_REQUIRE_LIVE=1."""
    with caddy_with_its_own_authority(tmp_path_factory.mktemp("caddy-tls")) as server:
        yield server


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_versions_and_keys(servers: TlsServers, version: str, key: str) -> None:
    """Each works, with the whole chain verified; later connections go on from the session of an earlier one."""
    with netstack_sync.Session(verify=servers.ca_file) as session:
        first, second, third = [session.get(servers.url(version, key), headers=CLOSE) for _ in range(3)]
    for response in (first, second, third):
        assert response.ok and len(response.content) == 200
        assert response.certificate is not None and len(response.certificate.verified_chain) == 3
        assert response.certificate.version == ("TLSv1.2" if version == "1.2" else "TLSv1.3")
    assert [r.certificate.is_resumed for r in (first, third) if r.certificate] == [False, True]


@pytest.mark.parametrize("lowest, highest, spoken", [("1.2", "1.2", "TLSv1.2"), ("1.3", None, "TLSv1.3")])
def test_the_client_may_insist(servers: TlsServers, lowest: str, highest: str | None, spoken: str) -> None:
    """A server that speaks both takes what the client allows."""
    settings = netstack_sync.TlsSettings(min_version=lowest, max_version=highest)
    with netstack_sync.Session(verify=servers.ca_file, tls=settings) as session:
        certificate = session.get(servers.url("any", "ec")).certificate
        assert certificate is not None and certificate.version == spoken


@pytest.mark.parametrize("lowest, highest, server", [("1.3", None, "1.2"), ("1.2", "1.2", "1.3")])
def test_no_version_in_common(servers: TlsServers, lowest: str, highest: str | None, server: str) -> None:
    """An error that says so, and nothing was sent."""
    settings = netstack_sync.TlsSettings(min_version=lowest, max_version=highest)
    with netstack_sync.Session(verify=servers.ca_file, tls=settings) as session:
        with pytest.raises(netstack_sync.TLSError) as caught:
            session.get(servers.url(server, "ec"))
        assert caught.value.net_error.name == "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"
        assert not caught.value.may_have_been_sent


def test_ciphers(servers: TlsServers) -> None:
    """Of TLS 1.2: what the client allows is taken."""
    settings = netstack_sync.TlsSettings(max_version="1.2", ciphers="ECDHE-RSA-CHACHA20-POLY1305")
    with netstack_sync.Session(verify=servers.ca_file, tls=settings) as session:
        certificate = session.get(servers.url("any", "rsa")).certificate
        assert certificate is not None and certificate.cipher == "ECDHE-RSA-CHACHA20-POLY1305"


@pytest.mark.parametrize("version", ["1.2", "1.3"])
class TestMutualTls:
    def test_with_a_certificate(self, servers: TlsServers, version: str, tmp_path: Path) -> None:
        """It is shown to a server that is trusted, on resumed connections too."""
        mine = servers.client_authority.issue(["me"], is_client=True).write(tmp_path, "me")
        with netstack_sync.Session(verify=servers.ca_file, cert=mine) as session:
            answers = [session.get(servers.mutual_url(version), headers=CLOSE) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert [answer.certificate.is_resumed for answer in answers[::2] if answer.certificate] == [False, True]

    def test_without_a_certificate(self, servers: TlsServers, version: str) -> None:
        """nginx shakes hands with anybody and says 400 inside."""
        with netstack_sync.Session(verify=servers.ca_file) as session:
            answer = session.get(servers.mutual_url(version))
            assert answer.status == 400 and "No required SSL certificate" in answer.text

    def test_with_a_certificate_of_somebody_elses(self, servers: TlsServers, version: str, tmp_path: Path) -> None:
        """The same, in other words."""
        other = CertificateAuthority().issue(["me"], is_client=True)
        with netstack_sync.Session(verify=servers.ca_file, cert=other.write(tmp_path, "me")) as session:
            answer = session.get(servers.mutual_url(version))
            assert answer.status == 400 and "SSL certificate error" in answer.text


def test_an_authority_of_caddys_own(own_authority: LiveServer) -> None:
    """Root, intermediate and a leaf for hours, as its module for local certificates makes them."""
    with netstack_sync.Session(extra_ca=own_authority.ca_file) as session:
        answer = session.get(own_authority.url("https", "/"))
        assert answer.text == "hello" and answer.certificate is not None
        assert len(answer.certificate.verified_chain) == 3
    with netstack_sync.Session() as session, pytest.raises(netstack_sync.CertificateError) as caught:
        session.get(own_authority.url("https", "/"))
    assert caught.value.net_error.name == "ERR_CERT_AUTHORITY_INVALID"
