"""ResourceScheduler: keeps requests that are not urgent from taking the place of those that are.

A request below MEDIUM is delayable: at most ten of them are under way at a time, six to one host, and the others wait
by priority, first come, first served. Whatever is more urgent starts at once and is not counted
(services/network/resource_scheduler/resource_scheduler.cc).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from heapq import heapify, heappop, heappush
from typing import Final, TypeAlias

from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.completion import Task

_DELAYABLE_BELOW: Final = RequestPriority.MEDIUM
_MIN_GARBAGE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSchedulerSettings:
    """How many requests below priority "medium" may be under way at a time: in all, and to one host and port."""

    max_delayable: int = 10
    max_delayable_per_host: int = 6

    def __post_init__(self) -> None:
        for name in ("max_delayable", "max_delayable_per_host"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"resource_scheduler: {name} must be a whole number from 1 on, not {value!r}")

    @classmethod
    def from_value(cls, value: object) -> ResourceSchedulerSettings | None:
        """What a user means by True, False or settings; raises TypeError."""
        if isinstance(value, bool):
            return cls() if value else None
        if isinstance(value, ResourceSchedulerSettings):
            return value
        raise TypeError(f"resource_scheduler: must be True, False or ResourceSchedulerSettings, not {value!r}")


class _State(Enum):
    WAITING = auto()
    DELAYABLE = auto()  # under way, and it counts
    URGENT = auto()  # under way, and it does not
    OVER = auto()


class ScheduledRequest:
    """The place of one request, from schedule() to finish(). Network thread only."""

    __slots__ = ("_scheduler", "host", "number", "on_start", "priority", "state")

    def __init__(
        self, scheduler: ResourceScheduler, host: SchemeHostPort, priority: RequestPriority, on_start: Task
    ) -> None:
        self._scheduler = scheduler
        self.host = host
        self.priority = priority
        self.on_start = on_start
        self.number = 0
        """Of its present place in the queue: who came later has a higher one."""
        self.state = _State.OVER

    @property
    def is_waiting(self) -> bool:
        """True until it may start."""
        return self.state is _State.WAITING

    def set_priority(self, priority: RequestPriority) -> None:
        """Behind all others of that priority; whoever is urgent now starts before this returns."""
        self._scheduler.change_priority(self, priority)

    def finish(self) -> None:
        """Ends it in any state: its place is given to the next one, and on_start() does not come; idempotent."""
        self._scheduler.finish(self)


_Place: TypeAlias = "tuple[int, int, ScheduledRequest]"
"""Sorts by priority and number. A request that has moved or ended leaves its old one behind, which counts no more."""


class ResourceScheduler:
    """Of one context; network thread only. Every operation takes logarithmic time, however many wait.

    Who waits for a host that is full is set aside, so that nobody looks at him in vain. For each free place of a host
    there is one of its requests in the queue, if there is one at all. Whose turn it is starts in a task of its own, not
    inside the end of another.
    """

    __slots__ = (
        "_aside",
        "_by_host",
        "_count",
        "_is_start_posted",
        "_places",
        "_post",
        "_queue",
        "_settings",
        "delayable_count",
        "waiting_count",
    )

    def __init__(self, settings: ResourceSchedulerSettings, post: Callable[[Task], object]) -> None:
        """`post` runs a task on the network thread, later."""
        self._settings = settings
        self._post = post
        self.delayable_count = 0
        """Delayable requests under way."""
        self._by_host: dict[SchemeHostPort, int] = {}  # the same; no zeros
        self._queue: list[_Place] = []
        self._aside: dict[SchemeHostPort, list[_Place]] = {}  # no empty ones
        self._places = 0  # in both, with those that count no more
        self._count = 0
        self._is_start_posted = False
        self.waiting_count = 0
        """Requests that are held back."""

    def schedule(self, host: SchemeHostPort, priority: RequestPriority, on_start: Task) -> ScheduledRequest:
        """The place of a request. Unless it is waiting it may start now; else there is one later call."""
        request = ScheduledRequest(self, host, priority, on_start)
        if priority >= _DELAYABLE_BELOW:
            request.state = _State.URGENT
        elif self._is_start_posted or self._is_full or self._is_host_full(host):
            self._enqueue(request)
        else:
            self._count_in(request)
        return request

    def change_priority(self, request: ScheduledRequest, priority: RequestPriority) -> None:
        """See ScheduledRequest."""
        if priority == request.priority:
            return
        state, request.priority = request.state, priority
        is_delayable = priority < _DELAYABLE_BELOW
        if state is _State.WAITING:
            self._leave_queue(request)
            if is_delayable:
                self._enqueue(request)
            else:
                request.state = _State.URGENT
                request.on_start()
        elif state is _State.DELAYABLE and not is_delayable:
            self._count_out(request)
            request.state = _State.URGENT
        elif state is _State.URGENT and is_delayable:
            self._count_in(request)  # perhaps one too many, until enough others have ended

    def finish(self, request: ScheduledRequest) -> None:
        """See ScheduledRequest."""
        if request.state is _State.WAITING:
            self._leave_queue(request)
        elif request.state is _State.DELAYABLE:
            self._count_out(request)
        request.state = _State.OVER

    # --- the queue

    def _enqueue(self, request: ScheduledRequest) -> None:
        self._count += 1
        request.number, request.state = self._count, _State.WAITING
        self.waiting_count += 1
        self._places += 1
        if self._is_host_full(request.host):
            heappush(self._aside.setdefault(request.host, []), _place_of(request))
        else:
            heappush(self._queue, _place_of(request))
            self._post_start()  # after a change of its priority it may be first

    def _leave_queue(self, request: ScheduledRequest) -> None:
        """Its place stays behind and is thrown away when it is found."""
        request.state = _State.OVER
        self.waiting_count -= 1
        self._bring_back(request.host)
        if self._places > 2 * self.waiting_count + _MIN_GARBAGE:
            self._tidy()

    def _post_start(self) -> None:
        if not self._is_start_posted and self._queue and not self._is_full:
            self._is_start_posted = True
            self._post(self._start_next)

    def _start_next(self) -> None:
        """Starts all who may."""
        self._is_start_posted = False
        try:
            while self._queue and not self._is_full:
                place = heappop(self._queue)
                request = place[2]
                if _is_valid(place) and self._is_host_full(request.host):
                    heappush(self._aside.setdefault(request.host, []), place)
                    continue
                self._places -= 1
                if _is_valid(place):
                    self.waiting_count -= 1
                    self._count_in(request)
                    request.on_start()
        finally:
            self._post_start()  # for the others, should one have raised

    def _bring_back(self, host: SchemeHostPort) -> None:
        """One of those who were set aside for this host, the first, is in the queue again."""
        aside = self._aside.get(host)
        while aside:
            place = heappop(aside)
            if not aside:
                del self._aside[host]
            if _is_valid(place):
                heappush(self._queue, place)
                break
            self._places -= 1
        self._post_start()

    def _tidy(self) -> None:
        """Throws away all that counts no more; amortised it costs nothing."""
        self._queue = [place for place in self._queue if _is_valid(place)]
        heapify(self._queue)
        for host, aside in list(self._aside.items()):
            left = [place for place in aside if _is_valid(place)]
            heapify(left)
            self._aside[host] = left
            if not left:
                del self._aside[host]
        self._places = self.waiting_count

    # --- the count

    @property
    def _is_full(self) -> bool:
        return self.delayable_count >= self._settings.max_delayable

    def _is_host_full(self, host: SchemeHostPort) -> bool:
        return self._by_host.get(host, 0) >= self._settings.max_delayable_per_host

    def _count_in(self, request: ScheduledRequest) -> None:
        request.state = _State.DELAYABLE
        self.delayable_count += 1
        self._by_host[request.host] = self._by_host.get(request.host, 0) + 1

    def _count_out(self, request: ScheduledRequest) -> None:
        assert self.delayable_count > 0, "more requests finished than were started"
        self.delayable_count -= 1
        left = self._by_host.pop(request.host) - 1
        if left:
            self._by_host[request.host] = left
        self._bring_back(request.host)

    def __repr__(self) -> str:
        return f"<ResourceScheduler {self.delayable_count} delayable under way, {self.waiting_count} wait>"


def _place_of(request: ScheduledRequest) -> _Place:
    return (-int(request.priority), request.number, request)


def _is_valid(place: _Place) -> bool:
    request = place[2]
    return request.state is _State.WAITING and request.number == place[1]
