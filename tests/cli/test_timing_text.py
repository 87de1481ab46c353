"""The timing split as text."""

from __future__ import annotations

from netstack_sync.base.load_timing import ConnectTiming, LoadTiming
from netstack_sync.cli.timing_text import milliseconds, timing_line


def test_phases_that_happened_are_shown() -> None:
    """A request on a reused socket has no lookup and no connect."""
    timing = LoadTiming(request_start=0, send_start=0, send_end=0.001, receive_headers_start=0.003, response_end=0.004)
    assert timing_line(timing) == "send 1.0 ms, wait 2.0 ms, receive 1.0 ms, total 4.0 ms"
    assert milliseconds(timing, "tls") == "-" and milliseconds(timing, "wait") == "2.0"


def test_new_connection_shows_lookup_and_connect() -> None:
    """Also when the request got no further."""
    timing = LoadTiming(connect=ConnectTiming(0, 0.001, 0.001, 0.003))
    assert timing_line(timing) == "dns 1.0 ms, tcp 2.0 ms"
    assert timing_line(LoadTiming()) == "nothing yet"
