"""The demo's table: its columns stay under their names."""

from __future__ import annotations

from netstack_sync import Session
from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED
from netstack_sync.cli.demo_report import report_totals, row_text, table_head
from netstack_sync.cli.demo_run import DemoRun, Outcome, Target
from netstack_sync.testing.embedded_server import EmbeddedServer


def test_answers_fill_the_columns(server: EmbeddedServer) -> None:
    """What did not happen is a dash, and a wrong body is told."""
    with Session() as session:
        new = session.get(server.url("/hello"))
        reused = session.get(server.url("/hello"))
    head = table_head().split()
    row = dict(zip(head, row_text(Outcome("fetch-1", new, 6)).split(), strict=True))
    assert (row["status"], row["scheme"], row["thread"], row["socket"]) == ("200", "http", "fetch-1", "new")
    assert row["tls"] == "-" and float(row["tcp"]) >= 0 and row["bytes"] == "6"
    again = row_text(Outcome("fetch-1", reused, 6, is_expected=False))
    assert again.split()[3:6] == ["reused", "-", "-"] and again.endswith("not what the server sent")
    assert len(table_head()) == len(row_text(Outcome("fetch-1", new, 6)))


def test_failures_say_the_net_error() -> None:
    """Or, for what is none, the kind of exception."""
    refused = Outcome("fetch-2", exception_for(ERR_CONNECTION_REFUSED))
    assert row_text(refused).split() == ["-", "-", "fetch-2", "ERR_CONNECTION_REFUSED"]
    assert row_text(Outcome("fetch-2", ValueError())).split()[-1] == "ValueError"


def test_totals_count_sockets_by_group(server: EmbeddedServer) -> None:
    """Opened and reused, and which host they belong to."""
    with Session() as session:
        demo = DemoRun(session, [Target(server.url("/hello"))], threads=1, requests=3)
        assert len(list(demo.outcomes())) == 3
        text = report_totals(demo, session.stats())
    assert "Requests: 3 in " in text and "1 opened, 2 times reused" in text
    assert text.endswith(f"http://127.0.0.1:{server.port}: 1 open")
