"""What `netstack demo` prints about requests and sockets."""

from __future__ import annotations

from netstack_sync.base.exceptions import NetError
from netstack_sync.cli.demo_run import DemoRun, Outcome
from netstack_sync.cli.timing_text import milliseconds
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.stats import SessionStats

_PHASES = ("dns", "tcp", "tls", "wait", "receive", "total")


def table_head() -> str:
    """The names of the columns of row_text()."""
    phases = "".join([f"{phase:>9}" for phase in _PHASES])
    return f"{'status':<7}{'scheme':<7}{'thread':<10}{'socket':<8}{phases}{'bytes':>9}"


def row_text(outcome: Outcome) -> str:
    """One request in one line."""
    result = outcome.result
    if isinstance(result, Response):
        return _answer_row(outcome, result)
    name = result.net_error.name if isinstance(result, NetError) else type(result).__name__
    return f"{'-':<7}{'-':<7}{outcome.thread:<10}{name}"


def _answer_row(outcome: Outcome, response: Response) -> str:
    scheme = response.url.partition(":")[0]
    socket = "reused" if response.connection_reused else "new"
    phases = "".join([f"{milliseconds(response.timing, phase):>9}" for phase in _PHASES])
    note = "" if outcome.is_expected else "  not what the server sent"
    return f"{response.status:<7}{scheme:<7}{outcome.thread:<10}{socket:<8}{phases}{outcome.size_bytes:>9}{note}"


def report_totals(demo: DemoRun, stats: SessionStats) -> str:
    """All requests together, and what the session needed for them."""
    per_second = demo.requests / max(demo.elapsed_s, 1e-9)
    cpu_ms = 1000 * demo.cpu_s / demo.requests
    lines = [
        f"Requests: {demo.requests} in {demo.elapsed_s:.2f} s, {per_second:.0f} a second, "
        f"{cpu_ms:.2f} ms of CPU each (this whole process, an embedded server included)",
        f"Sockets:  {stats.sockets_opened} opened, {stats.sockets_reused} times reused",
    ]
    lines += [f"          {group}: {count.idle + count.active} open" for group, count in sorted(stats.groups.items())]
    return "\n".join(lines)
