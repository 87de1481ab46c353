"""httpbin for all tests of this folder, and a pair of fresh sessions for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.httpbin import httpbin
from tests.support.live_servers import LiveServer
from tests.support.side_by_side import SideBySide, side_by_side


@pytest.fixture(scope="session")
def httpbin_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """httpbin; the test is skipped when it is missing, unless CI=true or NETSTACK_REQUIRE_LIVE=1."""
    with httpbin(tmp_path_factory.mktemp("httpbin")) as server:
        yield server


@pytest.fixture
def both(httpbin_server: LiveServer) -> Iterator[SideBySide]:
    """Two sessions that know nothing yet."""
    with side_by_side(httpbin_server) as both:
        yield both
