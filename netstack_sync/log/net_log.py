"""NetLog: takes the events of the whole stack and hands them to whoever observes.

Chromium's net/log/net_log.h. Every object whose life is worth following is a *source* with a type and an
id; an event belongs to one source, has a type and a phase (BEGIN, END or NONE) and maybe parameters. Those
are given as functions, called only when somebody observes, once per capture mode in use. While nobody does,
an event costs one attribute read: `if net_log.is_capturing`.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final, NamedTuple, Protocol, TypeAlias

from netstack_sync.base.clock import TickClock
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType

_logger: Final = logging.getLogger(__name__)


class NetLogCaptureMode(IntEnum):
    """How much an observer is shown."""

    DEFAULT = 0  # no cookies, no credentials: fit to be sent to somebody
    INCLUDE_SENSITIVE = 1  # cookies and credentials too
    EVERYTHING = 2  # and the bytes that went over the sockets


# Parameters are made only when somebody captures; the mode says what may be shown.
NetLogParams: TypeAlias = Callable[[NetLogCaptureMode], Mapping[str, object]]


class NetLogSource:
    """What events belong to: one request, job, socket... Made by `NetLog.next_source`, and never changed."""

    __slots__ = ("id", "start_time", "type")

    def __init__(self, type: NetLogSourceType, id: int, start_time: float) -> None:
        self.type = type
        self.id = id
        self.start_time = start_time  # TickClock seconds

    def __repr__(self) -> str:
        return f"<NetLogSource {self.id} {self.type.name}>"


class NetLogEntry(NamedTuple):
    """One event, as an observer is shown it."""

    type: NetLogEventType
    source: NetLogSource
    phase: NetLogEventPhase
    time: float  # TickClock seconds
    params: Mapping[str, object]  # JSON values; empty if there are none

    def __repr__(self) -> str:
        phase = "" if self.phase == NetLogEventPhase.NONE else f" {self.phase.name}"
        return f"<NetLogEntry {self.source.id} {self.type.name}{phase} {dict(self.params)}>"


class NetLogObserver(Protocol):
    """Receives entries on the thread that emits them, often the network thread, under the log's lock.

    It must be quick, and must not log, block, or add and remove observers. If it raises, it is removed and
    the error goes to the standard logger of this module: logging never breaks a request.
    """

    def on_add_entry(self, entry: NetLogEntry, /) -> None: ...


class NetLog:
    """The event log of one network stack; all methods may be called on any thread.

    `is_capturing` is whether anybody observes. It is a plain attribute, so that asking costs next to
    nothing; only this class sets it.
    """

    __slots__ = ("_lock", "_observers", "capture_modes", "ids", "is_capturing", "now")

    def __init__(self, clock: TickClock) -> None:
        self.now: Final = clock.now
        """TickClock seconds, for whoever makes a source."""
        self.ids: Final = itertools.count(1)
        """The ids of sources to come; next() on it is atomic."""
        # Reentrant, for an object that the garbage collector finalises inside an observer may log its end.
        self._lock = threading.RLock()
        self._observers: tuple[tuple[NetLogObserver, NetLogCaptureMode], ...] = ()  # replaced, never changed
        self.capture_modes: frozenset[NetLogCaptureMode] = frozenset()  # the modes in use
        self.is_capturing = False

    def next_source(self, type: NetLogSourceType) -> NetLogSource:
        """Make a source with a fresh id; ids start at 1."""
        return NetLogSource(type, next(self.ids), self.now())

    def add_observer(self, observer: NetLogObserver, mode: NetLogCaptureMode) -> None:
        """Let `observer` receive every entry from now on, in the detail of `mode`; once per observer."""
        with self._lock:
            assert not self._is_observing(observer), f"{observer!r} observes already"
            self._set_observers((*self._observers, (observer, mode)))

    def remove_observer(self, observer: NetLogObserver) -> None:
        """Stop what `add_observer` began; once this returns, `observer` receives nothing more."""
        with self._lock:
            assert self._is_observing(observer), f"{observer!r} does not observe"
            self._drop(observer)

    def add_entry(
        self,
        type: NetLogEventType,
        source: NetLogSource,
        phase: NetLogEventPhase,
        params: NetLogParams | None = None,
    ) -> None:
        """Tell the observers about an event; `params` is called once per capture mode in use."""
        if not self.is_capturing:
            return
        time = self.now()
        # Outside the lock: building parameters may take a while, and is nobody else's business.
        entries = {
            mode: NetLogEntry(type, source, phase, time, params(mode) if params is not None else {})
            for mode in self.capture_modes
        }
        with self._lock:
            for observer, mode in self._observers:
                # Whoever came after the entries were built, with a mode of its own, came too late.
                if mode in entries:
                    self._notify(observer, entries[mode])

    def add_global_entry(self, type: NetLogEventType, params: NetLogParams | None = None) -> None:
        """Tell about an event that belongs to nothing in particular; it gets a source of its own."""
        if self.is_capturing:
            self.add_entry(type, self.next_source(NetLogSourceType.NONE), NetLogEventPhase.NONE, params)

    def forget_observers_after_fork(self) -> None:
        """Make the log of a forked child usable: a capture belongs to the process that began it.

        The lock is replaced since a thread that no longer exists may hold it.
        """
        self._lock = threading.RLock()
        self._set_observers(())

    def _notify(self, observer: NetLogObserver, entry: NetLogEntry) -> None:
        try:
            observer.on_add_entry(entry)
        except Exception:
            _logger.exception("NetLog observer %r failed and is removed", observer)
            self._drop(observer)

    def _is_observing(self, observer: NetLogObserver) -> bool:
        return any(known is observer for known, _ in self._observers)

    def _drop(self, observer: NetLogObserver) -> None:
        self._set_observers(tuple([pair for pair in self._observers if pair[0] is not observer]))

    def _set_observers(self, observers: tuple[tuple[NetLogObserver, NetLogCaptureMode], ...]) -> None:
        self._observers = observers
        self.capture_modes = frozenset(mode for _, mode in observers)
        self.is_capturing = bool(observers)


def entry_to_value(entry: NetLogEntry) -> dict[str, object]:
    """Return the JSON object that Chromium's log files and viewer know for an entry."""
    source = entry.source
    value: dict[str, object] = {
        "time": _milliseconds(entry.time),
        "type": int(entry.type),
        "phase": int(entry.phase),
        "source": {
            "id": source.id,
            "type": int(source.type),
            "start_time": _milliseconds(source.start_time),
        },
    }
    if entry.params:
        value["params"] = dict(entry.params)
    return value


def _milliseconds(seconds: float) -> str:
    """Format a time as the viewer wants it: a string of whole milliseconds."""
    return str(round(seconds * 1000))
