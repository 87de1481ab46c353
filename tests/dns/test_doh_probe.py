"""Probes: at once, after failures later and later, and no more once the server has answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.dns.doh_probe import PROBE_POLICY, DohProber
from netstack_sync.dns.doh_server import DohServer
from netstack_sync.wire.dns_message import TYPE_A
from tests.support.doh import DohDriver, driven_doh


class Probing:
    """A server and its prober, without jitter unless the test says otherwise."""

    def __init__(self, doh: DohDriver) -> None:
        self.doh = doh
        self.server: DohServer = doh.server()
        self.jitter = 0.0
        self.prober = DohProber(self.server, doh.timers, lambda: self.jitter)

    def fail(self) -> None:
        """The probe under way fails."""
        self.doh.transport.only("NS").fail()
        self.doh.settle()

    @property
    def count(self) -> int:
        """Probes so far."""
        return len(self.doh.transport.questions)


@pytest.fixture
def probing() -> Iterator[Probing]:
    with driven_doh() as doh:
        probing = Probing(doh)
        yield probing
        probing.prober.stop()


def test_a_probe_asks_for_nobodys_name(probing: Probing) -> None:
    """Row 139: the name servers of the root; an answer ends it, whatever it says."""
    probing.prober.start()
    question = probing.doh.transport.only("NS")
    assert question.name == "" and probing.prober.is_running
    question.reply(rcode="NXDOMAIN")
    probing.doh.settle()
    assert probing.server.is_available and not probing.prober.is_running and probing.count == 1


def test_failures_make_the_wait_longer(probing: Probing) -> None:
    """Row 139: one second, half as much again each time, an hour at most, for ever."""
    probing.prober.start()
    wait_s = 1.0
    for _ in range(30):
        count = probing.count
        probing.fail()
        probing.doh.advance(wait_s - 0.001)
        assert probing.count == count
        probing.doh.advance(0.002)
        assert probing.count == count + 1
        wait_s = min(wait_s * 1.5, 3600.0)
    assert wait_s == 3600.0


def test_chance_shortens_the_wait(probing: Probing) -> None:
    """By a fifth at most: clients should not return all at once."""
    assert PROBE_POLICY.jitter_factor == 0.2
    probing.jitter = 1.0
    probing.prober.start()
    probing.fail()
    probing.doh.advance(0.801)
    assert probing.count == 2


def test_a_question_that_was_answered_saves_the_probe(probing: Probing) -> None:
    """Before the next one, and while one is under way."""
    probing.prober.start()
    probing.server.ask("a.test", TYPE_A, lambda _: None)
    probing.doh.transport.only("A").reply(rcode="NXDOMAIN")
    probing.doh.settle()
    probing.fail()
    assert not probing.prober.is_running

    probing.server.reset()
    probing.prober.start()
    probing.fail()
    probing.server.note_result(True)
    probing.doh.advance(1.0)
    assert not probing.prober.is_running and probing.count == 3


def test_a_new_start_forgets_the_failures(probing: Probing) -> None:
    """As after a change of the network; the probe under way is dropped."""
    probing.prober.start()
    for _ in range(5):
        probing.fail()
        probing.doh.advance(10.0)
    probing.prober.start()
    assert probing.doh.transport.questions[-2].is_cancelled
    probing.fail()
    count = probing.count
    probing.doh.advance(1.001)
    assert probing.count == count + 1


def test_a_stopped_prober_is_silent(probing: Probing) -> None:
    """Under way, waiting, and twice."""
    probing.prober.start()
    probing.prober.stop()
    assert probing.doh.transport.questions[0].is_cancelled
    probing.prober.start()
    probing.fail()
    probing.prober.stop()
    probing.prober.stop()
    probing.doh.advance(4000.0)
    assert probing.count == 2 and not probing.prober.is_running
