"""URLRequestDelegate: whoever a URLRequest reports to."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.url_request.redirects import RedirectInfo


class URLRequestDelegate(Protocol):
    """Called on the network thread (net/url_request/url_request.h). Of its methods only on_connected() and
    on_request_sent() may come from inside start(). Every method may cancel the request.
    """

    def on_received_redirect(self, redirect: RedirectInfo) -> bool:
        """True to follow; False takes the redirect itself as the response."""

    def on_response_started(self, net_error: int) -> None:
        """The head of the final response is there, or the request failed."""

    def on_read_completed(self, data: bytes | int) -> None:
        """A read() that was pending brought a piece, b"" at the end, or an error."""

    def on_connected(self) -> None:
        """A connection is there; again after each redirect."""

    def on_request_sent(self) -> None:
        """The last byte of a request has left; again after each redirect."""
