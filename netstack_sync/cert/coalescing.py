"""CoalescingCertVerifier: equal questions at the same time are asked once.

Six connections opened at once bring the same chain six times (net/cert/coalescing_cert_verifier.cc).
"""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.cert.verifier import CertVerifier, CertVerifyRequest, VerifyParams
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.params import pem_list, source_params
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.fan_out import tell_in_turns


class CoalescingCertVerifier:
    """Owns the jobs in flight, one per set of parameters, and the verifier below. Network thread only."""

    __slots__ = ("_jobs", "_verifier", "post_task")

    def __init__(self, verifier: CertVerifier, post_task: Callable[[Task], object]) -> None:
        self._verifier = verifier
        self.post_task = post_task
        """For requests that are told of a verdict after others."""
        self._jobs: dict[VerifyParams, _Job] = {}

    def create_request(self, params: VerifyParams, net_log: NetLogWithSource) -> CoalescedVerifyRequest:
        """See CertVerifier.create_request."""
        return CoalescedVerifyRequest(self, params, net_log)

    def on_trust_changed(self) -> None:
        """See CertVerifier.on_trust_changed. Jobs in flight end for those who wait, but nobody joins them."""
        self._jobs.clear()
        self._verifier.on_trust_changed()

    def join_or_start(self, params: VerifyParams, net_log: NetLogWithSource) -> _Job:
        """The job in flight for `params`, or a new one, which may have its verdict at once."""
        job = self._jobs.get(params)
        if job is None:
            job = _Job(self, params, NetLogWithSource.make(net_log.net_log, NetLogSourceType.CERT_VERIFIER_JOB))
            if job.start(self._verifier) == ERR_IO_PENDING:
                self._jobs[params] = job
        return job

    def forget(self, job: _Job) -> None:
        """Lets nobody join `job` any more; after a change of trust another may have its place."""
        if self._jobs.get(job.params) is job:
            del self._jobs[job.params]

    def __repr__(self) -> str:
        return f"<CoalescingCertVerifier {len(self._jobs)} jobs>"


class CoalescedVerifyRequest:
    """See CertVerifyRequest. Known to its job while it waits."""

    __slots__ = ("_job", "_net_log", "_on_done", "_params", "_verifier", "result")

    def __init__(self, verifier: CoalescingCertVerifier, params: VerifyParams, net_log: NetLogWithSource) -> None:
        self._verifier = verifier
        self._params = params
        self._net_log = net_log
        self._job: _Job | None = None
        self._on_done: Completion | None = None
        self.result: CertVerifyResult | None = None

    def start(self, on_done: Completion) -> int:
        """See CertVerifyRequest.start."""
        assert self._job is None and self.result is None, "a request is started once"
        self._net_log.begin(NetLogEventType.CERT_VERIFIER_REQUEST)
        job = self._verifier.join_or_start(self._params, self._net_log)
        if self._net_log.is_capturing:
            self._net_log.event(NetLogEventType.CERT_VERIFIER_REQUEST_BOUND_TO_JOB, source_params(job.net_log.source))
        if job.result is not None:
            return self._finish(job.result)
        self._job = job
        self._on_done = on_done
        job.waiters[self] = None
        return ERR_IO_PENDING

    def cancel(self) -> None:
        """See CertVerifyRequest.cancel. The job goes on for the others, and dies with its last request."""
        job, self._job = self._job, None
        self._on_done = None
        if job is not None:
            self._net_log.event(NetLogEventType.CANCELLED)
            self._net_log.end(NetLogEventType.CERT_VERIFIER_REQUEST)
            job.remove(self)

    def on_job_complete(self, result: CertVerifyResult) -> None:
        """Passes the verdict on; may be followed by anything, even the end of the verifier."""
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "a cancelled request has left its job"
        self._job = None
        on_done(self._finish(result))

    def _finish(self, result: CertVerifyResult) -> int:
        self.result = result
        self._net_log.end_with_net_error(NetLogEventType.CERT_VERIFIER_REQUEST, result.net_error)
        return result.net_error


class _Job:
    """One question to the verifier below, for any number of requests."""

    __slots__ = ("_owner", "_request", "net_log", "params", "result", "waiters")

    def __init__(self, owner: CoalescingCertVerifier, params: VerifyParams, net_log: NetLogWithSource) -> None:
        self._owner = owner
        self._request: CertVerifyRequest | None = None
        self.params = params
        self.net_log = net_log
        self.result: CertVerifyResult | None = None
        self.waiters: dict[CoalescedVerifyRequest, None] = {}  # in the order they came

    def start(self, verifier: CertVerifier) -> int:
        """ERR_IO_PENDING, or the verdict's number with `result` filled."""
        self.net_log.begin(NetLogEventType.CERT_VERIFIER_JOB, lambda _: _question_params(self.params))
        self._request = verifier.create_request(self.params, self.net_log)
        result = self._request.start(self._on_done)
        if result != ERR_IO_PENDING:
            self._take_result()
        return result

    def remove(self, waiter: CoalescedVerifyRequest) -> None:
        """Takes a request out; the work is cancelled with the last one."""
        del self.waiters[waiter]
        if self.waiters or self._request is None:
            return
        request, self._request = self._request, None
        self._owner.forget(self)
        request.cancel()
        self.net_log.event(NetLogEventType.CANCELLED)
        self.net_log.end(NetLogEventType.CERT_VERIFIER_JOB)

    def _on_done(self, _: int) -> None:
        # From here on nobody can join; a request that starts again inside a callback gets a new job.
        self._owner.forget(self)
        self._take_result()
        tell_in_turns(self._tell_next, self._owner.post_task)

    def _tell_next(self) -> bool:
        """One at a time: a callback may cancel those that come after it."""
        if self.waiters:
            assert self.result is not None
            waiter = next(iter(self.waiters))
            del self.waiters[waiter]
            waiter.on_job_complete(self.result)
        return bool(self.waiters)

    def _take_result(self) -> None:
        request, self._request = self._request, None
        assert request is not None and request.result is not None, "finished without a verdict"
        result = self.result = request.result
        self.net_log.end(NetLogEventType.CERT_VERIFIER_JOB, lambda _: _verdict_params(result))

    def __repr__(self) -> str:
        return f"<_Job {self.params.hostname} {len(self.waiters)} waiting>"


def _question_params(params: VerifyParams) -> dict[str, object]:
    return {"certificates": pem_list(params.chain), "host": params.hostname}


def _verdict_params(result: CertVerifyResult) -> dict[str, object]:
    values: dict[str, object] = {
        "cert_status": int(result.cert_status),
        "is_issued_by_known_root": result.is_issued_by_known_root,
        "verified_cert": {"certificates": pem_list(result.verified_chain)},
    }
    if result.net_error < 0:
        values["net_error"] = result.net_error
        values["detail"] = result.detail
    return values
