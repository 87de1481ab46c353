"""BlockingOperation: something the network thread does for one thread that waits for it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from netstack_sync.base.exceptions import ContextShutDown
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_TIMED_OUT,
    ERR_UNEXPECTED,
)
from netstack_sync.loop.timers import DelayedTask
from netstack_sync.url_request.context import URLRequestContext


class BlockingOperation(ABC):
    """Made and waited for on the thread of its user; everything else happens on the network thread.

    A change of the network begins it anew. A LiveRequest: the end of the context ends it.
    """

    __slots__ = ("_context", "_deadline", "_net_error", "_rendezvous", "_started_at", "_timeout_s")

    def __init__(self, context: URLRequestContext, timeout_s: float | None) -> None:
        self._context = context
        self._timeout_s = timeout_s
        self._started_at = context.thread.clock.now()
        self._rendezvous = context.thread.desk.meet()
        self._deadline: DelayedTask | None = None
        self._net_error = ERR_IO_PENDING

    def _run(self) -> int:
        """Starts and waits: how it ended. Ctrl-C ends it and is raised again; raises ContextShutDown."""
        thread = self._context.thread
        if not thread.post_for_caller(self._start):
            raise ContextShutDown(ERR_CONTEXT_SHUT_DOWN)
        try:
            self._rendezvous.wait()
        except BaseException:
            thread.post(lambda: self.fail(ERR_ABORTED))
            raise
        return self._net_error

    # --- network thread

    def fail(self, net_error: int) -> None:
        """See LiveRequest; nothing happens when it is over."""
        if self._net_error == ERR_IO_PENDING:
            self._finish(net_error)

    @abstractmethod
    def _begin(self) -> int:
        """OK, an error, or ERR_IO_PENDING and one later _on_done(); may be called again after that."""

    @abstractmethod
    def _end(self) -> None:
        """It is over, in whatever state it is: keeps what the user is to get and gives everything else back."""

    def _on_done(self, net_error: int) -> None:
        if net_error == ERR_NETWORK_CHANGED and not self._context.is_shut_down:
            self._begin_now()  # over the new network
        else:
            self._finish(net_error)

    def _start(self) -> None:
        context = self._context
        if context.is_shut_down:
            self._finish(ERR_CONTEXT_SHUT_DOWN)
            return
        context.add_request(self)
        if self._timeout_s is not None:
            until = self._started_at + self._timeout_s
            self._deadline = context.thread.timers.call_at(until, lambda: self.fail(ERR_TIMED_OUT))
        self._begin_now()

    def _begin_now(self) -> None:
        try:
            result = self._begin()
        except Exception:
            self.fail(ERR_UNEXPECTED)  # a bug, which must not leave the caller waiting
            raise
        if result != ERR_IO_PENDING:
            self._on_done(result)

    def _finish(self, net_error: int) -> None:
        self._net_error = net_error
        try:
            self._end()
        finally:
            if self._deadline is not None:
                self._deadline.cancel()
            self._context.remove_request(self)
            self._rendezvous.notify()
