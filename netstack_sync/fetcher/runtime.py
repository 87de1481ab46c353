"""The process's network thread: made on first use, replaced after fork, ended at exit.

Beside the default session of fetch.py this is the only state of a process, but for what it is told once.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from typing import Protocol

from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.sockets.read_size import keep_read_memory
from netstack_sync.workers.running_imports import finish_running_imports
from netstack_sync.workers.worker_pool import WorkerPool

_EXIT_WAIT_S = 1.0  # a network thread that is stuck in a delegate of the user's must not hold the exit


class RunningStack(Protocol):
    """What uses the thread."""

    def abandon_after_fork(self) -> None:
        """Forgets what belongs to the parent; in the child, before anything else runs there."""


class Runtime:
    """Shares one network thread between the stacks of a process; any thread.

    The thread starts with the first stack and ends with the last. In a forked child nothing of it exists, so the
    child forgets it: descriptors are closed without a word on the wire, stacks are made anew when used.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()  # re-entered when a finalizer closes a session
        self.generation = 0
        """Grows with each fork that made this process; what was made under an older one is not ours."""
        self._thread: NetworkThread | None = None
        self._ending: list[NetworkThread] = []  # may run on for a while; a child has to forget them as well
        self._keeps_memory = False
        self._stacks: weakref.WeakSet[RunningStack] = weakref.WeakSet()
        self._workers: weakref.WeakSet[WorkerPool] = weakref.WeakSet()

    def finish_at_exit(self, workers: WorkerPool) -> None:
        """Its running jobs are waited for when the process ends, also those of a stack that is closed by then."""
        with self.lock:
            self._workers.add(workers)

    def acquire_thread(self, stack: RunningStack) -> NetworkThread:
        """The running thread, for a stack that is just being made."""
        with self.lock:
            # First of all: a finalizer that runs in here must not find the thread without users.
            self._stacks.add(stack)
            thread = self._thread
            if thread is None or not thread.is_alive:
                self._maybe_keep_memory()
                thread = self._thread = NetworkThread()
                thread.start()
            return thread

    def _maybe_keep_memory(self) -> None:
        if not self._keeps_memory:
            self._keeps_memory = True
            keep_read_memory()

    def forget(self, stack: RunningStack) -> None:
        """A stack is closed."""
        with self.lock:
            self._stacks.discard(stack)

    def release_thread(self, timeout_s: float | None) -> None:
        """Ends the thread, within `timeout_s` seconds, when the last stack is gone."""
        with self.lock:
            if any(True for _ in self._stacks):  # its len() may count one that is being finalized
                return
            thread = self._take_thread()
        if thread is not None:
            thread.stop(timeout_s)

    def _take_thread(self) -> NetworkThread | None:
        """For the end of it. At no moment is a thread that runs in neither place: another thread may fork."""
        thread = self._thread
        if thread is not None:
            self._ending = [*[ending for ending in self._ending if ending.is_alive], thread]
            self._thread = None
        return thread

    def after_fork_in_child(self) -> None:
        """Only the forking thread exists here; locks may have been held by others."""
        self.lock = threading.RLock()
        self.generation += 1
        threads = {*self._ending, self._thread}
        self._thread, self._ending = None, []
        for thread in threads:
            if thread is not None:
                thread.abandon_after_fork()
        for stack in self._stacks:
            stack.abandon_after_fork()
        self._stacks = weakref.WeakSet()
        self._workers = weakref.WeakSet()

    def at_exit(self) -> None:
        """Ends the thread, so that it does not run while the interpreter is taken apart.

        Requests still under way belong to daemon threads, which are about to vanish; they are told nothing.
        """
        with self.lock:
            thread = self._take_thread()
            pools = list(self._workers)
        if thread is not None:
            thread.stop_at_exit(_EXIT_WAIT_S)
        for pool in pools:
            if not pool.finish(_EXIT_WAIT_S):
                return  # one that hangs, say in a file of a dead network drive, holds the exit just once


runtime = Runtime()
atexit.register(runtime.at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=finish_running_imports, after_in_child=runtime.after_fork_in_child)
