"""SessionStack: the network stack of a session, from its first use to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from netstack_sync.base.exceptions import ContextShutDown
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.network_stack import NetworkStack
from netstack_sync.fetcher.runtime import runtime
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.context_builder import ContextBuilder

T = TypeVar("T")


class SessionStack:
    """Owned by the session; any thread. Nothing is built before somebody asks for it."""

    __slots__ = ("_stack", "builder", "is_closed")

    def __init__(self, builder: ContextBuilder) -> None:
        self.builder = builder
        self._stack: NetworkStack | None = None
        self.is_closed = False

    def live(self) -> NetworkStack:
        """The stack of this process; made on first use, and anew after fork. Raises ContextShutDown."""
        stack = self._stack
        if stack is not None and stack.generation == runtime.generation:  # fast path, without the lock
            return stack
        with runtime.lock:
            if self.is_closed:
                raise ContextShutDown(ERR_CONTEXT_SHUT_DOWN)
            if self._stack is None or not self._stack.is_ours:
                self._stack = NetworkStack(self.builder, forked_from=self._stack)
            return self._stack

    def ask(self, look: Callable[[URLRequestContext], T]) -> T:
        """What `look` sees on the network thread."""
        context = self.live().context
        seen: list[T] = []
        call_on_network_thread(context.thread, lambda: seen.append(look(context)))
        return seen[0]

    def close(self, timeout_s: float | None) -> None:
        """Ends it within `timeout_s` seconds, and there is no other one; idempotent."""
        with runtime.lock:
            self.is_closed = True
            stack, self._stack = self._stack, None
        if stack is not None and stack.is_ours:
            stack.close(timeout_s)

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "unused" if self._stack is None else "open"
        return f"<SessionStack {state}>"
