"""Real servers, one of each for all tests that talk to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync import Session
from tests.support.live_servers import LiveServer, caddy, dns_over_https, nginx
from tests.support.live_sites import LiveSites, apache_sites, nginx_sites


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


@pytest.fixture(scope="session")
def nginx_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSites]:
    """nginx with its several sites; the test is skipped when it is missing, unless NETSTACK_REQUIRE_LIVE=1."""
    with nginx_sites(tmp_path_factory.mktemp("nginx-sites")) as sites:
        yield sites


@pytest.fixture(scope="session")
def apache() -> Iterator[LiveSites]:
    """Apache with its several sites; the test is skipped when it is missing, unless NETSTACK_REQUIRE_LIVE=1."""
    with apache_sites() as sites:
        yield sites


@pytest.fixture(params=["nginx_many", "apache"])
def either(request: pytest.FixtureRequest) -> LiveSites:
    """One after the other."""
    sites: LiveSites = request.getfixturevalue(request.param)
    return sites


@pytest.fixture
def session() -> Iterator[Session]:
    """A fresh one."""
    with Session() as session:
        yield session
