"""JSON in colours."""

from __future__ import annotations

import re

import pytest
from rich.text import Text

from netstack_sync.cli.rich_json import coloured


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_text_is_the_same_but_for_colours() -> None:
    """Long lines are not broken, and brackets are no markup."""
    long = f'"{"x" * 500} [red]"'
    text = coloured(
        [("mark", "{"), ("space", "\n    "), ("key", '"a"'), ("mark", ":"), ("space", " "), ("string", long)]
    )
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == f'{{\n    "a": {long}' and "\x1b[" in text
    assert Text.from_ansi(text).plain == f'{{\n    "a": {long}'


def test_terminal_without_colours_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """TERM=dumb."""
    monkeypatch.setenv("TERM", "dumb")
    assert coloured([("key", '"a"')]) == '"a"'
