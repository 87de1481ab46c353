"""Runs PAC scripts for tests, at a moment that stands still."""

from __future__ import annotations

import calendar
from collections.abc import Mapping

from netstack_sync.workers.evaluate_pac import PacEvaluator, PacMoment
from netstack_sync.workers.pac_values import PacLimits, PacOutcome, PacRequest, PacScriptText

URL = "http://www.example.com/path?query"
HOST = "www.example.com"


def script_of(body: str) -> str:
    """A script whose entry point has that body."""
    return f"function FindProxyForURL(url, host) {{ {body} }}"


def request_of(
    text: str, known: Mapping[str, tuple[str, ...] | None] | None = None, is_trusted: bool = True
) -> PacRequest:
    """One run of a script, or of a body of its entry point."""
    if "FindProxyForURL(" not in text:
        text = script_of(text)
    return PacRequest(PacScriptText(text, is_trusted), URL, HOST, known or {})


def moment(at: str = "2026-11-21 12:30:15", offset_h: float = 0.0, own: tuple[str, ...] | None = ()) -> PacMoment:
    """A moment of UTC, written "2026-11-21 12:30:15", in a time zone that many hours east of it."""
    day, clock = at.split()
    fields = [int(part) for part in (*day.split("-"), *clock.split(":"))]
    return PacMoment(float(calendar.timegm((*fields, 0, 0, 0))), int(offset_h * 3600), own)


def run_once(
    text: str,
    known: Mapping[str, tuple[str, ...] | None] | None = None,
    at: PacMoment | None = None,
    limits: PacLimits | None = None,
) -> PacOutcome:
    """What one run of a new engine comes to."""
    return PacEvaluator(limits or PacLimits()).evaluate(request_of(text, known), at or moment())


def error_text(outcome: PacOutcome) -> str:
    """The error with its place; there must be one."""
    assert outcome.error is not None, outcome
    return str(outcome.error)
