"""OcspCertVerifier over a verifier, workers and a fetcher that the test plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import ManualClock, ManualWallClock
from netstack_sync.base.net_errors import (
    ERR_CERT_DATE_INVALID,
    ERR_CERT_NO_REVOCATION_MECHANISM,
    ERR_CERT_REVOKED,
    ERR_CERT_UNABLE_TO_CHECK_REVOCATION,
    ERR_CONNECTION_REFUSED,
    ERR_IO_PENDING,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import OcspMode, TrustConfig
from netstack_sync.cert.ocsp import OcspCertVerifier, OcspFetcher, OcspVerifyRequest, OcspWorkers
from netstack_sync.cert.verifier import CertVerifier, CertVerifyRequest, VerifyParams
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.workers.worker_pool import WorkerPool
from tests.cert.scripted_verifier import EXPIRED, ScriptedRequest, ScriptedVerifier, quiet
from tests.support.ocsp import CHAIN, GOOD, LEAF, REVOKED, ROOT, UNKNOWN, URL, leaf_asking, make_answer
from tests.workers.certificate_factory import DAY, HOUR, NOW, Issued, make_authority

T = TypeVar("T")

VERDICT = CertVerifyResult(OK, CertStatus.SHA1_SIGNATURE_PRESENT, CHAIN, True, (), (b"hash",))
CHECKED = CertStatus.SHA1_SIGNATURE_PRESENT | CertStatus.REV_CHECKING_ENABLED
NO_ANSWER = "whether the certificate was revoked could not be found out: "
MODES = [OcspMode.SOFT, OcspMode.HARD]


class Job:
    """Work, or a question to a responder, that waits for the test."""

    def __init__(self, on_done: Callable[[Any], None], work: Callable[[], Any] | None = None) -> None:
        self._on_done = on_done
        self._work = work
        self.is_cancelled = False

    def cancel(self) -> None:
        """See Cancelable."""
        self.is_cancelled = True

    def run(self) -> None:
        """Does the work and delivers what comes of it, be it an error."""
        assert self._work is not None
        try:
            value = self._work()
        except Exception as error:
            value = error
        self.deliver(value)

    def deliver(self, value: object) -> None:
        """The value, or the error, unless nobody wants it."""
        if not self.is_cancelled:
            self._on_done(value)


class Workers:
    """See OcspWorkers."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def post_job(self, work: Callable[[], T], on_reply: Callable[[T | BaseException], None]) -> Job:
        """See OcspWorkers."""
        self.jobs.append(Job(on_reply, work))
        return self.jobs[-1]


class Fetcher:
    """See OcspFetcher."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.urls: list[str] = []

    def start(self, url: str, body: bytes, on_done: Callable[[bytes | int], None]) -> Job:
        """See OcspFetcher."""
        assert body
        self.urls.append(url)
        self.jobs.append(Job(on_done))
        return self.jobs[-1]


class Asking:
    """A verifier with its surroundings."""

    def __init__(self) -> None:
        self.below = ScriptedVerifier(VERDICT)
        self.workers = Workers()
        self.fetcher = Fetcher()
        self.clock = ManualWallClock(NOW.timestamp())
        self.tick_clock = ManualClock()
        self.timers = TimerQueue(self.tick_clock)
        self.verifier = OcspCertVerifier(self.below, self.workers, self.fetcher, self.clock, self.timers)
        self.results: list[int] = []

    def request(self, mode: OcspMode = OcspMode.HARD, *, verify: bool = True) -> CertVerifyRequest:
        """A request that is not started."""
        params = VerifyParams(CHAIN, "example.test", TrustConfig(verify=verify, ocsp=mode))
        verifier: CertVerifier = self.verifier
        return verifier.create_request(params, quiet())

    def start(self, mode: OcspMode = OcspMode.HARD) -> CertVerifyRequest:
        """A request that has to wait."""
        request = self.request(mode)
        assert request.start(self.results.append) == ERR_IO_PENDING
        assert request.result is None
        return request

    def run(self, answer: bytes | int, mode: OcspMode = OcspMode.HARD) -> CertVerifyResult:
        """The verdict, when every responder answers like this."""
        request = self.start(mode)
        self.workers.jobs.pop().run()
        while self.fetcher.jobs:
            self.fetcher.jobs.pop().deliver(answer)
            if self.workers.jobs:
                self.workers.jobs.pop().run()
        return self.result_of(request)

    def result_of(self, request: CertVerifyRequest) -> CertVerifyResult:
        """The verdict of a request that has ended; its callback came once, and no timer is left."""
        assert request.result is not None
        assert len(self.timers) == 0
        assert self.results == [request.result.net_error]
        self.results.clear()
        return request.result

    def pass_time(self, seconds: float) -> None:
        """What is due runs."""
        self.tick_clock.advance(seconds)
        self.timers.run_due(10)

    def serve(self, leaf: Issued, *others: Issued) -> None:
        """The verifier below says this chain is good."""
        self.below.answer = replace(VERDICT, verified_chain=(leaf.der, *(each.der for each in others)))


@pytest.fixture
def asking() -> Asking:
    return Asking()


# --- what is asked at all


@pytest.mark.parametrize("mode, verify", [(OcspMode.OFF, True), (OcspMode.HARD, False), (OcspMode.SOFT, False)])
def test_nothing_stands_between_where_it_is_off(asking: Asking, mode: OcspMode, verify: bool) -> None:
    """The request of the verifier below is handed out as it is."""
    assert isinstance(asking.request(mode, verify=verify), ScriptedRequest)
    assert isinstance(asking.request(OcspMode.SOFT), OcspVerifyRequest)


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_bad_verdict_is_passed_on(asking: Asking, mode: OcspMode, is_late: bool) -> None:
    """Nobody is asked about a certificate that is no good anyway."""
    asking.below.answer = None if is_late else EXPIRED
    request = asking.request(mode)
    result = request.start(asking.results.append)
    if is_late:
        assert result == ERR_IO_PENDING
        asking.below.started[0].complete(EXPIRED)
        assert asking.results == [ERR_CERT_DATE_INVALID]
    else:
        assert (result, asking.results) == (ERR_CERT_DATE_INVALID, [])
    assert request.result is EXPIRED
    assert not asking.workers.jobs


@pytest.mark.parametrize("mode", MODES)
def test_a_certificate_that_is_trusted_by_itself(asking: Asking, mode: OcspMode) -> None:
    """Nobody is above it who could revoke it, as trust anchors are not asked about."""
    asking.below.answer = replace(VERDICT, verified_chain=(LEAF.der,), is_issued_by_known_root=False)
    request = asking.request(mode)
    assert request.start(asking.results.append) == OK
    assert request.result is asking.below.answer


@pytest.mark.parametrize("mode", MODES)
def test_an_issuer_that_nobody_has_shown(asking: Asking, mode: OcspMode) -> None:
    """The system knows it and we do not: hard mode insists on an answer, and there is nobody to ask about."""
    asking.serve(LEAF)
    request = asking.request(mode)
    if mode is OcspMode.SOFT:
        assert request.start(asking.results.append) == OK
        assert request.result is asking.below.answer
        return
    assert request.start(asking.results.append) == ERR_CERT_UNABLE_TO_CHECK_REVOCATION
    assert request.result is not None
    assert request.result.cert_status == CHECKED | CertStatus.UNABLE_TO_CHECK_REVOCATION
    assert request.result.detail.startswith(f"{NO_ANSWER}the server has not sent")


@pytest.mark.parametrize("mode", MODES)
def test_an_issuer_that_has_not_signed(asking: Asking, mode: OcspMode) -> None:
    """Whatever the verifier below took for the chain: a stranger is not asked, and has nothing to say."""
    asking.serve(LEAF, make_authority(number=66))
    request = asking.start(mode)
    asking.workers.jobs.pop().run()
    result = asking.result_of(request)
    assert not asking.fetcher.urls
    assert result.net_error == (OK if mode is OcspMode.SOFT else ERR_CERT_UNABLE_TO_CHECK_REVOCATION)


# --- what is answered


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_good_certificate(asking: Asking, mode: OcspMode, is_late: bool) -> None:
    """The verdict is that of the verifier below, and says that revocation was looked up."""
    asking.below.answer = None if is_late else VERDICT
    request = asking.start(mode)
    if is_late:
        asking.below.started[0].complete(VERDICT)
    asking.workers.jobs.pop().run()
    assert asking.fetcher.urls == [URL]
    asking.fetcher.jobs.pop().deliver(make_answer())
    asking.workers.jobs.pop().run()
    assert asking.result_of(request) == replace(VERDICT, cert_status=CHECKED)
    assert not asking.workers.jobs and not asking.fetcher.jobs


@pytest.mark.parametrize("mode", MODES)
def test_a_revoked_certificate(asking: Asking, mode: OcspMode) -> None:
    """Counts in both modes."""
    when = f"{NOW - 2 * DAY:%Y-%m-%d %H:%M} UTC"
    assert asking.run(make_answer(REVOKED), mode) == replace(
        VERDICT,
        net_error=ERR_CERT_REVOKED,
        cert_status=CHECKED | CertStatus.REVOKED,
        reasons=(f"its issuer has revoked the certificate on {when}",),
    )


STRANGER = make_authority("stranger", number=40)


@pytest.mark.parametrize(
    "answer, detail",
    [
        (ERR_CONNECTION_REFUSED, "the server refused the connection"),
        (b"<html>", "the answer cannot be understood"),
        (make_answer(UNKNOWN), "the responder does not know the certificate"),
        (make_answer(next_update=NOW - HOUR, this_update=NOW - DAY), "the answer does not count at this time"),
        (make_answer(signer=STRANGER, certificates=[STRANGER]), "the responder's certificate was not issued by"),
        (make_answer(REVOKED, signer=STRANGER), "the answer was signed neither by"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_no_answer_that_counts(asking: Asking, mode: OcspMode, answer: bytes | int, detail: str) -> None:
    """Soft takes the certificate, hard does not and says why; the next request asks again."""
    for _ in range(2):
        result = asking.run(answer, mode)
        if mode is OcspMode.SOFT:
            assert result == replace(VERDICT, cert_status=CHECKED)
        else:
            assert result.net_error == ERR_CERT_UNABLE_TO_CHECK_REVOCATION
            assert result.cert_status == CHECKED | CertStatus.UNABLE_TO_CHECK_REVOCATION
            assert len(result.reasons) == 1 and result.detail.startswith(f"{NO_ANSWER}{URL}: ")
            assert detail in result.detail
    assert asking.fetcher.urls == [URL, URL] and len(asking.verifier.answers) == 0


@pytest.mark.parametrize("urls", [(), ("https://ocsp.test/",)])
@pytest.mark.parametrize("mode", MODES)
def test_nobody_can_be_asked(asking: Asking, mode: OcspMode, urls: tuple[str, ...]) -> None:
    """The certificate does not say whom, or not in a way that can be used."""
    asking.serve(leaf_asking(*urls) if urls else Issued.make(issuer=ROOT), ROOT)
    request = asking.start(mode)
    asking.workers.jobs.pop().run()
    result = asking.result_of(request)
    if mode is OcspMode.SOFT:
        assert (result.net_error, result.cert_status, result.reasons) == (OK, CHECKED, ())
    else:
        assert result.net_error == ERR_CERT_NO_REVOCATION_MECHANISM
        assert result.cert_status == CHECKED | CertStatus.NO_REVOCATION_MECHANISM
        assert result.detail == "the certificate names no place where its revocation can be looked up over http"
    assert not asking.fetcher.jobs


@pytest.mark.parametrize("stage", ["query", "answer"])
@pytest.mark.parametrize("mode", MODES)
def test_a_worker_that_fails(asking: Asking, mode: OcspMode, stage: str) -> None:
    """Is no answer."""
    request = asking.start(mode)
    if stage == "answer":
        asking.workers.jobs.pop().run()
        asking.fetcher.jobs.pop().deliver(make_answer())
    asking.workers.jobs.pop().deliver(ValueError("odd"))
    result = asking.result_of(request)
    if mode is OcspMode.SOFT:
        assert result.net_error == OK
    else:
        assert result.net_error == ERR_CERT_UNABLE_TO_CHECK_REVOCATION
        assert result.detail.startswith(NO_ANSWER) and "ValueError('odd')" in result.detail


def test_the_second_responder(asking: Asking) -> None:
    """Is asked when the first one is of no help, and its word counts as much."""
    leaf = leaf_asking("http://a.test/", "http://b.test/")
    asking.serve(leaf, ROOT)
    for useless in (ERR_CONNECTION_REFUSED, b"<html>", make_answer(UNKNOWN, leaf=leaf)):
        asking.fetcher.urls.clear()
        request = asking.start(OcspMode.SOFT)
        asking.workers.jobs.pop().run()
        asking.fetcher.jobs.pop().deliver(useless)
        if isinstance(useless, bytes):
            asking.workers.jobs.pop().run()
        asking.fetcher.jobs.pop().deliver(make_answer(REVOKED, leaf=leaf))
        asking.workers.jobs.pop().run()
        assert asking.result_of(request).net_error == ERR_CERT_REVOKED
        assert asking.fetcher.urls == ["http://a.test/", "http://b.test/"]
        asking.verifier.on_trust_changed()


def test_the_last_responder_is_blamed(asking: Asking) -> None:
    """When none of them was of help."""
    asking.serve(leaf_asking("http://a.test/", "http://b.test/"), ROOT)
    result = asking.run(ERR_CONNECTION_REFUSED)
    assert result.reasons[0].startswith(f"{NO_ANSWER}http://b.test/: ")


def test_the_time_of_the_answer_counts(asking: Asking) -> None:
    """Not that of the moment when a worker gets round to it, nor that of the question."""
    request = asking.start()
    asking.workers.jobs.pop().run()
    asking.clock.advance(2 * 86400)
    asking.fetcher.jobs.pop().deliver(make_answer(this_update=NOW + DAY, next_update=NOW + 3 * DAY))
    asking.clock.advance(-2 * 86400)
    asking.workers.jobs.pop().run()
    assert asking.result_of(request).net_error == OK


# --- silence


@pytest.mark.parametrize("stage", ["query", "fetch", "answer"])
def test_in_soft_mode_silence_is_short(asking: Asking, stage: str) -> None:
    """After two seconds the certificate passes; what is under way, whatever it is, is not waited for any more."""
    request = asking.start(OcspMode.SOFT)
    under_way = asking.workers.jobs.pop()
    if stage != "query":
        asking.pass_time(1.0)
        under_way.run()
        under_way = asking.fetcher.jobs.pop()
    if stage == "answer":
        under_way.deliver(make_answer(REVOKED))
        under_way = asking.workers.jobs.pop()
    asking.pass_time(0.5)
    assert request.result is None
    asking.pass_time(1.5)
    assert under_way.is_cancelled
    assert asking.result_of(request) == replace(VERDICT, cert_status=CHECKED)
    assert len(asking.verifier.answers) == 0


def test_two_silent_responders_take_no_longer_than_one(asking: Asking) -> None:
    """The time is for all of them together."""
    asking.serve(leaf_asking("http://a.test/", "http://b.test/"), ROOT)
    request = asking.start(OcspMode.SOFT)
    asking.workers.jobs.pop().run()
    asking.pass_time(1.5)
    asking.fetcher.jobs.pop().deliver(ERR_CONNECTION_REFUSED)
    asking.pass_time(0.5)
    assert asking.fetcher.jobs.pop().is_cancelled
    assert asking.result_of(request).net_error == OK


def test_in_hard_mode_nothing_hurries(asking: Asking) -> None:
    """The fetcher has limits of its own."""
    request = asking.start(OcspMode.HARD)
    asking.pass_time(60.0)
    asking.workers.jobs.pop().run()
    asking.pass_time(60.0)
    asking.fetcher.jobs.pop().deliver(make_answer())
    asking.workers.jobs.pop().run()
    assert asking.result_of(request).net_error == OK


def test_the_verifier_below_has_its_own_time(asking: Asking) -> None:
    """What counts is how long the question about revocation takes."""
    asking.below.answer = None
    request = asking.start(OcspMode.SOFT)
    asking.pass_time(60.0)
    asking.below.started[0].complete(VERDICT)
    asking.workers.jobs.pop().run()
    asking.fetcher.jobs.pop().deliver(make_answer(REVOKED))
    asking.workers.jobs.pop().run()
    assert asking.result_of(request).net_error == ERR_CERT_REVOKED


# --- what is remembered


def ask_again(asking: Asking, mode: OcspMode = OcspMode.HARD) -> int:
    """The result of another request for the same chain; it is cancelled when it has to wait."""
    request = asking.request(mode)
    result = request.start(asking.results.append)
    request.cancel()
    if result == ERR_IO_PENDING:
        asking.workers.jobs.clear()
    return result


@pytest.mark.parametrize("status, net_error", [(GOOD, OK), (REVOKED, ERR_CERT_REVOKED)])
def test_an_answer_is_remembered(asking: Asking, status: Any, net_error: int) -> None:
    """For the same certificate of the same issuer, whoever asks in whatever mode."""
    first = asking.run(make_answer(status))
    request = asking.request(OcspMode.SOFT)
    assert request.start(asking.results.append) == net_error
    assert request.result == first and not asking.results
    asking.serve(leaf_asking(URL), ROOT)
    assert ask_again(asking) == ERR_IO_PENDING
    asking.serve(LEAF, STRANGER)
    assert ask_again(asking) == ERR_IO_PENDING
    assert repr(asking.verifier) == "<OcspCertVerifier 1 answers>"


@pytest.mark.parametrize("next_update, lifetime", [(NOW + DAY, HOUR), (NOW + HOUR / 2, HOUR / 2), (None, HOUR)])
def test_an_answer_is_remembered_for_a_while(asking: Asking, next_update: datetime | None, lifetime: timedelta) -> None:
    """An hour at most, and no longer than it counts; not at all while the clock shows an earlier time."""
    asking.run(make_answer(next_update=next_update))
    asking.clock.advance(lifetime.total_seconds() - 2)
    assert ask_again(asking) == OK
    asking.clock.advance(4)
    assert ask_again(asking) == ERR_IO_PENDING
    asking.clock.advance(-4 - lifetime.total_seconds())
    assert ask_again(asking) == ERR_IO_PENDING


def test_nothing_is_remembered_when_trust_changes(asking: Asking) -> None:
    """Neither what is known nor what is being asked; the verifier below is told."""
    asking.run(make_answer())
    asking.verifier.on_trust_changed()
    assert asking.below.trust_changes == 1 and len(asking.verifier.answers) == 0
    request = asking.start()
    asking.workers.jobs.pop().run()
    asking.verifier.on_trust_changed()
    asking.fetcher.jobs.pop().deliver(make_answer())
    asking.workers.jobs.pop().run()
    assert asking.result_of(request).net_error == OK
    assert len(asking.verifier.answers) == 0


# --- cancelling


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stage", ["verify", "query", "fetch", "answer"])
def test_a_cancelled_request_is_silent(asking: Asking, stage: str, mode: OcspMode) -> None:
    """What is under way is cancelled with it, in every state; idempotent."""
    asking.below.answer = None
    request = asking.start(mode)
    under_way: Any = asking.below.started[0]
    if stage != "verify":
        under_way.complete(VERDICT)
        under_way = asking.workers.jobs.pop()
    if stage in ("fetch", "answer"):
        under_way.run()
        under_way = asking.fetcher.jobs.pop()
    if stage == "answer":
        under_way.deliver(make_answer())
        under_way = asking.workers.jobs.pop()
    assert not under_way.is_cancelled
    request.cancel()
    request.cancel()
    assert under_way.is_cancelled
    assert request.result is None and not asking.results
    assert not asking.workers.jobs and not asking.fetcher.jobs
    assert len(asking.timers) == 0


def test_cancelling_what_never_started_or_has_ended_is_harmless(asking: Asking) -> None:
    """The verdict stays, and what served it is not touched any more."""
    asking.request().cancel()
    request = asking.start()
    jobs = [asking.workers.jobs.pop()]
    jobs[0].run()
    jobs.append(asking.fetcher.jobs.pop())
    jobs[1].deliver(make_answer())
    jobs.append(asking.workers.jobs.pop())
    jobs[2].run()
    request.cancel()
    assert asking.result_of(request).net_error == OK
    assert not any(job.is_cancelled for job in jobs) and not asking.below.started[0].is_cancelled


def test_the_request_may_be_cancelled_in_its_callback(asking: Asking) -> None:
    """It has ended by then."""
    request = asking.request()
    assert request.start(lambda _: request.cancel()) == ERR_IO_PENDING
    asking.workers.jobs.pop().run()
    asking.fetcher.jobs.pop().deliver(make_answer())
    asking.workers.jobs.pop().run()
    assert request.result is not None


def test_a_request_is_started_once(asking: Asking) -> None:
    """Twice is a mistake of the caller, while it waits and afterwards."""
    request = asking.start()
    with pytest.raises(AssertionError):
        request.start(asking.results.append)
    asking.below.answer = EXPIRED
    request = asking.request()
    request.start(asking.results.append)
    with pytest.raises(AssertionError):
        request.start(asking.results.append)


def test_the_state_is_shown(asking: Asking) -> None:
    """By the name of the next step."""
    request = asking.start()
    assert repr(request) == "<OcspVerifyRequest ask>"
    request.cancel()
    assert repr(request) == "<OcspVerifyRequest idle>"


def test_the_worker_pool_fits() -> None:
    """For the type checker: a WorkerPool is what the verifier asks for, and a Fetcher of these tests too."""

    def accept(pool: WorkerPool, fetcher: Fetcher) -> tuple[OcspWorkers, OcspFetcher]:
        return pool, fetcher

    assert callable(accept)
