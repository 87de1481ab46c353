"""PacCrew: some threads that run PAC scripts, the requests that wait for one, and those threads that hang."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.loop.timers import Alarm, TimerQueue
from netstack_sync.workers.pac_lane import Evaluator, LaneReply, PacLane, PacWork
from netstack_sync.workers.pac_values import PacError, PacOutcome, PacRequest
from netstack_sync.workers.worker_pool import WorkerPool


class PacEvaluation:
    """One run that is under way; network thread.

    Owned by the crew until its reply; `cancel()` drops that. A script that runs already goes on by itself.
    """

    __slots__ = ("_on_reply", "_on_start", "alarm", "had_to_wait", "is_in_child", "is_waiting", "request")

    def __init__(
        self,
        request: PacRequest,
        timers: TimerQueue,
        on_reply: Callable[[PacOutcome], None],
        on_start: Callable[[int | None], None] | None,
    ) -> None:
        self.request = request
        self._on_reply: Callable[[PacOutcome], None] | None = on_reply
        self._on_start = on_start
        self.alarm = Alarm(timers)
        self.is_waiting = False
        """True while all threads are busy."""
        self.had_to_wait = False
        self.is_in_child = False
        """True when a child process runs it."""

    def cancel(self) -> None:
        """Drops the reply; idempotent."""
        self._on_reply = None
        self._on_start = None

    @property
    def is_cancelled(self) -> bool:
        """True once the reply was dropped or has come."""
        return self._on_reply is None

    def note_waiting(self) -> None:
        """There is no thread for it yet."""
        self.is_waiting = self.had_to_wait = True

    def note_start(self, number: int) -> None:
        """It has a thread."""
        self.is_waiting = False
        on_start, self._on_start = self._on_start, None
        if on_start is not None and self.had_to_wait:
            on_start(None if self.is_in_child else number)

    def reply(self, outcome: PacOutcome) -> None:
        """Delivers, once."""
        self.alarm.stop()
        on_reply, self._on_reply = self._on_reply, None
        if on_reply is not None:
            on_reply(outcome)


CrewReply: TypeAlias = Callable[[PacEvaluation, LaneReply, int], None]


class PacCrew:
    """At most `size` threads, added when a request finds none free; requests wait in order. Network thread.

    One that does not come back within `patience_s` is abandoned: its request ends, another takes its place, and
    `hung_count` counts it until it does come back.
    """

    __slots__ = (
        "_idle",
        "_is_shut_down",
        "_lanes",
        "_make_evaluator",
        "_on_hang",
        "_on_reply",
        "_patience_s",
        "_pool",
        "_running",
        "_size",
        "_waiting",
        "abandoned_count",
        "hung_count",
    )

    def __init__(
        self,
        pool: WorkerPool,
        size: int,
        patience_s: float,
        make_evaluator: Callable[[], Evaluator],
        on_reply: CrewReply,
        on_hang: Callable[[PacRequest], None],
    ) -> None:
        self._pool = pool
        self._size = size
        self._patience_s = patience_s
        self._make_evaluator = make_evaluator
        self._on_reply = on_reply
        self._on_hang = on_hang
        self._lanes: dict[int, PacLane] = {}
        self._idle: list[PacLane] = []
        self._running: dict[PacLane, PacEvaluation] = {}
        self._waiting: deque[tuple[PacEvaluation, PacWork]] = deque()
        self._is_shut_down = False
        self.hung_count = 0
        self.abandoned_count = 0

    @property
    def thread_count(self) -> int:
        """Threads that are there for requests."""
        return len(self._lanes)

    @property
    def running_count(self) -> int:
        """Requests that run."""
        return len(self._running)

    @property
    def waiting_count(self) -> int:
        """Requests that wait for a thread."""
        return sum(not evaluation.is_cancelled for evaluation, _ in self._waiting)

    def post(self, evaluation: PacEvaluation, work: PacWork) -> None:
        """Runs it now, or when a thread is free."""
        if self._idle:
            self._start(self._idle.pop(), evaluation, work)
        elif len(self._lanes) < self._size:
            self._start(self._add_lane(), evaluation, work)
        else:
            evaluation.note_waiting()
            self._waiting.append((evaluation, work))

    def shut_down(self) -> None:
        """Ends all threads and drops all requests; children of threads that are busy are killed."""
        self._is_shut_down = True
        self._waiting.clear()
        for lane in self._lanes.values():
            evaluation = self._running.get(lane)
            if evaluation is None:
                lane.dismiss()
            else:
                evaluation.cancel()
                evaluation.alarm.stop()
                lane.abandon()
        self._lanes.clear()
        self._idle.clear()
        self._running.clear()

    def abandon_after_fork(self) -> None:
        """In a forked child: drops what belongs to the other process."""
        for lane in self._lanes.values():
            lane.abandon_after_fork()

    def _add_lane(self) -> PacLane:
        number = next(number for number in range(self._size) if number not in self._lanes)
        lane = PacLane(number, self._make_evaluator(), self._pool.task_runner, self._on_done)
        self._lanes[number] = lane
        self._pool.post_job(lane.serve, lambda error: self._on_end(lane, error))
        return lane

    def _start(self, lane: PacLane, evaluation: PacEvaluation, work: PacWork) -> None:
        self._running[lane] = evaluation
        evaluation.alarm.start(self._patience_s, lambda: self._on_late(lane, work))
        lane.give(work)
        evaluation.note_start(lane.number)

    def _on_done(self, lane: PacLane, reply: LaneReply) -> None:
        evaluation = self._running.pop(lane)
        evaluation.alarm.stop()
        self._idle.append(lane)
        self._maybe_start_waiting()
        self._on_reply(evaluation, reply, lane.number)

    def _maybe_start_waiting(self) -> None:
        while self._waiting and (self._idle or len(self._lanes) < self._size):
            evaluation, work = self._waiting.popleft()
            if not evaluation.is_cancelled:
                self._start(self._idle.pop() if self._idle else self._add_lane(), evaluation, work)

    def _on_late(self, lane: PacLane, work: PacWork) -> None:
        self.hung_count += 1
        self.abandoned_count += 1
        lane.abandon()
        text = f"the script did not come back within {self._patience_s:g} s and could not be stopped"
        self._on_hang(work.request)
        self._lose(lane, PacError(ERR_PAC_SCRIPT_TERMINATED, text))

    def _on_end(self, lane: PacLane, error: object) -> None:
        """The lane's thread has ended; with an error there was none for it."""
        if self._lanes.get(lane.number) is lane:
            self._lose(lane, PacError(ERR_PAC_SCRIPT_FAILED, f"there is no thread to run the script: {error}"))
        elif not self._is_shut_down:
            self.hung_count -= 1

    def _lose(self, lane: PacLane, error: PacError) -> None:
        """A thread is not there any more, and what it ran has failed."""
        del self._lanes[lane.number]
        evaluation = self._running.pop(lane)
        outcome = PacOutcome(error=error, spent_s=evaluation.request.spent_s)
        self._maybe_start_waiting()
        self._on_reply(evaluation, outcome, lane.number)
