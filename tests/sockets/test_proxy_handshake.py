"""Sending a message and reading an answer, over a connection that somebody else owns."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_SOCKS_CONNECTION_FAILED,
    OK,
)
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.sockets.proxy_handshake import ProxyHandshake
from tests.support.scripted_handshake import ScriptedHandshake
from tests.support.scripted_socket import (
    EOF,
    Pause,
    Read,
    Step,
    Write,
    each_step_failing,
    one_byte_at_a_time,
)
from tests.support.scripted_stack import ScriptedStack

SPAN = NetLogEventType.SOCKS_CONNECT
SCRIPT: list[Step] = [Write(b"hello"), Read(b"wor"), Read(b"ld")]


class Greeting(ProxyHandshake):
    """Says hello and waits for five bytes."""

    __slots__ = ("heard",)

    heard: bytes

    def _first_step(self, _: int) -> int:
        self.heard = b""
        self._begin_span(SPAN)
        return self._send(b"hello", self._listen)

    def _listen(self, result: int) -> int:
        return result if result != OK else self._receive(self._hear)

    def _hear(self, result: int) -> int:
        if result != OK:
            return result
        if not self._data:
            return self._fail(ERR_SOCKS_CONNECTION_FAILED, "it hung up")
        self.heard += self._data
        if len(self.heard) < 5:
            return self._receive(self._hear)
        self._end_span(OK)
        return OK


class Run(ScriptedHandshake):
    """A greeting over a script."""

    def __init__(self, stack: ScriptedStack, *steps: Step) -> None:
        super().__init__(stack, *steps)
        self.greeting = Greeting(self.socket, stack.log())

    def to_end(self) -> int:
        """The result."""
        return self.run_with(self.greeting)


@pytest.mark.parametrize("steps", [SCRIPT, one_byte_at_a_time(SCRIPT)], ids=["pieces", "bytes"])
def test_all_is_written_and_all_is_read(stack: ScriptedStack, steps: list[Step]) -> None:
    """However the socket takes and gives it."""
    run = Run(stack, *steps)
    assert run.to_end() == OK
    assert run.greeting.heard == b"world" and run.greeting.error_detail == "" and run.socket.is_done


@pytest.mark.parametrize("steps", each_step_failing(one_byte_at_a_time(SCRIPT)))
def test_an_error_of_the_socket_is_the_result(stack: ScriptedStack, steps: list[Step]) -> None:
    """Whenever it comes."""
    assert Run(stack, *steps).to_end() == ERR_CONNECTION_RESET


@pytest.mark.parametrize("end", [EOF, Read(ERR_CONNECTION_CLOSED)], ids=["goodbye", "cut"])
def test_the_end_is_told_as_such(stack: ScriptedStack, end: Read) -> None:
    """With or without TLS's goodbye."""
    run = Run(stack, Write(b"hello"), Read(b"wor"), end)
    assert run.to_end() == ERR_SOCKS_CONNECTION_FAILED
    assert run.greeting.error_detail == "it hung up"


@pytest.mark.parametrize("paused_at", [0, 1, 2])
def test_nothing_is_told_after_a_cancel(stack: ScriptedStack, paused_at: int) -> None:
    """The socket is left to its owner, open and unwatched; a second cancel() does nothing."""
    run = Run(stack, *SCRIPT[:paused_at], Pause(), *SCRIPT[paused_at:])
    assert run.greeting.connect(run.done) == ERR_IO_PENDING
    stack.run()
    run.greeting.cancel()
    run.greeting.cancel()
    run.socket.resume()
    stack.run()
    assert not run.done.is_called and run.socket.is_open and not run.socket.is_watched
    assert not run.greeting.is_pending


def test_a_cancel_before_and_after_does_nothing(stack: ScriptedStack) -> None:
    """Then there is nothing to cancel."""
    run = Run(stack, *SCRIPT)
    run.greeting.cancel()
    assert run.to_end() == OK
    run.greeting.cancel()
    assert run.done.result == OK


def test_its_owner_may_cancel_when_told(stack: ScriptedStack) -> None:
    """The completion is the last statement."""
    run = Run(stack, *SCRIPT)
    told: list[int] = []

    def on_done(result: int) -> None:
        told.append(result)
        run.greeting.cancel()
        run.socket.disconnect()

    assert run.greeting.connect(on_done) == ERR_IO_PENDING
    stack.run()
    assert told == [OK]
