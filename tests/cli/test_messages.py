"""What is said when something failed."""

from __future__ import annotations

import argparse

import pytest

from netstack_sync.cli.messages import complain


@pytest.mark.parametrize(
    "silent, show_error, message, err",
    [
        (False, False, "no", "netstack: no\n"),
        (True, False, "no", ""),
        (True, True, "no", "netstack: no\n"),
        (False, False, "", ""),
    ],
)
def test_one_line_unless_silent(
    silent: bool, show_error: bool, message: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """-s and -S, as with curl."""
    complain(argparse.Namespace(silent=silent, show_error=show_error), message)
    assert capsys.readouterr() == ("", err)
