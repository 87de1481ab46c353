"""ScriptPlayer: plays a script over a stream, waiting where the script or the stream makes it wait."""

from __future__ import annotations

from collections.abc import Iterator

from netstack_sync.base.net_errors import ERR_CONNECTION_CLOSED, ERR_CONNECTION_RESET, ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.timers import DelayedTask, TimerQueue
from netstack_sync.testing.script import RESET, STALL, Ending, Pause, Script, Step
from netstack_sync.testing.server_stream import ServerStream

_NOTHING = memoryview(b"")


class ScriptPlayer:
    """One script at a time over one stream. Network thread only; owned by the connection."""

    __slots__ = ("_on_done", "_pause", "_steps", "_stream", "_timers", "_unsent")

    def __init__(self, stream: ServerStream, timers: TimerQueue) -> None:
        self._stream = stream
        self._timers = timers
        self._pause: DelayedTask | None = None
        self._steps: Iterator[Step] = iter(())
        self._unsent = _NOTHING
        self._on_done: Completion | None = None

    def play(self, script: Script, on_done: Completion) -> int:
        """OK when all of it was sent, an error when the connection ended, or ERR_IO_PENDING and one callback."""
        assert self._on_done is None, self
        self._steps = iter(script)
        result = self._advance()
        if result == ERR_IO_PENDING:
            self._on_done = on_done
        return result

    def cancel(self) -> None:
        """Stops playing; the callback never comes; idempotent."""
        if self._pause is not None:
            self._pause.cancel()
        self._on_done = None

    @property
    def is_playing(self) -> bool:
        """True while a callback is owed."""
        return self._on_done is not None

    def _resume(self) -> None:
        if self._on_done is None:
            return  # cancelled, but the stream still had the task
        result = self._advance()
        if result != ERR_IO_PENDING:
            on_done, self._on_done = self._on_done, None
            on_done(result)

    def _advance(self) -> int:
        while True:
            while self._unsent:
                sent = self._stream.write(self._unsent)
                if sent < 0:
                    return self._wait_for_room() if sent == ERR_IO_PENDING else sent
                self._unsent = self._unsent[sent:]
            step = next(self._steps, None)
            if step is None:
                return OK
            if isinstance(step, bytes):
                self._unsent = memoryview(step)
            elif isinstance(step, Pause):
                self._pause = self._timers.call_later(step.seconds, self._resume)
                return ERR_IO_PENDING
            else:
                return self._end(step)

    def _end(self, ending: Ending) -> int:
        if ending is STALL:
            return ERR_IO_PENDING
        if ending is RESET:
            self._stream.reset()
            return ERR_CONNECTION_RESET
        if self._stream.has_unsent:
            self._steps = iter((ending,))
            return self._wait_for_room()
        self._stream.end(has_goodbye=ending is Ending.CLOSE)
        return ERR_CONNECTION_CLOSED

    def _wait_for_room(self) -> int:
        self._stream.notify_writable(self._resume)
        return ERR_IO_PENDING
