"""A server, and a session that knows nothing of the environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync import Session
from netstack_sync.testing.embedded_server import EmbeddedServer


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """It makes no backup jobs: under load a connect on the loopback may take long, and tests count connections."""
    monkeypatch.setattr("netstack_sync.pool.pool_jobs.BACKUP_JOB_DELAY_S", 60.0)
    with Session(trust_env=False) as session:
        yield session
