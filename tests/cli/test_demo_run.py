"""DemoRun: every request is accounted for."""

from __future__ import annotations

import pytest

from netstack_sync import InvalidURL, NetError, Session
from netstack_sync.cli.demo_run import DemoRun, Target
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import close_before_headers


def test_targets_take_turns(server: EmbeddedServer) -> None:
    """As many requests as wanted, from more threads than there is work for too."""
    targets = [Target(server.url("/hello"), b"hello\n"), Target(server.url("/bytes/5"))]
    with Session() as session:
        demo = DemoRun(session, targets, threads=5, requests=3)
        outcomes = list(demo.outcomes())
    assert sorted(outcome.size_bytes for outcome in outcomes) == [5, 6, 6]
    assert all(outcome.is_expected for outcome in outcomes) and demo.elapsed_s > 0
    demo.raise_failure()


def test_first_failure_is_raised_at_the_end(server: EmbeddedServer) -> None:
    """The others are shown all the same."""
    server.route("/x", Answer(fault=close_before_headers()))
    with Session() as session:
        demo = DemoRun(session, [Target(server.url("/x")), Target(server.url("/hello"))], threads=1, requests=4)
        outcomes = list(demo.outcomes())
    assert [isinstance(outcome.result, NetError) for outcome in outcomes] == [True, False, True, False]
    with pytest.raises(NetError) as caught:
        demo.raise_failure()
    assert caught.value is outcomes[0].result


def test_mistake_of_the_caller_is_raised_at_once() -> None:
    """A URL that nobody can fetch would fail every time."""
    with Session() as session, pytest.raises(InvalidURL):
        list(DemoRun(session, [Target("ftp://h/")], threads=1, requests=100).outcomes())
