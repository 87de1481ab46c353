"""ProxyHandshake: what is said to a proxy over a connection before the connection serves its user."""

from __future__ import annotations

from abc import ABC, abstractmethod

from netstack_sync.base.net_errors import ERR_ABORTED, ERR_CONNECTION_CLOSED, ERR_IO_PENDING, OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import Step, StepMachine
from netstack_sync.sockets.read_size import SMALL_READ_BYTES
from netstack_sync.sockets.stream_socket import StreamSocket


class ProxyHandshake(StepMachine, ABC):
    """Sends messages and reads what is answered. Network thread only; owned, as the transport is, by a connect job.

    After OK the transport itself is the connection to the destination, and nothing has been read of what it says.
    After an error nobody may use it. There is no time limit in here.
    """

    __slots__ = ("_data", "_on_connected", "_span", "_then", "_transport", "_unsent", "error_detail", "net_log")

    def __init__(self, transport: StreamSocket, net_log: NetLogWithSource) -> None:
        super().__init__()
        self._transport = transport
        self._on_connected: Completion | None = None
        self._unsent: bytes | memoryview = b""
        self._data = b""
        self._then: Step | None = None
        self._span: NetLogEventType | None = None
        self.net_log = net_log
        self.error_detail = ""
        """Why it failed, in words; empty where the number says all."""

    def connect(self, on_done: Completion) -> int:
        """OK, an error, or ERR_IO_PENDING and one later callback; once."""
        result = self._begin(self._first_step, self._on_end)
        if result == ERR_IO_PENDING:
            self._on_connected = on_done
        else:
            self._release(result)
        return result

    def cancel(self) -> None:
        """No callback comes; ends in any state; idempotent. The transport is left to its owner."""
        if not self.is_pending:
            return
        self._transport.cancel_notify()
        self._stop()
        self._on_connected = None
        self._release(ERR_ABORTED)

    @abstractmethod
    def _first_step(self, result: int) -> int:
        """Begins."""

    def _release(self, result: int) -> None:
        """The handshake is over, with this result."""
        self._end_span(result)

    def _fail(self, net_error: int, detail: str) -> int:
        self.error_detail = detail
        return net_error

    def _send(self, message: bytes, then: Step) -> int:
        """`then` is the next step, once all is written or with an error."""
        self._unsent, self._then = message, then
        return self._write(OK)

    def _receive(self, then: Step) -> int:
        """`then` is the next step: a piece is in `_data`, b"" at the end of the connection; or with an error.

        It waits first and reads second, because an answer to what was just sent is never there yet.
        """
        self._then, self._step = then, self._read
        self._transport.notify_readable(self._on_ready)
        return ERR_IO_PENDING

    def _begin_span(self, type: NetLogEventType) -> None:
        self._span = type
        self.net_log.begin(type)

    def _end_span(self, result: int) -> None:
        if self._span is not None:
            self.net_log.end_with_net_error(self._span, result)
            self._span = None

    # --- steps

    def _write(self, _: int) -> int:
        while self._unsent:
            sent = self._transport.write(self._unsent)
            if sent == ERR_IO_PENDING:
                self._step = self._write
                self._transport.notify_writable(self._on_ready)
                return ERR_IO_PENDING
            if sent < 0:
                self._step = self._then
                return sent
            self._unsent = memoryview(self._unsent)[sent:]
        self._step = self._then
        return OK

    def _read(self, _: int) -> int:
        data = self._transport.read(SMALL_READ_BYTES)
        then = self._then
        assert then is not None
        if data == ERR_IO_PENDING:
            return self._receive(then)
        self._step = then
        if isinstance(data, bytes):
            self._data = data
            return OK
        self._data = b""
        return OK if data == ERR_CONNECTION_CLOSED else data  # with or without TLS's goodbye

    def _on_ready(self) -> None:
        self._on_io_complete(OK)

    def _on_end(self, result: int) -> None:
        on_connected, self._on_connected = self._on_connected, None
        assert on_connected is not None
        self._release(result)
        on_connected(result)
