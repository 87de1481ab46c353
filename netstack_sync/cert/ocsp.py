"""OcspCertVerifier: asks the issuer of a good certificate whether it has revoked it since.

Only the leaf is asked about, as Chromium does not ask about trust anchors and as intermediates of public authorities
are revoked by lists that browsers bring along. A leaf that is trusted by itself has nobody above it to ask.

In soft mode silence is a yes, so silence must not cost more than a moment either: a request whose own time is short
would fail for a responder that hangs. Hard mode waits as long as the fetcher does, for each responder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Final, Protocol, TypeVar

from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.clock import WallClock
from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import OcspMode
from netstack_sync.cert.ocsp_answers import OcspAnswers
from netstack_sync.cert.verifier import CertVerifier, CertVerifyRequest, VerifyParams
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import Alarm, TimerQueue
from netstack_sync.workers.check_ocsp import OcspQuery, OcspStatus, OcspVerdict, judge_ocsp, make_ocsp_query

T = TypeVar("T")

_SOFT_LIMIT_S: Final = 2.0  # for all responders and workers together; Firefox's for OCSP that may fail
_NO_RESPONDER: Final = "the certificate names no place where its revocation can be looked up over http"
_NO_ANSWER: Final = "whether the certificate was revoked could not be found out"
_NO_ISSUER: Final = f"{_NO_ANSWER}: the server has not sent the certificate of its issuer, who would have to be asked"


class Cancelable(Protocol):
    """Something under way."""

    def cancel(self) -> None:
        """Its callback never comes; idempotent."""


class OcspWorkers(Protocol):
    """What is needed of a WorkerPool."""

    def post_job(self, work: Callable[[], T], on_reply: Callable[[T | BaseException], None]) -> Cancelable:
        """Runs `work` on a worker and `on_reply` with its value on the network thread, later."""
        ...


class OcspFetcher(Protocol):
    """Brings a question to a responder and its answer back. Network thread only."""

    def start(self, url: str, body: bytes, on_done: Callable[[bytes | int], None]) -> Cancelable:
        """Posts an OCSPRequest to an http: URL; `on_done` comes once, later, with the answer or an error number."""
        ...


class OcspCertVerifier:
    """Owns the answers that still count and the verifier below. Network thread only.

    Where OCSP is off nothing stands between the caller and the verifier below.
    """

    __slots__ = ("_clock", "_fetcher", "_timers", "_verifier", "_workers", "answers")

    def __init__(
        self,
        verifier: CertVerifier,
        workers: OcspWorkers,
        fetcher: OcspFetcher,
        clock: WallClock,
        timers: TimerQueue,
    ) -> None:
        self._verifier = verifier
        self._workers = workers
        self._fetcher = fetcher
        self._clock = clock
        self._timers = timers
        self.answers = OcspAnswers(clock)
        """What is known already."""

    def create_request(self, params: VerifyParams, net_log: NetLogWithSource) -> CertVerifyRequest:
        """See CertVerifier.create_request."""
        request = self._verifier.create_request(params, net_log)
        if not params.trust.verify or params.trust.ocsp is OcspMode.OFF:
            return request
        return OcspVerifyRequest(self, request, params.trust.ocsp, self._timers)

    def on_trust_changed(self) -> None:
        """See CertVerifier.on_trust_changed. Forgets every answer, and those that are on their way."""
        self.answers.clear()
        self._verifier.on_trust_changed()

    def post_query(
        self, chain: tuple[bytes, ...], on_reply: Callable[[OcspQuery | BaseException | None], None]
    ) -> Cancelable:
        """Has a worker read whom to ask."""
        return self._workers.post_job(lambda: make_ocsp_query(chain), on_reply)

    def fetch(self, url: str, body: bytes, on_done: Callable[[bytes | int], None]) -> Cancelable:
        """See OcspFetcher.start."""
        return self._fetcher.start(url, body, on_done)

    def post_answer(
        self, answer: bytes, chain: tuple[bytes, ...], on_reply: Callable[[OcspVerdict | BaseException], None]
    ) -> Cancelable:
        """Has a worker judge an answer; the time that counts is now."""
        now = datetime.fromtimestamp(self._clock.now(), timezone.utc)
        return self._workers.post_job(lambda: judge_ocsp(answer, chain, now), on_reply)

    def __repr__(self) -> str:
        return f"<OcspCertVerifier {len(self.answers)} answers>"


class OcspVerifyRequest(StepMachine):
    """See CertVerifyRequest: the verdict of the verifier below, then the leaf's responders, one after the other."""

    __slots__ = (
        "_alarm",
        "_answer",
        "_body",
        "_generation",
        "_is_soft",
        "_judgement",
        "_lack",
        "_pending",
        "_problem",
        "_request",
        "_urls_left",
        "_verdict",
        "_verifier",
        "result",
    )

    def __init__(
        self, verifier: OcspCertVerifier, request: CertVerifyRequest, mode: OcspMode, timers: TimerQueue
    ) -> None:
        super().__init__()
        self._verifier = verifier
        self._request = request
        self._is_soft = mode is OcspMode.SOFT
        self._alarm = Alarm(timers) if self._is_soft else None
        self._generation = 0
        self._pending: Cancelable | None = None
        self._verdict: CertVerifyResult | None = None
        """Of the verifier below, which was OK."""
        self._urls_left: tuple[str, ...] = ()
        self._body = b""
        self._answer = b""
        self._judgement: OcspVerdict | None = None
        self._lack = CertStatus.UNABLE_TO_CHECK_REVOCATION
        self._problem = ""
        """Why nobody has said anything so far."""
        self.result: CertVerifyResult | None = None

    def start(self, on_done: Completion) -> int:
        """See CertVerifyRequest.start."""
        assert self.result is None, "a request is started once"
        self._generation = self._verifier.answers.generation
        return self._begin(self._verify, on_done)

    def cancel(self) -> None:
        """See CertVerifyRequest.cancel."""
        self._stop()
        self._cancel_pending()

    # --- steps

    def _verify(self, _: int) -> int:
        self._step = self._look_up
        self._pending = self._request
        return self._request.start(self._on_io_complete)

    def _look_up(self, net_error: int) -> int:
        self._pending = None
        verdict = self._request.result
        assert verdict is not None, "finished without a verdict"
        self._verdict = verdict
        if net_error != OK or len(verdict.verified_chain) < 2:
            return self._leave(verdict)
        known = self._verifier.answers.look_up(self._chain)
        if known is not None:
            return self._conclude(known)
        if self._alarm is not None:
            self._alarm.start(_SOFT_LIMIT_S, self._on_silence)
        self._step = self._ask
        self._pending = self._verifier.post_query(self._chain, self._on_query)
        return ERR_IO_PENDING

    def _ask(self, _: int) -> int:
        if not self._urls_left:
            return self._do_without()
        self._step = self._judge
        self._pending = self._verifier.fetch(self._urls_left[0], self._body, self._on_answer)
        return ERR_IO_PENDING

    def _judge(self, net_error: int) -> int:
        if net_error != OK:
            return self._ask_next(meaning(net_error))
        self._step = self._weigh
        self._pending = self._verifier.post_answer(self._answer, self._chain, self._on_judgement)
        return ERR_IO_PENDING

    def _weigh(self, _: int) -> int:
        judgement = self._judgement
        assert judgement is not None
        if judgement.status not in (OcspStatus.GOOD, OcspStatus.REVOKED):
            return self._ask_next(judgement.detail)
        self._verifier.answers.store(self._chain, judgement, self._generation)
        return self._conclude(judgement)

    def _ask_next(self, problem: str) -> int:
        """Leaves a responder that was of no help."""
        self._problem = f"{_NO_ANSWER}: {self._urls_left[0]}: {problem}"
        self._urls_left = self._urls_left[1:]
        self._step = self._ask
        return OK

    # --- the end

    def _leave(self, verdict: CertVerifyResult) -> int:
        """There is nothing to ask about, or nobody to ask."""
        # A leaf that the user trusts by itself has no issuer; one of a known root has, but the server may keep it back.
        if verdict.net_error == OK and verdict.is_issued_by_known_root and not self._is_soft:
            return self._finish(CertStatus.UNABLE_TO_CHECK_REVOCATION, _NO_ISSUER)
        self.result = verdict
        return verdict.net_error

    def _conclude(self, answer: OcspVerdict) -> int:
        """What the authority says counts."""
        if answer.status is OcspStatus.GOOD:
            return self._finish(CertStatus(0))
        return self._finish(CertStatus.REVOKED, answer.detail)

    def _do_without(self, _: int = OK) -> int:
        """Nobody has said anything."""
        if self._is_soft:
            return self._finish(CertStatus(0))
        return self._finish(self._lack, self._problem)

    def _finish(self, found: CertStatus, *reasons: str) -> int:
        verdict = self._verdict
        assert verdict is not None, "only what is good so far is asked about"
        self._stop_alarm()
        status = verdict.cert_status | CertStatus.REV_CHECKING_ENABLED | found
        net_error = map_cert_status_to_net_error(status)
        self.result = replace(verdict, net_error=net_error, cert_status=status, reasons=(*verdict.reasons, *reasons))
        return net_error

    def _cancel_pending(self) -> None:
        self._stop_alarm()
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()

    # --- replies

    def _on_silence(self) -> None:
        self._cancel_pending()
        self._step = self._do_without
        self._on_io_complete(OK)

    def _on_query(self, query: OcspQuery | BaseException | None) -> None:
        self._pending = None
        if isinstance(query, OcspQuery):
            self._urls_left, self._body = query.urls, query.body
        elif query is None:
            self._lack, self._problem = CertStatus.NO_REVOCATION_MECHANISM, _NO_RESPONDER
        else:
            self._problem = f"{_NO_ANSWER}: the certificate cannot be understood: {query!r}"
        self._on_io_complete(OK)

    def _on_answer(self, answer: bytes | int) -> None:
        self._pending = None
        if isinstance(answer, bytes):
            self._answer = answer
        self._on_io_complete(answer if isinstance(answer, int) else OK)

    def _on_judgement(self, judgement: OcspVerdict | BaseException) -> None:
        self._pending = None
        if isinstance(judgement, BaseException):
            judgement = OcspVerdict(OcspStatus.UNUSABLE, f"the answer could not be judged: {judgement!r}")
        self._judgement = judgement
        self._on_io_complete(OK)

    @property
    def _chain(self) -> tuple[bytes, ...]:
        """The leaf and its issuer."""
        assert self._verdict is not None
        return self._verdict.verified_chain[:2]
