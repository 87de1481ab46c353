"""DelegateCalls: the calls of a network delegate for one request, whatever the delegate makes of them."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_IO_PENDING, ERR_UNEXPECTED, OK, error_name
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.url_request.network_delegate import DelegatedRequest, HopStart, NetworkDelegate, ReceivedHead
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.wire.http1_response import ResponseHead

MAX_AUTH_ROUNDS = 5
"""For one request; a delegate that always finds another password would be asked for ever."""


class DelegateCalls:
    """See ExchangeDelegate. Network thread only; owned by the request, and only there when there is a delegate.

    One question is open at a time. After completed() no callback comes, whatever the delegate still answers.
    """

    __slots__ = (
        "_auth_rounds",
        "_delegate",
        "_event",
        "_has_told_start",
        "_head",
        "_identity",
        "_on_answer",
        "_question",
        "_received",
        "_request",
        "_start",
        "_thread",
        "error_detail",
    )

    def __init__(self, delegate: NetworkDelegate, request: DelegatedRequest, thread: NetworkThread) -> None:
        self._delegate = delegate
        self._request: DelegatedRequest | None = request  # until it is over, which opens the circle
        self._thread = thread
        self._question = 0  # counted, so that an answer that comes late or twice is known
        self._event = NetLogEventType.NETWORK_DELEGATE_BEFORE_URL_REQUEST  # of that question
        self._on_answer: Completion | None = None
        self._start: HopStart | None = None
        self._head: ResponseHead | None = None  # that `_received` was made of
        self._received: ReceivedHead | None = None
        self._identity: AuthIdentity | None = None
        self._auth_rounds = 0
        self._has_told_start = False
        self.error_detail = ""
        """What the delegate has done, in words; empty while it goes on with everything."""

    @property
    def has_begun(self) -> bool:
        """True once the delegate was asked anything: it hears of the end of no other request."""
        return self._question > 0

    @property
    def is_waiting(self) -> bool:
        """True while the delegate has not answered."""
        return self._on_answer is not None

    # --- what may wait

    def before_url_request(self, on_done: Completion) -> int:
        """Asks at the beginning of a hop; then take_redirect()."""
        request, delegate = self._present_request(), self._delegate
        start = self._start = HopStart(request.url)
        self._event = NetLogEventType.NETWORK_DELEGATE_BEFORE_URL_REQUEST
        return self._ask(lambda answer: delegate.on_before_url_request(request, start, answer), on_done)

    def take_redirect(self) -> RedirectInfo | None:
        """Where the delegate sends the hop."""
        start, self._start = self._start, None
        if start is None or start.redirect_url is None:
            return None
        method = self._present_request().info.method
        return RedirectInfo(307, start.redirect_url, method, keeps_body=True, is_from_delegate=True)

    def before_send_headers(self, headers: RequestHeaders, on_done: Completion) -> int:
        """See ExchangeDelegate."""
        request, delegate = self._present_request(), self._delegate
        self._event = NetLogEventType.NETWORK_DELEGATE_BEFORE_START_TRANSACTION
        return self._ask(lambda answer: delegate.on_before_send_headers(request, headers, answer), on_done)

    def headers_received(self, head: ResponseHead, on_done: Completion) -> int:
        """See ExchangeDelegate."""
        request, delegate = self._present_request(), self._delegate
        received = self._received = ReceivedHead(head)
        self._head = head
        self._event = NetLogEventType.NETWORK_DELEGATE_HEADERS_RECEIVED
        return self._ask(lambda answer: delegate.on_headers_received(request, received, answer), on_done)

    def take_head(self) -> ResponseHead | None:
        """See ExchangeDelegate. What frames the body does not change with the headers that say it."""
        received, head = self._received, self._head
        self._received = self._head = None
        if received is None or head is None or not received.is_changed:
            return None
        return head.with_fields(received.status, received.reason, received.headers)

    # --- what may not

    def auth_required(self, head: ResponseHead) -> AuthIdentity | int:
        """See ExchangeDelegate."""
        request, delegate = self._present_request(), self._delegate
        if self._auth_rounds >= MAX_AUTH_ROUNDS:
            return OK
        self._auth_rounds += 1
        challenges = parse_challenges(head.headers.get_all("www-authenticate"))
        try:
            answer = delegate.on_auth_required(request, challenges)
            if isinstance(answer, tuple):
                answer = password_identity(*answer)
            if not isinstance(answer, AuthIdentity):
                return self._checked(answer) if self._request is not None else ERR_IO_PENDING
        except Exception:
            return self._on_bug() if self._request is not None else ERR_IO_PENDING
        if self._request is None:
            return ERR_IO_PENDING  # ended from inside
        if answer == self._identity:
            return OK  # the server has refused it
        self._identity = answer
        return answer

    def before_redirect(self, redirect: RedirectInfo) -> int:
        """OK, or ERR_UNEXPECTED for a delegate that raises."""
        request, delegate = self._present_request(), self._delegate
        return self._tell(lambda: delegate.on_before_redirect(request, redirect), OK)

    def response_started(self, net_error: int) -> int:
        """The result that is told, or ERR_UNEXPECTED for a delegate that raises. Told once: a delegate that ends the
        request from inside knows.
        """
        if self._has_told_start:
            return net_error
        self._has_told_start = True
        request, delegate = self._present_request(), self._delegate
        return self._tell(lambda: delegate.on_response_started(request, net_error), net_error)

    def completed(self, net_error: int, started: bool) -> None:
        """The request is over: nobody waits for an answer any more."""
        request, delegate = self._present_request(), self._delegate
        self._maybe_end_question(ERR_ABORTED)
        self._request = None
        try:
            delegate.on_completed(request, started, net_error)
        except Exception:
            traceback.print_exc()  # too late to be why the request has failed

    # --- asking

    def _ask(self, question: Callable[[Completion], int], on_done: Completion) -> int:
        self._question = number = self._question + 1
        self._on_answer = on_done
        self._present_request().net_log.begin(self._event)

        def answer(result: int) -> None:
            self._thread.post(lambda: self._take_answer(number, result))

        try:
            result = question(answer)
            if result == ERR_IO_PENDING:
                return result
            result = self._checked(result)
        except Exception:
            result = self._on_bug()
        if self._on_answer is None:
            return ERR_IO_PENDING  # the request was ended from inside
        self._maybe_end_question(result)
        return result

    def _take_answer(self, number: int, result: int) -> None:
        on_answer = self._on_answer
        if number != self._question or on_answer is None:
            return  # late, or the second one
        try:
            result = self._checked(result)
        except TypeError:
            result = self._on_bug()
        self._maybe_end_question(result)
        on_answer(result)

    def _maybe_end_question(self, result: int) -> None:
        if self._on_answer is not None:
            self._on_answer = None
            self._present_request().net_log.end_with_net_error(self._event, result)

    def _checked(self, result: object) -> int:
        if isinstance(result, bool) or not isinstance(result, int) or result > OK or result == ERR_IO_PENDING:
            raise TypeError(f"a network delegate answered {result!r}, which is neither OK nor a net error")
        if result != OK:
            self.error_detail = f"the network delegate said {error_name(result)}"
        return result

    def _tell(self, news: Task, result: int) -> int:
        try:
            news()
        except Exception:
            return self._on_bug()
        return result

    def _on_bug(self) -> int:
        traceback.print_exc()
        self.error_detail = "the network delegate raised an exception"
        return ERR_UNEXPECTED

    def _present_request(self) -> DelegatedRequest:
        assert self._request is not None, "nothing is asked of a request that is over"
        return self._request
