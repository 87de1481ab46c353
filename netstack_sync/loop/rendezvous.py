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
from collections.abc import Callable
from os import read, write

from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.net_errors import ERR_INSUFFICIENT_RESOURCES

_ONE = (1).to_bytes(8, sys.byteorder)  # what an event descriptor adds to its counter


class Rendezvous:
    """What one thread waits on; given out by a RendezvousDesk to the thread that is going to wait.

    The waiter calls `wait()` once, the other side `notify()` once. Then it serves the next wait of its thread, but only
    if it has ended as it should: a late notify() must not end another wait, neither the next one after an interruption
    nor one that a signal handler begins meanwhile.
    """

    __slots__ = ("is_free",)

    def __init__(self) -> None:
        self.is_free = False
        """True once its wait has ended with its notify()."""

    def notify(self) -> None:
        """Ends the wait; any thread; never blocks."""
        raise NotImplementedError

    def wait(self) -> None:
        """Sleeps until notify(); passes on KeyboardInterrupt and whatever else a signal handler raises."""
        raise NotImplementedError

    def wait_at_most(self, limit_s: float | None) -> bool:
        """As wait(), with a limit in seconds unless that is None; False when it was reached."""
        raise NotImplementedError

    def abandon_after_fork(self) -> None:
        """In a forked child: a wait in the middle of which a signal handler forked ends, and takes nothing away."""


class PipeSignal(Rendezvous):
    """A pipe, or on Linux one event descriptor; closed when both threads have dropped it."""

    __slots__ = ("_reader", "_writer")

    def __init__(self) -> None:
        super().__init__()
        self._reader = self._writer = -1  # for __del__, if there are no more descriptors
        if sys.platform == "linux":
            self._reader = self._writer = os.eventfd(0, os.EFD_CLOEXEC)
        else:
            self._reader, self._writer = os.pipe()

    def notify(self) -> None:
        """Writes eight bytes."""
        write(self._writer, _ONE)

    def wait(self) -> None:
        """Reads them; os.read runs signal handlers and goes on if they do not raise (PEP 475)."""
        read(self._reader, 8)
        self.is_free = True

    def wait_at_most(self, limit_s: float | None) -> bool:
        """Polls first."""
        if limit_s is not None:
            poller = select.poll()
            poller.register(self._reader, select.POLLIN)
            if not poller.poll(max(0.0, limit_s) * 1000):
                return False
        self.wait()
        return True

    def abandon_after_fork(self) -> None:
        """The parent waits at the same descriptor, and what comes there is for it alone; here is an end to be read."""
        reader, writer = os.pipe()
        os.close(writer)
        os.dup2(reader, self._reader, inheritable=False)
        os.close(reader)

    def __del__(self) -> None:
        if self._reader >= 0:
            os.close(self._reader)
        if self._writer != self._reader:
            os.close(self._writer)


class LockSignal(Rendezvous):
    """A lock, for systems where a blocked read cannot be interrupted (Windows)."""

    __slots__ = ("_lock",)

    _SLICE_S = 0.05  # how late Ctrl-C may be: a lock wait without a limit does not see it there

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._lock.acquire()

    def notify(self) -> None:
        """Lets the waiter through."""
        self._lock.release()

    def wait(self) -> None:
        """Waits in slices, between which Python runs signal handlers."""
        while not self._lock.acquire(timeout=self._SLICE_S):
            continue
        self.is_free = True

    def wait_at_most(self, limit_s: float | None) -> bool:
        """As many slices as fit."""
        if limit_s is None:
            self.wait()
            return True
        for _ in range(int(limit_s / self._SLICE_S)):
            if self._lock.acquire(timeout=self._SLICE_S):
                self.is_free = True
                return True
        self.is_free = self._lock.acquire(timeout=limit_s % self._SLICE_S)
        return self.is_free


DefaultSignal: type[PipeSignal] | type[LockSignal] = LockSignal if sys.platform == "win32" else PipeSignal


class _ThreadsOwn(threading.local):
    """What the desk keeps for each thread."""

    rendezvous: Rendezvous | None = None


class RendezvousDesk:
    """Gives out the rendezvous of all threads with one network thread; each thread has one of its own."""

    __slots__ = ("_is_on_network_thread", "_local")

    def __init__(self, is_on_network_thread: Callable[[], bool]) -> None:
        self._is_on_network_thread = is_on_network_thread
        self._local = _ThreadsOwn()

    def meet(self) -> Rendezvous:
        """One for the calling thread to wait on; raises NetError when there are no more descriptors.

        Raises RuntimeError on the network thread, which would wait for itself.
        """
        rendezvous = self._local.rendezvous
        if rendezvous is not None and rendezvous.is_free:  # fast path: the network thread never has one
            rendezvous.is_free = False
            return rendezvous
        return self._meet_anew()

    def abandon_after_fork(self) -> None:
        """In a forked child, by its only thread."""
        if self._local.rendezvous is not None:
            self._local.rendezvous.abandon_after_fork()

    def _meet_anew(self) -> Rendezvous:
        if self._is_on_network_thread():
            raise RuntimeError("a blocking call on the network thread would wait for itself; use URLFetcher there")
        try:
            self._local.rendezvous = rendezvous = DefaultSignal()
        except OSError as error:
            detail = f"no descriptor for the calling thread to wait on: {error.strerror or error}"
            raise exception_for(ERR_INSUFFICIENT_RESOURCES, detail=detail) from error
        return rendezvous
