"""A ProxyHandshake over a scripted socket."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.sockets.proxy_handshake import ProxyHandshake
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import ScriptedSocket, Step
from tests.support.scripted_stack import ScriptedStack


class ScriptedHandshake:
    """What each of them has: its script, and the end that it comes to exactly once."""

    def __init__(self, stack: ScriptedStack, *steps: Step) -> None:
        self.stack = stack
        self.socket = ScriptedSocket(stack.thread.task_runner, stack.net_log, steps, stack.is_async)
        self.done = RecordedCompletion()

    def start_with(self, handshake: ProxyHandshake) -> None:
        """To where it waits for the test."""
        assert handshake.connect(self.done) == ERR_IO_PENDING
        self.stack.run()

    def run_with(self, handshake: ProxyHandshake) -> int:
        """To the end; the connection is left to its owner, and no timer is left."""
        result = handshake.connect(self.done)
        assert not self.done.is_called
        self.stack.run_workers()
        assert self.done.is_called == (result == ERR_IO_PENDING)
        assert not self.socket.problems and not self.socket.is_watched and not handshake.is_pending
        assert self.socket.is_open and len(self.stack.thread.timers) == 0
        return self.done.result if self.done.is_called else result
