"""PacLane: one worker thread that runs PAC scripts, and what it runs them with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Protocol, TypeAlias

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED
from netstack_sync.loop.task_runner import TaskRunner
from netstack_sync.workers.evaluate_pac import OWN_ADDRESSES, PacMoment, ProcessTooBusy
from netstack_sync.workers.local_addresses import list_route_addresses
from netstack_sync.workers.pac_values import PacError, PacOutcome, PacRequest


class Evaluator(Protocol):
    """What runs scripts: this process or a child of it. Made and used by one thread."""

    def evaluate(self, request: PacRequest, moment: PacMoment) -> PacOutcome:
        """Runs the script once; may raise ProcessTooBusy."""
        ...

    def close(self) -> None:
        """Gives back what it has."""
        ...

    def kill(self) -> None:
        """Ends evaluate() if that is possible; any thread, never waits."""
        ...

    def abandon_after_fork(self) -> None:
        """In a forked child of this process: drops what belongs to the other."""
        ...


@dataclass(frozen=True, slots=True)
class PacWork:
    """One run, as a thread is given it."""

    request: PacRequest
    moment: PacMoment


LaneReply: TypeAlias = "PacOutcome | ProcessTooBusy"


class PacLane:
    """Runs one request after the other; network thread, except serve().

    `on_done(self, reply)` comes on the network thread for each, unless the lane was abandoned.
    """

    __slots__ = ("_evaluator", "_inbox", "_is_abandoned", "_on_done", "_task_runner", "number")

    def __init__(
        self,
        number: int,
        evaluator: Evaluator,
        task_runner: TaskRunner,
        on_done: Callable[[PacLane, LaneReply], None],
    ) -> None:
        self.number = number
        self._evaluator = evaluator
        self._task_runner = task_runner
        self._on_done = on_done
        self._inbox: SimpleQueue[PacWork | None] = SimpleQueue()
        self._is_abandoned = False

    def give(self, work: PacWork) -> None:
        """Has the thread do it, once it has done what it was given before."""
        self._inbox.put(work)

    def dismiss(self) -> None:
        """Ends the thread after what it was given."""
        self._inbox.put(None)

    def abandon(self) -> None:
        """Gives up what runs: its reply never comes, and the thread ends when it is back."""
        self._is_abandoned = True
        self._evaluator.kill()
        self.dismiss()

    def abandon_after_fork(self) -> None:
        """See Evaluator."""
        self._evaluator.abandon_after_fork()

    def serve(self) -> None:
        """The thread's life."""
        try:
            while (work := self._inbox.get()) is not None:
                reply = self._reply_to(work)
                self._task_runner.post_task(lambda reply=reply: self._deliver(reply))  # type: ignore[misc]
        finally:
            self._evaluator.close()  # on the thread that used it

    def _reply_to(self, work: PacWork) -> LaneReply:
        try:
            outcome = self._evaluator.evaluate(work.request, work.moment)
            if outcome.needs == OWN_ADDRESSES:
                request = replace(work.request, spent_s=outcome.spent_s)
                outcome = self._evaluator.evaluate(request, replace(work.moment, own=list_route_addresses()))
        except ProcessTooBusy as reply:
            return reply
        except Exception as error:  # a fault here or in the engine must not leave anybody waiting
            return PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, f"the script could not be run: {error!r}"))
        return outcome

    def _deliver(self, reply: LaneReply) -> None:
        if not self._is_abandoned:
            self._on_done(self, reply)
