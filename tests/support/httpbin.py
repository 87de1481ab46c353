"""httpbin, the service that the documentation of requests talks to, in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.live_servers import LiveServer, free_ports, running
from tests.support.requirements import module

THREADS = 8


@contextmanager
def httpbin(folder: Path) -> Iterator[LiveServer]:
    """Under gunicorn, the only server under which it takes chunked bodies."""
    module("httpbin", "httpbin")
    module("gunicorn", "gunicorn")
    server = LiveServer({"http": free_ports(1)[0]}, "", {})
    address = f"127.0.0.1:{server.ports['http']}"
    command = [sys.executable, "-m", "gunicorn", "--bind", address, "--worker-class", "gthread"]
    # At its end it does not wait for kept connections to go.
    limits = ["--threads", str(THREADS), "--keep-alive", "60", "--graceful-timeout", "0"]
    with running([*command, *limits, "httpbin:app"], folder, server):
        yield server
