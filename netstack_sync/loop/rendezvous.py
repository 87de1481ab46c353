"""Rendezvous: the one place where a caller's thread waits for the network thread.

A waiting thread sleeps in a read of a descriptor of its own, not on a lock: the write that wakes it releases the
interpreter lock at the right moment, and a signal (Ctrl-C) interrupts the read at once. The network thread owns
every deadline; it always answers, so the wait itself has none.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from typing import Protocol

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.net_errors import ERR_INSUFFICIENT_RESOURCES

_ONE = (1).to_bytes(8, sys.byteorder)  # what an event descriptor adds to its counter


class CallerSignal(Protocol):
    """Wakes one waiting thread; each notify() ends exactly one wait()."""

    def notify(self) -> None:
        """Ends the wait; any thread; never blocks."""

    def wait(self) -> None:
        """Sleeps until notified; a signal handler's exception ends it early."""

    def wait_at_most(self, limit_s: float) -> bool:
        """Sleeps until notified, but no longer than `limit_s` seconds; False when nobody did."""


class PipeSignal:
    """A pipe, or on Linux one event descriptor; closed when both threads have dropped it."""

    __slots__ = ("_reader", "_writer")

    def __init__(self) -> None:
        self._reader = self._writer = -1  # for __del__, if there are no more descriptors
        if sys.platform == "linux":
            self._reader = self._writer = os.eventfd(0, os.EFD_CLOEXEC)
        else:
            self._reader, self._writer = os.pipe()

    def notify(self) -> None:
        """Writes eight bytes."""
        os.write(self._writer, _ONE)

    def wait(self) -> None:
        """Reads them; os.read runs signal handlers and goes on if they do not raise (PEP 475)."""
        os.read(self._reader, 8)

    def wait_at_most(self, limit_s: float) -> bool:
        """Polls first."""
        poller = select.poll()
        poller.register(self._reader, select.POLLIN)
        if not poller.poll(max(0.0, limit_s) * 1000):
            return False
        self.wait()
        return True

    def __del__(self) -> None:
        if self._reader >= 0:
            os.close(self._reader)
        if self._writer != self._reader:
            os.close(self._writer)


class LockSignal:
    """A lock, for systems where a blocked read cannot be interrupted (Windows)."""

    __slots__ = ("_lock",)

    _SLICE_S = 0.05  # how late Ctrl-C may be: a lock wait without a limit does not see it there

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def notify(self) -> None:
        """Lets the waiter through."""
        self._lock.release()

    def wait(self) -> None:
        """Waits in slices, between which Python runs signal handlers."""
        while not self._lock.acquire(timeout=self._SLICE_S):
            continue

    def wait_at_most(self, limit_s: float) -> bool:
        """As many slices as fit."""
        for _ in range(int(limit_s / self._SLICE_S)):
            if self._lock.acquire(timeout=self._SLICE_S):
                return True
        return self._lock.acquire(timeout=limit_s % self._SLICE_S)


DefaultSignal: type[PipeSignal] | type[LockSignal] = LockSignal if sys.platform == "win32" else PipeSignal


class Rendezvous:
    """One wait of one thread; made by a RendezvousDesk on the thread that is going to wait.

    The waiter calls `wait()` once, the other side `notify()` once. Signals are reused by the waits of a thread,
    but only one whose wait has ended as it should: a late notify() must not end another wait, neither the next
    one after an interruption nor one that a signal handler begins meanwhile.
    """

    __slots__ = ("_desk", "_signal", "notify")

    def __init__(self, desk: RendezvousDesk, signal: CallerSignal) -> None:
        self._desk = desk
        self._signal = signal
        self.notify = signal.notify

    def wait(self) -> None:
        """Sleeps until notify(); passes on KeyboardInterrupt and whatever else a signal handler raises."""
        self._signal.wait()
        self._desk.take_back(self._signal)

    def wait_at_most(self, limit_s: float | None) -> bool:
        """As wait(), with a limit in seconds unless that is None; False when it was reached."""
        if limit_s is None:
            self.wait()
            return True
        was_notified = self._signal.wait_at_most(limit_s)
        if was_notified:
            self._desk.take_back(self._signal)
        return was_notified


class RendezvousDesk:
    """Makes the rendezvous of all threads with one network thread, each thread with a signal of its own."""

    __slots__ = ("_local",)

    def __init__(self) -> None:
        self._local = threading.local()

    def meet(self) -> Rendezvous:
        """A new rendezvous for the calling thread; raises NetError when there are no more descriptors."""
        signal: CallerSignal | None = getattr(self._local, "signal", None)
        if signal is None:
            try:
                signal = DefaultSignal()
            except OSError as error:
                detail = f"no descriptor for the calling thread to wait on: {error.strerror or error}"
                raise exception_for(ERR_INSUFFICIENT_RESOURCES, detail=detail) from error
        else:
            self._local.signal = None
        return Rendezvous(self, signal)

    def take_back(self, signal: CallerSignal) -> None:
        """Keeps a signal, whose one notify() was waited for, for the calling thread's next rendezvous."""
        self._local.signal = signal
