"""ConnectHealth: what connect jobs ask about addresses, and what they report of them."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint


class ConnectHealth(Protocol):
    """Knows which endpoints are not worth trying. Network thread only; never calls back."""

    def usable(self, addresses: AddressList) -> AddressList:
        """Those that may be tried, in their order; may be empty."""

    def why_unusable(self, addresses: AddressList) -> str:
        """In words, for error_detail; asked when none is usable."""

    def note_connect(self, endpoint: IPEndPoint, result: int) -> None:
        """An attempt has ended with OK or an error; every attempt is reported once."""
