"""The 1xx responses of a request: who is told of them, and the body that waits for one (RFC 9110 §10.1.1, §15.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.params import response_header_params
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.timers import DelayedTask, TimerQueue
from netstack_sync.wire.http1_response import MAX_INTERIM, ResponseHead

CONTINUE_WAIT_S = 1.0  # as curl: a server that knows nothing of expectations says nothing

_EARLY_HINTS = NetLogEventType.HTTP_TRANSACTION_READ_EARLY_HINTS_RESPONSE_HEADERS
_OTHERS = NetLogEventType.HTTP_TRANSACTION_READ_RESPONSE_HEADERS

OnInterim = Callable[[ResponseHead], None]
"""Told each 1xx response, on the network thread."""


def problem_with_interim(status: int, count: int) -> str:
    """Why a 1xx response, the `count`-th in a row, ends the exchange; empty when it does not."""
    if status == 101:
        return "the server switched to another protocol (101), which a fetch does not speak; send no Upgrade header"
    return f"the server sent more than {MAX_INTERIM} informational responses and no answer" * (count > MAX_INTERIM)


class InterimAnswers:
    """What one request wants of its 1xx responses. Goes with it over redirects and resends; network thread only."""

    __slots__ = ("expects_continue", "on_interim")

    def __init__(self, expects_continue: bool = False, on_interim: OnInterim | None = None) -> None:
        self.expects_continue = expects_continue
        """True when a body is held back until the server asks for it; until a server refuses to be asked."""
        self.on_interim = on_interim

    def watch(self, holds_body: bool, net_log: NetLogWithSource, timers: TimerQueue) -> InterimWatch:
        """The same for one exchange."""
        return InterimWatch(self.on_interim, timers if holds_body else None, net_log)


class HeadReader(Protocol):
    """Who reads the heads of the responses, while the body waits."""

    def read_headers(self, on_done: Completion) -> int:
        """ERR_IO_PENDING and one later callback: OK with the final head, or an error."""

    def stop_reading(self) -> None:
        """That callback does not come."""

    def withhold_body(self) -> None:
        """The body is not sent at all."""


class InterimWatch:
    """Sees the 1xx responses of one exchange, and ends the wait of its body. Network thread only; owned by the parser.

    The wait ends with 100 (Continue), with a final response, which makes the body superfluous, with the end of the
    connection, or after CONTINUE_WAIT_S seconds, since a client must not wait for ever (RFC 9110 §10.1.1).
    """

    __slots__ = ("_net_log", "_on_done", "_on_interim", "_reader", "_timer", "_timers", "is_granted")

    def __init__(self, on_interim: OnInterim | None, timers: TimerQueue | None, net_log: NetLogWithSource) -> None:
        """With `timers` the body waits."""
        self._on_interim = on_interim
        self._timers = timers
        self._net_log = net_log
        self._reader: HeadReader | None = None
        self._on_done: Completion | None = None
        self._timer: DelayedTask | None = None
        self.is_granted = False
        """True when the server has asked for the body that waits."""

    @property
    def holds_body(self) -> bool:
        """True when wait() is to be called between head and body."""
        return self._timers is not None

    def wait(self, reader: HeadReader, on_done: Completion) -> int:
        """ERR_IO_PENDING and one later callback: OK to go on, or the error that `reader` came to."""
        assert self._timers is not None and self._on_done is None
        self._reader, self._on_done = reader, on_done
        self._timer = self._timers.call_later(CONTINUE_WAIT_S, self.go_on)
        return reader.read_headers(self._on_final_head)

    def receive(self, head: ResponseHead) -> None:
        """A 1xx response has come. Whoever is told may cancel the exchange."""
        if self._net_log.is_capturing:
            params = response_header_params(f"HTTP/1.1 {head.status} {head.reason}", head.headers)
            self._net_log.event(_EARLY_HINTS if head.status == 103 else _OTHERS, params)
        if self._on_interim is not None:
            self._on_interim(head)
        if head.status == 100 and self._on_done is not None:
            self.is_granted = True

    def go_on(self) -> None:
        """The body is sent now."""
        assert self._reader is not None
        self._reader.stop_reading()
        self._end(OK)

    def cancel(self) -> None:
        """No callback comes any more; idempotent."""
        self._on_interim = self._on_done = self._reader = None
        self.is_granted = False
        if self._timer is not None:
            self._timer.cancel()

    def _on_final_head(self, result: int) -> None:
        assert self._reader is not None
        self._reader.withhold_body()
        self._end(result)

    def _end(self, result: int) -> None:
        assert self._timer is not None and self._on_done is not None and result != ERR_IO_PENDING
        self._timer.cancel()
        on_done, self._on_done, self._reader = self._on_done, None, None
        self.is_granted = False
        on_done(result)
