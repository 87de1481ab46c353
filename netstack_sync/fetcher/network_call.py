"""Runs a function on the network thread and waits for its value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from netstack_sync.base.exceptions import ContextShutDown
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN
from netstack_sync.loop.completion import Task
from netstack_sync.loop.network_thread import NetworkThread

T = TypeVar("T")


class _Call(Generic[T]):
    __slots__ = ("_function", "error", "value")

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self.value: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.value = self._function()
        except BaseException as error:
            self.error = error


def finish_on_network_thread(
    thread: NetworkThread, start: Callable[[Task], object], timeout_s: float | None = None
) -> None:
    """Runs `start` there and waits until it has called its argument, for at most `timeout_s` seconds.

    On the network thread itself it does not wait. Raises ContextShutDown when the thread has ended.
    """
    if thread.is_current:
        start(lambda: None)
        return
    rendezvous = thread.desk.meet()

    def run() -> None:
        try:
            start(rendezvous.notify)
        except BaseException:
            rendezvous.notify()  # a bug, which the loop prints, and for which nobody is to wait
            raise

    if not thread.post(run):
        raise ContextShutDown(ERR_CONTEXT_SHUT_DOWN)
    rendezvous.wait_at_most(timeout_s)


def call_on_network_thread(
    thread: NetworkThread, function: Callable[[], T], timeout_s: float | None = None
) -> T | None:
    """The value of `function()`, called there; None when it has not run within `timeout_s` seconds.

    Raises what it raises, and ContextShutDown when the thread has ended.
    """
    if thread.is_current:
        return function()
    call = _Call(function)
    rendezvous = thread.desk.meet()

    def run() -> None:
        call.run()
        rendezvous.notify()

    if not thread.post(run):
        raise ContextShutDown(ERR_CONTEXT_SHUT_DOWN)
    if not rendezvous.wait_at_most(timeout_s):
        return None
    if call.error is not None:
        raise call.error
    return call.value
