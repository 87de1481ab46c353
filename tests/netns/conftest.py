"""Tests over a network of their own, where every packet and every answer of the name server is in their hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scripted_network import ScriptedNetwork, scripted_network


@pytest.fixture
def network(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[ScriptedNetwork]:
    """A network that works until the test says otherwise."""
    with scripted_network(tmp_path) as network:
        yield network
    assert capfd.readouterr().err == ""  # loops print what their callbacks raise
