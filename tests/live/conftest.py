"""Real servers, one of each for all tests that talk to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.live_servers import LiveServer, caddy, dns_over_https, nginx


@pytest.fixture(scope="session")
def nginx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """nginx; the test is skipped when it is missing, unless NETSTACK_REQUIRE_LIVE=1."""
    with nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture(scope="session")
def caddy_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """caddy; the test is skipped when it is missing, unless NETSTACK_REQUIRE_LIVE=1."""
    with caddy(tmp_path_factory.mktemp("caddy")) as server:
        yield server


@pytest.fixture(scope="session")
def doh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """dnsdist and dnsmasq; the test is skipped when one is missing, unless NETSTACK_REQUIRE_LIVE=1."""
    with dns_over_https(tmp_path_factory.mktemp("doh")) as server:
        yield server
