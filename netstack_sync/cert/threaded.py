"""ThreadedCertVerifier: lets a worker judge each chain (net/cert/multi_threaded_cert_verifier.cc)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Protocol

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import WallClock
from netstack_sync.base.net_errors import ERR_FAILED, ERR_IO_PENDING
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.cert.verifier import VerifyParams
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.workers.revocation_lists import RevocationListsCache
from netstack_sync.workers.trust_roots import TrustRootsCache


class VerifyJob(Protocol):
    """Handle of a posted verification."""

    def cancel(self) -> None:
        """The reply never comes."""


class VerifyWorkers(Protocol):
    """What is needed of a WorkerPool."""

    def post_job(
        self,
        work: Callable[[], CertVerifyResult],
        on_reply: Callable[[CertVerifyResult | BaseException], None],
    ) -> VerifyJob:
        """Runs `work` on a worker and `on_reply` with its value on the network thread, later."""
        ...


class ThreadedCertVerifier:
    """One job on a worker for each request. Network thread only; roots and lists are shared with the workers."""

    __slots__ = ("_clock", "_lists", "_roots", "_workers")

    def __init__(
        self,
        workers: VerifyWorkers,
        roots: TrustRootsCache,
        clock: WallClock,
        lists: RevocationListsCache | None = None,
    ) -> None:
        self._workers = workers
        self._roots = roots
        self._clock = clock
        self._lists = lists if lists is not None else RevocationListsCache()

    def create_request(self, params: VerifyParams, net_log: NetLogWithSource) -> ThreadedVerifyRequest:
        """See CertVerifier.create_request."""
        return ThreadedVerifyRequest(self, params, net_log)

    def on_trust_changed(self) -> None:
        """See CertVerifier.on_trust_changed. Roots and revocation lists are read again when next needed."""
        self._roots.forget()
        self._lists.forget()

    def post(self, params: VerifyParams, on_reply: Callable[[CertVerifyResult | BaseException], None]) -> VerifyJob:
        """Posts the work for one request; the time that counts is now."""
        roots_cache, lists_cache, trust = self._roots, self._lists, params.trust
        now = datetime.fromtimestamp(self._clock.now(), timezone.utc)

        def verify() -> CertVerifyResult:
            from netstack_sync.workers.platform_verifier import verify_with_platform  # late, and on the worker
            from netstack_sync.workers.verify_certificate import describe_chain, verify_certificate

            if not trust.verify:
                return describe_chain(params.chain)
            roots = roots_cache.get(trust)
            if roots.verifier is not None:
                return verify_with_platform(params.chain, params.hostname, now, roots)
            lists = lists_cache.get(trust.crls) if trust.crls else None
            return verify_certificate(params.chain, params.hostname, now, roots, lists)

        return self._workers.post_job(verify, on_reply)


class ThreadedVerifyRequest:
    """See CertVerifyRequest; always answers later."""

    __slots__ = ("_job", "_net_log", "_on_done", "_params", "_verifier", "result")

    def __init__(self, verifier: ThreadedCertVerifier, params: VerifyParams, net_log: NetLogWithSource) -> None:
        self._verifier = verifier
        self._params = params
        self._net_log = net_log
        self._job: VerifyJob | None = None
        self._on_done: Completion | None = None
        self.result: CertVerifyResult | None = None

    def start(self, on_done: Completion) -> int:
        """ERR_IO_PENDING; see CertVerifyRequest.start."""
        assert self._on_done is None and self.result is None, "a request is started once"
        self._net_log.begin(NetLogEventType.CERT_VERIFIER_TASK)
        self._on_done = on_done
        self._job = self._verifier.post(self._params, self._on_reply)
        return ERR_IO_PENDING

    def cancel(self) -> None:
        """See CertVerifyRequest.cancel. Work that runs already ends on its thread, for nobody."""
        job, self._job = self._job, None
        self._on_done = None
        if job is not None:
            job.cancel()
            self._net_log.end(NetLogEventType.CERT_VERIFIER_TASK)

    def _on_reply(self, reply: CertVerifyResult | BaseException) -> None:
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "a reply without a question"
        self._job = None
        self.result = _no_verdict(self._params, reply) if isinstance(reply, BaseException) else reply
        self._net_log.end_with_net_error(NetLogEventType.CERT_VERIFIER_TASK, self.result.net_error)
        on_done(self.result.net_error)


def _no_verdict(params: VerifyParams, error: BaseException) -> CertVerifyResult:
    """The worker failed: nobody has vouched for the chain."""
    detail = f"the certificate could not be checked: {type(error).__name__}: {error}"
    return CertVerifyResult(ERR_FAILED, CertStatus.AUTHORITY_INVALID, params.chain, False, (detail,))
