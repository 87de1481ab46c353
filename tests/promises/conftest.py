"""What every promise rests on: no callback on the network thread has failed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.testing.embedded_server import EmbeddedServer


@pytest.fixture(autouse=True)
def no_complaints(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The loops print what their callbacks raise; there must be nothing."""
    yield
    assert capfd.readouterr().err == ""


@pytest.fixture
def server(no_complaints: None) -> Iterator[EmbeddedServer]:
    """A running server without TLS."""
    with EmbeddedServer() as running:
        yield running


@pytest.fixture
def tls_server(no_complaints: None) -> Iterator[EmbeddedServer]:
    """A running server with TLS."""
    with EmbeddedServer(tls=True) as running:
        yield running
