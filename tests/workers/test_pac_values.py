"""Requests, outcomes and what can be no script."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED
from netstack_sync.workers.pac_values import (
    MAX_PAC_BYTES,
    PacError,
    PacOutcome,
    PacRequest,
    PacScriptText,
    check_script,
)

GOOD = "function FindProxyForURL(url, host) { return 'DIRECT' }"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "empty"),
        (" \r\n\t\ufeff", "empty"),
        ("<html>FindProxyForURL</html>", "HTML, not a script"),
        ("\ufeff\n<!DOCTYPE html>\nFindProxyForURL", "HTML, not a script"),
        ("<?xml version='1.0'?>FindProxyForURL", "HTML, not a script"),
        ("<!-- proxy --> <!-- login -->\n<HTML>FindProxyForURL", "HTML, not a script"),
        ("F\0u\0FindProxyForURL", "NUL characters"),
        ("var x = 1", "no function FindProxyForURL(url, host)"),
        (GOOD + " " * MAX_PAC_BYTES, "larger than 1048576 bytes"),
        (GOOD + "ü" * (MAX_PAC_BYTES // 2), "larger than 1048576 bytes"),
    ],
)
def test_what_can_be_no_script_is_told_why(text: str, reason: str) -> None:
    """In words, without an engine."""
    assert reason in (check_script(text) or "")


@pytest.mark.parametrize("text", [GOOD, "\ufeff" + GOOD, "<!-- a comment\n" + GOOD, "if (1 < 2) {}" + GOOD])
def test_what_may_be_a_script_is_let_through(text: str) -> None:
    """The engine says the rest."""
    assert check_script(text) is None


def test_a_script_that_is_as_large_as_may_be_is_let_through() -> None:
    """The limit is a size in bytes."""
    assert check_script(GOOD.ljust(MAX_PAC_BYTES)) is None


def test_the_next_run_knows_what_the_last_one_needed() -> None:
    """And what all of them have taken."""
    first = PacRequest(PacScriptText(GOOD, True), "http://a/", "a", {"b": ("1.2.3.4",)})
    second = first.answered(PacOutcome(needs="c", spent_s=0.25), None)
    assert (dict(second.known), second.spent_s) == ({"b": ("1.2.3.4",), "c": None}, 0.25)
    assert dict(first.known) == {"b": ("1.2.3.4",)}


def test_an_error_is_shown_with_its_place() -> None:
    """If it has one."""
    assert str(PacError(ERR_PAC_SCRIPT_FAILED, "wrong", 3, 5)) == "line 3, column 5: wrong"
    assert str(PacError(ERR_PAC_SCRIPT_FAILED, "wrong")) == "wrong"


def test_a_repr_does_not_hold_the_whole_script() -> None:
    """It may be a megabyte."""
    assert repr(PacScriptText(GOOD, True)) == "PacScriptText(is_trusted=True)"
