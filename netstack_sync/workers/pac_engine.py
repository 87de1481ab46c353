"""PacEngine: has PAC scripts run where they can do no harm, and tells what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from netstack_sync.base.clock import WallClock
from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.loop.task_runner import TaskRunner
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.workers.evaluate_pac import PacEvaluator, moment_at
from netstack_sync.workers.pac_child import PacChild
from netstack_sync.workers.pac_crew import PacCrew, PacEvaluation
from netstack_sync.workers.pac_lane import LaneReply, PacWork
from netstack_sync.workers.pac_record import PacRecord
from netstack_sync.workers.pac_values import PacError, PacLimits, PacOutcome, PacRequest, PacScriptText
from netstack_sync.workers.worker_pool import WorkerPool

_START_ALLOWANCE_S: Final = 10.0  # for a child to start on a machine that has much else to do


class PacEngine:
    """Runs scripts on threads of their own, each once for each request; network thread.

    Scripts of trusted authors run in this process, several at once, and one that stalls holds none of the others.
    Those that anyone on the way could have written run in child processes, and so do those that hung a thread once,
    and all of them when too many threads hang.
    """

    __slots__ = (
        "_children",
        "_is_shut_down",
        "_limits",
        "_pool",
        "_record",
        "_threads",
        "_timers",
        "_wall_clock",
    )

    def __init__(
        self,
        task_runner: TaskRunner,
        timers: TimerQueue,
        wall_clock: WallClock,
        limits: PacLimits | None = None,
    ) -> None:
        self._timers = timers
        self._wall_clock = wall_clock
        self._limits = limits = limits or PacLimits()
        most = limits.max_threads + limits.max_children + limits.max_hung_threads + limits.max_threads
        self._pool = pool = WorkerPool(task_runner, most, "netstack-pac")
        patience_s = 2 * limits.run_s
        self._threads = PacCrew(
            pool, limits.max_threads, patience_s, lambda: PacEvaluator(limits), self._on_thread_reply, self._on_hang
        )
        patience_s += _START_ALLOWANCE_S
        self._children = PacCrew(
            pool, limits.max_children, patience_s, lambda: PacChild(limits), self._on_child_reply, self._on_hang
        )
        self._record = PacRecord(limits.max_child_failures)
        self._is_shut_down = False

    def evaluate(
        self,
        request: PacRequest,
        on_reply: Callable[[PacOutcome], None],
        on_start: Callable[[int | None], None] | None = None,
    ) -> PacEvaluation:
        """Runs the script once.

        `on_reply` comes once and later, unless the evaluation is cancelled or the engine is shut down; `on_start` if
        it had to wait, with the number of its thread (None: a child process).
        """
        evaluation = PacEvaluation(request, self._timers, on_reply, on_start)
        if self._is_shut_down:
            return evaluation
        if self._record.is_refused(request.script, self._timers.clock.now()):
            self._pool.task_runner.post_task(lambda: self._refuse(evaluation))
        elif self._runs_here(request.script):
            self._threads.post(evaluation, self._work_for(evaluation))
        else:
            self._post_to_child(evaluation)
        return evaluation

    def shut_down(self) -> None:
        """Ends threads and child processes; nothing replies any more. Idempotent."""
        self._is_shut_down = True
        self._threads.shut_down()
        self._children.shut_down()
        self._pool.shut_down()

    def abandon_after_fork(self) -> None:
        """In a forked child: closes the pipes to the child processes of the other."""
        self._children.abandon_after_fork()

    @property
    def thread_count(self) -> int:
        """Threads that run trusted scripts, or wait for some."""
        return self._threads.thread_count

    @property
    def child_count(self) -> int:
        """Threads that have a child process, or will when they are given a script."""
        return self._children.thread_count

    @property
    def running_count(self) -> int:
        """Scripts that run."""
        return self._threads.running_count + self._children.running_count

    @property
    def waiting_count(self) -> int:
        """Requests that wait for a thread."""
        return self._threads.waiting_count + self._children.waiting_count

    @property
    def hung_count(self) -> int:
        """Threads that were given up and have not come back."""
        return self._threads.hung_count + self._children.hung_count

    @property
    def abandoned_count(self) -> int:
        """Threads that were ever given up."""
        return self._threads.abandoned_count + self._children.abandoned_count

    def __repr__(self) -> str:
        return (
            f"<PacEngine threads={self.thread_count} children={self.child_count} running={self.running_count}"
            f" waiting={self.waiting_count} hung={self.hung_count} abandoned={self.abandoned_count}>"
        )

    def _runs_here(self, script: PacScriptText) -> bool:
        if not script.is_trusted or self._record.is_suspect(script):
            return False
        return self._threads.hung_count < self._limits.max_hung_threads

    def _work_for(self, evaluation: PacEvaluation) -> PacWork:
        return PacWork(evaluation.request, moment_at(self._wall_clock.now()))

    def _post_to_child(self, evaluation: PacEvaluation) -> None:
        evaluation.is_in_child = True
        self._children.post(evaluation, self._work_for(evaluation))

    def _on_thread_reply(self, evaluation: PacEvaluation, reply: LaneReply, number: int) -> None:
        if isinstance(reply, PacOutcome):
            evaluation.reply(replace(reply, thread_number=number))
        elif not evaluation.is_cancelled:
            self._post_to_child(evaluation)  # where no other thread uses up its time

    def _on_child_reply(self, evaluation: PacEvaluation, reply: LaneReply, _: int) -> None:
        assert isinstance(reply, PacOutcome)
        self._record.note_outcome(evaluation.request.script, reply, self._timers.clock.now())
        evaluation.reply(reply)

    def _on_hang(self, request: PacRequest) -> None:
        self._record.note_hang(request.script)

    def _refuse(self, evaluation: PacEvaluation) -> None:
        text = "the script was ended too often in a row; it is left alone for a while"
        if not self._is_shut_down:
            evaluation.reply(PacOutcome(error=PacError(ERR_PAC_SCRIPT_TERMINATED, text)))
