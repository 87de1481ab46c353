"""An ExchangeDelegate that answers what the test says, at once or when it is released."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import OK
from netstack_sync.loop.completion import Completion
from netstack_sync.wire.http1_response import ResponseHead


class ScriptedExchangeDelegate:
    """`result` is what both questions that may wait are answered with."""

    def __init__(self, result: int = OK) -> None:
        self.result = result
        self.change: Callable[[RequestHeaders], None] = lambda _: None
        self.head: ResponseHead | None = None
        """What answers are to be taken for."""
        self.identity: AuthIdentity | int = OK
        self.seen: list[list[tuple[str, str]]] = []
        self.statuses: list[int] = []
        self.asked = 0
        self.on_done: Completion = lambda _: None

    def before_send_headers(self, headers: RequestHeaders, on_done: Completion) -> int:
        """See ExchangeDelegate."""
        self.seen.append(headers.items())
        self.change(headers)
        self.on_done = on_done
        return self.result

    def headers_received(self, head: ResponseHead, on_done: Completion) -> int:
        """See ExchangeDelegate."""
        self.statuses.append(head.status)
        self.on_done = on_done
        return self.result

    def take_head(self) -> ResponseHead | None:
        """See ExchangeDelegate."""
        return self.head

    def auth_required(self, head: ResponseHead) -> AuthIdentity | int:
        """See ExchangeDelegate."""
        self.asked += 1
        return self.identity
