"""CachingCertVerifier: what is remembered, for how long, and what makes it forget."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import ERR_FILE_NOT_FOUND, ERR_IO_PENDING, OK
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cert.caching import CachedVerifyRequest, CachingCertVerifier
from netstack_sync.cert.verifier import CertVerifier, VerifyParams
from tests.cert.scripted_verifier import EXPIRED, GOOD, NO_ROOTS, PARAMS, ScriptedVerifier, quiet


class Setup:
    """A cache over a scripted verifier."""

    def __init__(self) -> None:
        self.below = ScriptedVerifier(GOOD)
        self.clock = ManualWallClock(1_000_000.0)
        self.verifier = CachingCertVerifier(self.below, self.clock)
        self.results: list[int] = []

    def ask(self, params: VerifyParams = PARAMS) -> int:
        """Starts a request."""
        return self.request(params).start(self.results.append)

    def request(self, params: VerifyParams = PARAMS) -> CachedVerifyRequest:
        """A request that is not started."""
        return self.verifier.create_request(params, quiet())

    @property
    def asked_below(self) -> int:
        """How often the verifier below was asked."""
        return len(self.below.started)


@pytest.fixture
def setup() -> Setup:
    return Setup()


def _host(number: int) -> VerifyParams:
    return VerifyParams((b"leaf",), f"{number}.test", TrustConfig())


@pytest.mark.parametrize("verdict", [GOOD, EXPIRED])
def test_a_verdict_is_remembered(setup: Setup, verdict: CertVerifyResult) -> None:
    """Row 226, CacheHit: the second answer comes at once; errors are remembered as well."""
    setup.below.answer = verdict
    assert setup.ask() == verdict.net_error
    verifier: CertVerifier = setup.verifier
    request = verifier.create_request(PARAMS, quiet())
    assert request.start(setup.results.append) == verdict.net_error
    assert request.result is verdict
    assert setup.asked_below == 1
    assert repr(setup.verifier) == "<CachingCertVerifier 1 verdicts>"


def test_a_verdict_that_came_later_is_remembered(setup: Setup) -> None:
    """Row 226, CacheHit: the callback comes once, the next answer at once."""
    setup.below.answer = None
    request = setup.request()
    assert request.start(setup.results.append) == ERR_IO_PENDING
    assert request.result is None
    setup.below.started[0].complete(EXPIRED)
    assert setup.results == [EXPIRED.net_error]
    assert request.result is EXPIRED
    assert setup.ask() == EXPIRED.net_error
    assert setup.asked_below == 1


def test_other_intermediates_are_another_question(setup: Setup) -> None:
    """Row 226, DifferentCACerts: the whole chain is the key."""
    setup.ask()
    setup.ask(VerifyParams((b"leaf", b"other"), "example.test", TrustConfig()))
    assert setup.asked_below == 2


def test_trouble_of_our_own_is_not_remembered(setup: Setup) -> None:
    """Roots that could not be read say nothing about the certificate."""
    setup.below.answer = NO_ROOTS
    assert setup.ask() == ERR_FILE_NOT_FOUND
    setup.below.answer = GOOD
    assert setup.ask() == OK


@pytest.mark.parametrize("passed_s, asked", [(1799.0, 1), (1800.0, 2), (-1.0, 2)])
def test_verdicts_last_half_an_hour(setup: Setup, passed_s: float, asked: int) -> None:
    """By the wall clock; one that was set back voids them."""
    setup.ask()
    setup.clock.advance(passed_s)
    setup.ask()
    assert setup.asked_below == asked


@pytest.mark.parametrize("passed_s, asked", [(29.0, 1), (30.0, 2), (-1.0, 2)])
def test_refusals_last_half_a_minute(setup: Setup, passed_s: float, asked: int) -> None:
    """Who has put the missing certificate into the file tries again."""
    setup.below.answer = EXPIRED
    setup.ask()
    setup.clock.advance(passed_s)
    setup.ask()
    assert setup.asked_below == asked


def test_the_half_hour_begins_with_the_question(setup: Setup) -> None:
    """A worker that took long does not prolong it."""
    setup.below.answer = None
    setup.ask()
    setup.clock.advance(1700)
    setup.below.started[0].complete()
    setup.clock.advance(100)
    assert setup.ask() == ERR_IO_PENDING


def test_a_verdict_is_replaced_by_a_newer_one(setup: Setup) -> None:
    """The half hour begins again."""
    setup.ask()
    setup.clock.advance(1800)
    setup.ask()
    setup.clock.advance(1799)
    setup.ask()
    assert setup.asked_below == 2
    assert len(setup.verifier) == 1


def test_a_change_of_trust_forgets_everything(setup: Setup) -> None:
    """Row 226, CacheClearedSyncVerification; ObserverIsForwarded: the verifier below is told."""
    setup.ask()
    setup.verifier.on_trust_changed()
    assert len(setup.verifier) == 0
    assert setup.below.trust_changes == 1
    setup.ask()
    assert setup.asked_below == 2


def test_a_verdict_from_before_a_change_of_trust_is_not_stored(setup: Setup) -> None:
    """Row 226, CacheClearedAsyncVerification: who waited for it gets it, nobody else does."""
    setup.below.answer = None
    setup.ask()
    setup.verifier.on_trust_changed()
    setup.below.started[0].complete()
    assert setup.results == [OK]
    assert setup.ask() == ERR_IO_PENDING


def test_256_verdicts_are_kept(setup: Setup) -> None:
    """The oldest goes when all the others still count."""
    for number in range(257):
        setup.ask(_host(number))
    assert len(setup.verifier) == 256
    setup.ask(_host(1))
    assert setup.asked_below == 257
    setup.ask(_host(0))
    assert setup.asked_below == 258


def test_verdicts_that_are_too_old_go_first(setup: Setup) -> None:
    """They make room for more than one."""
    for number in range(200):
        setup.ask(_host(number))
    setup.clock.advance(1800)
    for number in range(200, 257):
        setup.ask(_host(number))
    assert len(setup.verifier) == 57


def test_a_cancelled_request_hears_nothing(setup: Setup) -> None:
    """The question below is cancelled with it, once."""
    setup.below.answer = None
    request = setup.request()
    request.start(setup.results.append)
    request.cancel()
    request.cancel()
    assert setup.below.started[0].is_cancelled
    assert (setup.results, len(setup.verifier)) == ([], 0)


def test_cancelling_what_never_started_or_has_ended_is_harmless(setup: Setup) -> None:
    """There is nothing below to cancel."""
    setup.request().cancel()
    request = setup.request()
    request.start(setup.results.append)
    request.cancel()
    assert request.result is GOOD
    assert not setup.below.started[0].is_cancelled


def test_a_callback_may_ask_the_same_again(setup: Setup) -> None:
    """It is answered from memory."""
    setup.below.answer = None
    again: list[int] = []
    setup.request().start(lambda _: again.append(setup.ask()))
    setup.below.started[0].complete()
    assert again == [OK]


@pytest.mark.parametrize("answer", [None, GOOD])
def test_a_request_is_started_once(setup: Setup, answer: CertVerifyResult | None) -> None:
    """Twice is a mistake of the caller, waiting or finished."""
    setup.below.answer = answer
    request = setup.request()
    request.start(setup.results.append)
    with pytest.raises(AssertionError):
        request.start(setup.results.append)
