"""The fixture of tests over a scripted stack, for the conftest of each room that has some."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.scripted_stack import ScriptedStack, scripted_stack


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def stack(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[ScriptedStack]:
    """Every script is played in both ways; an exception that the loop had to catch fails the test."""
    with scripted_stack(request.param) as stack:
        yield stack
    assert "Traceback" not in capsys.readouterr().err
