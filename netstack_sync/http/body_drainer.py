"""HttpResponseBodyDrainer: reads the rest of a body that nobody wants, if it is small."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.loop.timers import DelayedTask, TimerQueue
from netstack_sync.wire.http1_body import WORTH_READING_BYTES, WORTH_WAITING_S

if TYPE_CHECKING:
    from netstack_sync.http.stream import HttpStream

DRAIN_BYTES = WORTH_READING_BYTES
DRAIN_LIMIT_S = WORTH_WAITING_S


class HttpResponseBodyDrainer:
    """Owns the stream until it is done; nothing is decoded. Network thread only.

    `keeps_stream` leaves it open when all of it was read: it is the owner's again.
    """

    __slots__ = ("_drained_bytes", "_keeps_stream", "_limit_bytes", "_on_done", "_stream", "_timer", "_timers")

    def __init__(
        self,
        stream: HttpStream,
        timers: TimerQueue,
        on_done: Callable[[HttpResponseBodyDrainer], None],
        limit_bytes: int = DRAIN_BYTES,
        keeps_stream: bool = False,
    ) -> None:
        self._stream = stream
        self._limit_bytes = limit_bytes
        self._keeps_stream = keeps_stream
        self._on_done = on_done
        self._drained_bytes = 0
        self._timers = timers
        self._timer: DelayedTask | None = None

    def start(self) -> None:
        """Reads until the end, the limit of bytes, or the limit of time."""
        self._timer = self._timers.call_later(DRAIN_LIMIT_S, self.cancel)
        self._drain()

    def cancel(self) -> None:
        """Gives up; the connection is closed."""
        self._finish(not_reusable=True)

    def _drain(self) -> None:
        data: bytes | int = b"\0"
        while isinstance(data, bytes) and data and self._drained_bytes <= self._limit_bytes:
            data = self._stream.read_body(self._on_data)
            if isinstance(data, bytes):
                self._drained_bytes += len(data)
        if data != ERR_IO_PENDING:
            self._finish(not_reusable=data != b"")

    def _on_data(self, data: bytes | int) -> None:
        if not isinstance(data, bytes) or not data:
            self._finish(not_reusable=data != b"")
            return
        self._drained_bytes += len(data)
        self._drain()

    def _finish(self, not_reusable: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not_reusable or not self._keeps_stream:
            self._stream.close(not_reusable)
        self._on_done(self)
