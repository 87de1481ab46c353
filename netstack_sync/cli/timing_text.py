"""The timing split of one request, as text."""

from __future__ import annotations

from netstack_sync.base.load_timing import LoadTiming

PHASES = ("dns", "tcp", "tls", "send", "wait", "receive", "total")


def milliseconds(timing: LoadTiming, phase: str) -> str:
    """One of PHASES, in milliseconds; "-" when it did not happen."""
    values = (timing.dns, timing.tcp, timing.tls, timing.send, timing.wait, timing.receive, timing.total)
    value_s = values[PHASES.index(phase)]
    return "-" if value_s is None else f"{value_s * 1000:.1f}"


def timing_line(timing: LoadTiming) -> str:
    """All phases that happened: "dns 1.2 ms, tcp 3.4 ms, ..."."""
    parts = [(phase, milliseconds(timing, phase)) for phase in PHASES]
    return ", ".join([f"{phase} {value} ms" for phase, value in parts if value != "-"]) or "nothing yet"
