"""One question and several servers: who is asked when, whose answer counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_CONNECTION_RESET
from netstack_sync.dns.doh_query import DohQuery
from netstack_sync.dns.doh_server import FALLBACK_S, DohFailure
from netstack_sync.wire.dns_message import TYPE_A, DnsAnswer
from tests.support.doh import DohDriver, driven_doh

RECORD = "a.test. 300 IN A 192.0.2.1"


class Asking:
    """A query of three servers."""

    def __init__(self, doh: DohDriver) -> None:
        self.doh = doh
        servers = [doh.server(name) for name in ("one", "two", "three")]
        self.done: list[DohQuery] = []
        self.query = DohQuery("a.test", TYPE_A, servers, doh.timers)
        self.query.start(self.done.append)

    @property
    def asked(self) -> list[str]:
        """Who waits for an answer."""
        return [question.url.host.removesuffix(".test") for question in self.doh.transport.pending]

    def fail(self, server: str, net_error: int = ERR_CONNECTION_REFUSED) -> None:
        """A server fails."""
        self.doh.transport.only("A", server).fail(net_error)
        self.doh.settle()

    def reply(self, server: str) -> None:
        """A server answers."""
        self.doh.transport.only("A", server).reply(RECORD)
        self.doh.settle()


@pytest.fixture
def asking() -> Iterator[Asking]:
    with driven_doh() as doh:
        yield Asking(doh)


def test_the_first_server_is_enough(asking: Asking) -> None:
    """Row 138: the others are never asked."""
    assert asking.asked == ["one"] and asking.query.result is None
    asking.reply("one")
    assert asking.done == [asking.query] and isinstance(asking.query.result, DnsAnswer)
    asking.doh.advance(10.0)
    assert len(asking.doh.transport.questions) == 1


def test_a_failure_goes_on_with_the_next(asking: Asking) -> None:
    """Row 138: at once."""
    asking.fail("one")
    assert asking.asked == ["two"]
    asking.fail("two")
    asking.reply("three")
    assert isinstance(asking.query.result, DnsAnswer)


def test_when_all_fail_the_first_failure_counts(asking: Asking) -> None:
    """The preferred server's."""
    asking.fail("one", ERR_CONNECTION_RESET)
    asking.fail("two")
    assert not asking.done
    asking.fail("three")
    assert asking.done == [asking.query]
    assert asking.query.result == DohFailure(ERR_CONNECTION_RESET, "one.test: scripted")


def test_a_silent_server_is_not_given_up(asking: Asking) -> None:
    """Row 138 (SlowResolve): another is asked beside it every second, and the first answer wins."""
    asking.doh.advance(FALLBACK_S - 0.01)
    assert asking.asked == ["one"]
    asking.doh.advance(0.02)
    assert asking.asked == ["one", "two"]
    asking.doh.advance(FALLBACK_S)
    asking.doh.advance(FALLBACK_S)
    assert asking.asked == ["one", "two", "three"]
    asking.reply("two")
    assert asking.asked == [] and isinstance(asking.query.result, DnsAnswer)
    assert sum(question.is_cancelled for question in asking.doh.transport.questions) == 2


def test_the_last_failure_waits_for_those_still_silent(asking: Asking) -> None:
    """Row 138: they may answer yet."""
    asking.doh.advance(FALLBACK_S)
    asking.fail("two")
    asking.fail("three")
    assert asking.asked == ["one"] and not asking.done
    asking.reply("one")
    assert isinstance(asking.query.result, DnsAnswer)


def test_a_failure_gives_the_next_its_whole_time(asking: Asking) -> None:
    """The wait for the second server starts when it is asked."""
    asking.doh.advance(FALLBACK_S * 0.9)
    asking.fail("one")
    asking.doh.advance(FALLBACK_S * 0.9)
    assert asking.asked == ["two"]
    asking.doh.advance(FALLBACK_S * 0.2)
    assert asking.asked == ["two", "three"]
    asking.query.cancel()


def test_a_cancelled_query_is_silent(asking: Asking) -> None:
    """Row 138 (CancelWithTransactionActive): nobody is asked any more; idempotent."""
    asking.doh.advance(FALLBACK_S)
    asking.query.cancel()
    asking.query.cancel()
    assert asking.asked == []
    asking.doh.advance(10.0)
    assert not asking.done and len(asking.doh.transport.questions) == 2
