"""Real nginx, over http and https with a certificate authority of our own."""

from __future__ import annotations

import pytest

import netstack_sync
from tests.support.live_load import fetch_from_many_threads
from tests.support.live_servers import LiveServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sixteen_threads_on_six_connections(nginx_server: LiveServer, scheme: str) -> None:
    """10 000 requests over both, bodies compared, at most 6 sockets a host, none left after close().

    requests opens 172 to 265 sockets for 9 600 requests of 32 threads, httpx up to 975 (T9).
    """
    fetch_from_many_threads(nginx_server, scheme, 5_000)


def test_unknown_authority_is_refused(nginx_server: LiveServer) -> None:
    """Without our authority the certificate is worth nothing, and no request is sent."""
    with netstack_sync.Session() as session:
        with pytest.raises(netstack_sync.CertificateError) as caught:
            session.get(nginx_server.url("https", "/1.bin"))
        assert caught.value.net_error.name == "ERR_CERT_AUTHORITY_INVALID"
        assert not caught.value.may_have_been_sent


def test_missing_file_and_head(nginx_server: LiveServer) -> None:
    """404 is an answer; HEAD has no body, and the connection stays."""
    with netstack_sync.Session(verify=nginx_server.ca_file) as session:
        assert session.get(nginx_server.url("https", "/missing")).status == 404
        response = session.head(nginx_server.url("https", "/5000.bin"))
        assert response.headers["content-length"] == "5000" and response.content == b""
        assert response.connection_reused and response.certificate is not None
