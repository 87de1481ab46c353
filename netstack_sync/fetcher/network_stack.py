"""NetworkStack: the URLRequestContext of one session, on the process's network thread."""

from __future__ import annotations

import contextlib
import weakref

from netstack_sync.base.clock import SystemTickClock
from netstack_sync.base.exceptions import ContextShutDown
from netstack_sync.fetcher.network_call import finish_on_network_thread
from netstack_sync.fetcher.runtime import runtime
from netstack_sync.log.net_log import NetLog
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.context_builder import ContextBuilder
from netstack_sync.workers.worker_pool import WorkerPool

_CALLBACK_THREADS = 16  # threads for the user's callbacks, apart from those the stack itself needs


class NetworkStack:
    """Belongs to the process that made it; any thread.

    Whoever has use for it keeps it alive: the session, and each fetcher that outlives its session. When the last
    of them is gone without close(), its sockets are closed and the thread it may have to itself ends.
    """

    __slots__ = ("__weakref__", "_finalizer", "callbacks", "context", "generation", "net_log")

    def __init__(self, builder: ContextBuilder, forked_from: NetworkStack | None = None) -> None:
        """What the process had before a fork keeps its cookies, and nothing else."""
        if forked_from is not None and forked_from.context.cookies is not None:
            builder = builder._replace(cookies=forked_from.context.cookies.snapshot())
        self.generation = runtime.generation
        self.net_log = NetLog(SystemTickClock())
        thread = runtime.acquire_thread(self)
        try:
            self.context: URLRequestContext = builder.build(thread, self.net_log)
        except BaseException:
            runtime.forget(self)
            runtime.release_thread(0.0)
            raise
        thread.post(self.context.start)
        runtime.finish_at_exit(self.context.workers)
        self.callbacks = WorkerPool(thread.task_runner, _CALLBACK_THREADS, "netstack-callback")
        """Runs what users attached to futures; posting to it belongs to the network thread."""
        self._finalizer = weakref.finalize(self, _release_forgotten, self.context, self.generation)
        self._finalizer.atexit = False  # the runtime ends the thread then

    @property
    def is_ours(self) -> bool:
        """False in a child that was forked after the stack was made."""
        return self.generation == runtime.generation

    def close(self, timeout_s: float | None) -> None:
        """Fails what is under way with ERR_CONTEXT_SHUT_DOWN, closes every socket; within `timeout_s` seconds."""
        self._finalizer.detach()
        clock, thread = self.context.thread.clock, self.context.thread
        give_up_at = None if timeout_s is None else clock.now() + timeout_s
        try:
            if thread.is_alive:
                with contextlib.suppress(ContextShutDown):  # it is just ending
                    finish_on_network_thread(thread, self.context.shut_down, timeout_s)
        finally:
            runtime.forget(self)
            runtime.release_thread(None if give_up_at is None else max(0.0, give_up_at - clock.now()))

    def abandon_after_fork(self) -> None:
        """Forgets who observed the parent, and what runs there."""
        self.net_log.forget_observers_after_fork()
        self.context.abandon_after_fork()


def _release_forgotten(context: URLRequestContext, generation: int) -> None:
    """Ends a stack that nobody closed. Any thread, perhaps in the middle of something and with locks held, so it
    only posts; the network thread then looks whether anybody else needs it.
    """
    if generation == runtime.generation:
        context.thread.post(context.shut_down)
        context.thread.post(lambda: runtime.release_thread(0.0))
