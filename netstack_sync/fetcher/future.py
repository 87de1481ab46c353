"""FetchFuture: a concurrent.futures.Future whose cancel() works in every state."""

from __future__ import annotations

import concurrent.futures
import threading
import traceback

from netstack_sync.base.exceptions import FetchCancelled
from netstack_sync.base.priority import RequestPriority
from netstack_sync.fetcher.hook_calls import hooked_response
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.sync_url_fetcher import SyncUrlFetcher
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.workers.worker_pool import WorkerPool


class FetchFuture(concurrent.futures.Future[Response]):
    """What Session.submit() gives; fit for wait(), as_completed() and asyncio.wrap_future(). Any thread.

    The base class stays in its PENDING state until the end, so that its cancel() is never refused. The network
    thread settles the outcome itself: whoever waits is released at once, however busy the callback threads are.
    Callbacks run on a thread of their own pool, or on the thread that cancels; never on the network thread.
    """

    def __init__(self, fetcher: SyncUrlFetcher, thread: NetworkThread, callback_threads: WorkerPool) -> None:
        super().__init__()
        self._fetcher = fetcher
        self._thread = thread
        self._callback_threads = callback_threads
        self._notify_gate = threading.Lock()  # taken once: several threads may cancel at the same moment
        self._hook_ticket = threading.Lock()  # taken once
        self._is_adopted = False  # by a forked child

    def cancel(self) -> bool:
        """Ends the fetch, whatever it is doing; False only when it is over already."""
        self._settle_orphan()
        return self._settle_cancelled()

    def set_priority(self, priority: str | int | RequestPriority) -> None:
        """See SyncUrlFetcher.set_priority."""
        self._fetcher.set_priority(priority)

    def running(self) -> bool:
        """True until the end."""
        return not self.done()

    def done(self) -> bool:
        """True at the end, however it came."""
        self._settle_orphan()
        return super().done()

    def result(self, timeout: float | None = None) -> Response:
        """See concurrent.futures; in a child that was forked meanwhile it raises ContextShutDown."""
        self._settle_orphan()
        try:
            return super().result(timeout)
        finally:
            del self  # opens the circle of future, exception, traceback and this frame

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """See concurrent.futures, and result()."""
        self._settle_orphan()
        return super().exception(timeout)

    def settle(self) -> None:
        """Takes the fetcher's outcome over; called once it is done, as a rule on the network thread."""
        outcome = self._fetcher.outcome()
        if isinstance(outcome, FetchCancelled):
            self._settle_cancelled()  # faster than the thread that asked for it
            return
        if not isinstance(outcome, Response) or outcome.request.hooks is None or not outcome.request.hooks.response:
            self._settle_with(outcome)
        elif self._hook_ticket.acquire(blocking=False):  # else they are being called
            if self._thread.is_current:
                self._callback_threads.post_job(lambda: self._call_hooks(outcome), self._on_hooks)
            else:
                self._call_hooks(outcome)

    def _call_hooks(self, response: Response) -> None:
        """The last thing before the future is done; not on the network thread."""
        try:
            outcome: Response | BaseException = hooked_response(response)
        except BaseException as error:
            outcome = error
        self._settle_with(outcome)

    def _on_hooks(self, reply: BaseException | None) -> None:
        if reply is not None:
            self._settle_with(reply)  # there is no thread for them

    def _settle_with(self, outcome: Response | BaseException) -> None:
        try:
            if isinstance(outcome, Response):
                self.set_result(outcome)
            else:
                self.set_exception(outcome)
        except concurrent.futures.InvalidStateError:
            return  # cancelled in the meantime

    def _settle_cancelled(self) -> bool:
        """False when the outcome was there before."""
        if not super().cancel():
            return False
        if self._notify_gate.acquire(blocking=False):
            self.set_running_or_notify_cancel()  # tells wait() and as_completed()
        return True

    def _settle_orphan(self) -> None:
        """Ends a future that its network thread cannot end: in a forked child, or at the end of the process."""
        if self._thread.is_alive:
            return
        if self._thread.is_abandoned and not self._is_adopted:
            self._is_adopted = True
            # A thread that is not here may have held the old one. The base class waits in it, not we.
            self._condition = threading.Condition()  # noqa: TID251
            self._hook_ticket = threading.Lock()
        if not super().done():
            self.settle()

    def _invoke_callbacks(self) -> None:
        """Overrides how the base class runs the callbacks, at the end and without its lock."""
        if self.cancelled():
            self._fetcher.cancel()  # here, so that it is the future that ends first, and before callbacks that block
        if not self._done_callbacks:  # type: ignore[attr-defined]  # typeshed keeps quiet about both
            return
        if self._thread.is_current:
            self._callback_threads.post_job(self._run_callbacks, _report)
        else:
            self._run_callbacks()

    def _run_callbacks(self) -> None:
        super()._invoke_callbacks()  # type: ignore[misc]


def _report(reply: BaseException | None) -> None:
    """Callbacks that could not run, or not to the end, leave a trace; the future itself has ended as it did."""
    if reply is not None:
        traceback.print_exception(reply)
