"""TransactionObserver: whoever a transaction tells how far it is."""

from __future__ import annotations

from typing import Protocol


class TransactionObserver(Protocol):
    """Whoever limits the phases of a request in time."""

    def on_connected(self) -> None:
        """A connection is there; the request is about to be sent."""

    def on_reconnect(self) -> None:
        """The exchange needs another connection: after a challenge, or since the one it had was dead."""

    def on_request_sent(self) -> None:
        """The last byte of the request has left."""
