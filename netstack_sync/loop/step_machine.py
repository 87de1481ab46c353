"""StepMachine: one linear operation that may pause, with the next step as its state.

This is Chromium's DoLoop idiom (net/docs/code-patterns.md) with a bound method in place of the enum. A step
handles the result of what its predecessor started, starts the next operation itself and names its successor:

    def _connect(self, result: int) -> int:
        if result != OK:
            return result
        self._step = self._handshake
        return self._socket.connect(self._on_io_complete)

Three rules are kept here and nowhere else: the state is cleared before the step runs, so a step that names no
successor ends the run; an operation that is still pending is left by returning ERR_IO_PENDING; the consumer is
called only from `_on_io_complete`, as its last statement, never from inside the step loop.

An exception in a step is a bug. It is printed, and the consumer gets ERR_UNEXPECTED instead of waiting for ever.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.loop.completion import Completion

Step = Callable[[int], int]


class StepMachine:
    """Base of linear operations. Network thread only; owned by whoever passed `on_done`."""

    __slots__ = ("_on_done", "_step")

    def __init__(self) -> None:
        self._step: Step | None = None
        self._on_done: Completion | None = None

    def _begin(self, first: Step, on_done: Completion) -> int:
        """Runs from `first`; only ERR_IO_PENDING promises one later call of `on_done`."""
        assert self._step is None and self._on_done is None, self
        self._step = first
        result = self._advance(OK)
        if result == ERR_IO_PENDING:
            self._on_done = on_done
        return result

    def _advance(self, result: int) -> int:
        try:
            while (step := self._step) is not None:
                self._step = None
                result = step(result)
                if result == ERR_IO_PENDING:
                    return result
        except Exception:
            traceback.print_exc()
            self._step = None
            return ERR_UNEXPECTED
        return result

    def _on_io_complete(self, result: int) -> None:
        """Receives the result of the pending operation and goes on."""
        result = self._advance(result)
        if result != ERR_IO_PENDING:
            on_done, self._on_done = self._on_done, None
            assert on_done is not None, self
            on_done(result)

    def _stop(self) -> None:
        """Forgets the step and the consumer: part of every cancel(), after the child was cancelled."""
        self._step = None
        self._on_done = None

    @property
    def is_pending(self) -> bool:
        """True while a consumer waits for the completion."""
        return self._on_done is not None

    def __repr__(self) -> str:
        step = self._step
        state = "idle" if step is None else getattr(step, "__name__", "step").lstrip("_")
        return f"<{type(self).__name__} {state}>"
