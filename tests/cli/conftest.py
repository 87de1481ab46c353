"""Servers for the command line's tests, and a way to run a command within the test's process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.cli.main import main
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.command_line import Done, Netstack


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """An http server."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
def secure_server() -> Iterator[EmbeddedServer]:
    """An https server."""
    with EmbeddedServer(tls=True) as server:
        yield server


@pytest.fixture
def netstack(capfdbinary: pytest.CaptureFixture[bytes]) -> Netstack:
    """`netstack(*arguments)` as a shell would run it; argparse's exit is a status too."""

    def run(*arguments: str) -> Done:
        capfdbinary.readouterr()
        try:
            status = main(arguments)
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capfdbinary.readouterr()
        return Done(status, out, err.decode())

    return run
