"""FetchNews: who passes on what the functions of a request want to hear."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.wire.http1_response import ResponseHead


class FetchNews(Protocol):
    """Told on the network thread what the request's functions want to hear; must not block."""

    def on_interim(self, head: ResponseHead) -> None:
        """A 1xx response has come."""

    def on_upload_progress(self, sent_bytes: int, total: int | None) -> None:
        """So much of the body has been sent; see ProgressPace."""
