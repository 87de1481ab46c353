"""URLRequestDelegate: whoever a URLRequest reports to."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from netstack_sync.url_request.redirects import RedirectInfo


class RedirectAction(Enum):
    """What becomes of a redirect."""

    FOLLOW = auto()
    STOP = auto()  # the redirect itself is the response, with its body
    DEFER = auto()  # the request waits for follow_deferred_redirect(), which may change headers, or cancel()


class URLRequestDelegate(Protocol):
    """Called on the network thread, never from inside start() (net/url_request/url_request.h). Every method may cancel
    the request.
    """

    def on_received_redirect(self, redirect: RedirectInfo) -> RedirectAction:
        """What to do; with DEFER the request may be followed from inside already."""

    def on_invalid_redirect(self, net_error: int) -> int:
        """A redirect leads where nobody may be sent: the error, or OK to take it as the response."""

    def on_response_started(self, net_error: int) -> None:
        """The head of the final response is there, or the request failed."""

    def on_read_completed(self, data: bytes | int) -> None:
        """A read() that was pending brought a piece, b"" at the end, or an error."""
