"""ExchangeDelegate: who may look into an exchange with a server, change it, hold it up and end it."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.loop.completion import Completion
from netstack_sync.wire.http1_response import ResponseHead


class ExchangeDelegate(Protocol):
    """Called on the network thread; asks whoever knows, and lives as long as the request. No method raises.

    OK goes on, an error ends the exchange with it, ERR_IO_PENDING promises one later callback unless the request ends.
    """

    def before_send_headers(self, headers: RequestHeaders, on_done: Completion) -> int:
        """The headers are about to be sent, for the first time or again; they may be changed until it is answered."""

    def headers_received(self, head: ResponseHead, on_done: Completion) -> int:
        """An answer is there, also one that redirects or asks who we are."""

    def take_head(self) -> ResponseHead | None:
        """What that answer is to be taken for; None leaves it as it came."""

    def auth_required(self, head: ResponseHead) -> AuthIdentity | int:
        """The answer asks who we are and nobody has said it: who, an error, or OK to take it as the answer."""
