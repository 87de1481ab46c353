"""SmallRequest: a request of the stack's own for a small answer of a known kind, within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.net_errors import ERR_FILE_TOO_BIG, ERR_IO_PENDING, ERR_TIMED_OUT, OK
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.loop.timers import Alarm
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import RedirectAction
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.url_request.url_request import URLRequest


class SmallAnswer(NamedTuple):
    """How it ended."""

    net_error: int
    """OK; ERR_TIMED_OUT at our limit, ERR_FILE_TOO_BIG for a body that is no small one; or why there is no answer."""
    detail: str = ""
    """In words; may be empty."""
    status: int = 0
    headers: ResponseHeaders | None = None
    """There with OK."""
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """Of Content-Type, without parameters, in lower case."""
        value = self.headers.get("content-type") if self.headers is not None else None
        return (value or "").partition(";")[0].strip().lower()


class SmallRequest:
    """The delegate of its URLRequest. Network thread only.

    It follows no redirect: whom to ask is for whoever asks to say, and for nobody else.
    """

    __slots__ = ("_body", "_max_bytes", "_on_done", "_request", "_time_limit_s", "_timer")

    def __init__(
        self,
        context: URLRequestContext,
        info: HttpRequestInfo,
        max_bytes: int,
        time_limit_s: float,
        on_done: Callable[[SmallAnswer], None],
        *,
        has_limit_for_each: bool = False,
    ) -> None:
        """The limit is one for everything, or one to get a connection and again one to get the answer."""
        self._max_bytes = max_bytes
        self._time_limit_s = time_limit_s
        self._on_done: Callable[[SmallAnswer], None] | None = on_done
        self._body = b""
        self._timer = Alarm(context.thread.timers)
        self._request = URLRequest(context, info, self, 0, self if has_limit_for_each else None)

    def start(self) -> None:
        """Sends it; `on_done` comes once, later."""
        self._timer.start(self._time_limit_s, self._on_time_limit)
        self._request.start()

    def cancel(self) -> None:
        """Nobody is told any more; idempotent."""
        self._on_done = None
        self._timer.stop()
        self._request.cancel()

    # --- URLRequestDelegate

    def on_received_redirect(self, redirect: RedirectInfo) -> RedirectAction:
        """Takes it as the answer."""
        return RedirectAction.STOP

    def on_invalid_redirect(self, net_error: int) -> int:
        """No answer."""
        return net_error

    def on_response_started(self, net_error: int) -> None:
        """The head is there, or the request failed."""
        if net_error != OK:
            self._finish(net_error)
        else:
            self._read()

    def on_read_completed(self, data: bytes | int) -> None:
        """A piece that was waited for is there."""
        if self._take(data):
            self._read()

    # --- TransactionObserver

    def on_connected(self) -> None:
        """From here on it is the server's time that runs."""
        self._timer.start(self._time_limit_s, self._on_time_limit)

    def on_reconnect(self) -> None:
        """Nothing to do: the limit goes on."""

    def on_request_sent(self) -> None:
        """Nothing to do."""

    # --- inside

    def _read(self) -> None:
        while True:
            data = self._request.read()
            if data == ERR_IO_PENDING or not self._take(data):
                return

    def _take(self, data: bytes | int) -> bool:
        """Keeps a piece; False at the end."""
        if isinstance(data, int):
            self._finish(data)
        elif not data:
            self._finish(OK)
        elif len(self._body) + len(data) > self._max_bytes:
            self._finish(ERR_FILE_TOO_BIG, f"its answer exceeds {self._max_bytes} bytes")
        else:
            self._body += data
            return True
        return False

    def _on_time_limit(self) -> None:
        state = self._request.load_state.name.lower().replace("_", " ")
        self._finish(ERR_TIMED_OUT, f"no answer within {self._time_limit_s:g} s, while {state}")

    def _finish(self, net_error: int, detail: str = "") -> None:
        on_done, request = self._on_done, self._request
        assert on_done is not None, "a request that was cancelled calls nobody"
        response = request.response
        if net_error != OK or response is None:
            answer = SmallAnswer(net_error, detail or request.error_detail)
        else:
            answer = SmallAnswer(OK, "", response.head.status, response.head.headers, self._body)
        self.cancel()
        on_done(answer)
