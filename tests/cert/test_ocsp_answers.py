"""Answers about revocation that are kept; for how long the tests of OcspCertVerifier show."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.cert.ocsp_answers import OcspAnswers
from netstack_sync.workers.check_ocsp import OcspStatus, OcspVerdict
from tests.workers.certificate_factory import DAY, HOUR, NOW

GOOD = OcspVerdict(OcspStatus.GOOD, "", NOW + DAY)
CHAIN = (b"leaf", b"issuer")


@pytest.fixture
def clock() -> ManualWallClock:
    return ManualWallClock(NOW.timestamp())


@pytest.fixture
def answers(clock: ManualWallClock) -> OcspAnswers:
    return OcspAnswers(clock)


def test_an_answer_is_about_a_leaf_of_an_issuer(answers: OcspAnswers) -> None:
    """Neither about another leaf, nor about one with that issuer's name only."""
    answers.store(CHAIN, GOOD, 0)
    assert answers.look_up(CHAIN) is GOOD
    assert answers.look_up((b"leaf", b"other")) is None and answers.look_up((b"other", b"issuer")) is None
    assert repr(answers) == "<OcspAnswers 1>"


def test_an_answer_counts_an_hour_at_most(answers: OcspAnswers, clock: ManualWallClock) -> None:
    """And no longer than its authority says, nor before it was given."""
    answers.store(CHAIN, GOOD, 0)
    clock.advance(3599)
    assert answers.look_up(CHAIN) is GOOD
    clock.advance(1)
    assert answers.look_up(CHAIN) is None
    clock.advance(-3601)
    assert answers.look_up(CHAIN) is None
    answers.store(CHAIN, OcspVerdict(OcspStatus.GOOD, "", NOW + HOUR / 2), 0)
    clock.advance(1802)
    assert answers.look_up(CHAIN) is None


def test_what_was_asked_before_all_was_forgotten_is_not_kept(answers: OcspAnswers) -> None:
    """It may be the word of somebody who is not trusted any more."""
    answers.store(CHAIN, GOOD, 0)
    answers.clear()
    assert len(answers) == 0
    answers.store(CHAIN, GOOD, 0)
    assert answers.look_up(CHAIN) is None
    answers.store(CHAIN, GOOD, answers.generation)
    assert answers.look_up(CHAIN) is GOOD


def test_a_limited_number_is_remembered(answers: OcspAnswers) -> None:
    """The oldest goes; one that is asked for again is the newest, and takes no second place."""
    for number in range(256):
        answers.store((b"%d" % number, b""), GOOD, 0)
    answers.store((b"0", b""), GOOD, 0)
    assert len(answers) == 256
    answers.store((b"new", b""), GOOD, 0)
    assert len(answers) == 256
    assert answers.look_up((b"1", b"")) is None
    assert all(answers.look_up((name, b"")) is not None for name in (b"0", b"2", b"new"))
