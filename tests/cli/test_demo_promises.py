"""The promises of the demo: broken ones are failures."""

from __future__ import annotations

import pytest

from netstack_sync import Session
from netstack_sync.cli import demo_promises
from netstack_sync.cli.exit_status import CommandError
from netstack_sync.fetcher.future import FetchFuture
from netstack_sync.testing.answer import Fault
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close, trickle


def test_both_are_kept(server: EmbeddedServer, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each."""
    with Session() as session:
        demo_promises.show_promises(session, server)
    assert len(capsys.readouterr().out.strip().splitlines()) == 3


def test_answer_before_the_deadline_is_noticed(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo does not claim what it has not seen."""

    def at_once(*, every_s: float) -> Fault:
        return trickle(1000)

    monkeypatch.setattr(demo_promises, "trickle", at_once)
    monkeypatch.setattr(demo_promises, "_DEADLINE_S", 30.0)
    with Session() as session, pytest.raises(CommandError, match="longer than its deadline"):
        demo_promises.show_promises(session, server)


def test_cancel_that_fails_is_noticed(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Likewise; the waiter is not waited for."""
    monkeypatch.setattr(FetchFuture, "cancel", lambda self: False)
    monkeypatch.setattr(demo_promises, "stall_before_headers", early_close)
    with Session() as session, pytest.raises(CommandError, match="could not be cancelled"):
        demo_promises.show_promises(session, server)
