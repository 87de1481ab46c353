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
def session() -> Iterator[Session]:
    with Session(trust_env=False) as session:
        yield session


@pytest.fixture(autouse=True)
def one_connection_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under load a connect on the loopback may take longer than a backup job waits, and tests count connections."""
    monkeypatch.setattr("netstack_sync.pool.pool_jobs.BACKUP_JOB_DELAY_S", 60.0)
