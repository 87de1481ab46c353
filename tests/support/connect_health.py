"""A ConnectHealth that thinks what the test says and remembers what it is told."""

from __future__ import annotations

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint


class RecordingHealth:
    """See ConnectHealth; everything is usable but `avoided`."""

    def __init__(self) -> None:
        self.avoided: set[IPEndPoint] = set()
        self.reports: list[tuple[IPEndPoint, int]] = []

    def usable(self, addresses: AddressList) -> AddressList:
        """See ConnectHealth."""
        return tuple(endpoint for endpoint in addresses if endpoint not in self.avoided)

    def why_unusable(self, addresses: AddressList) -> str:
        """See ConnectHealth."""
        return ", ".join(str(endpoint) for endpoint in addresses if endpoint in self.avoided) + " did not answer"

    def note_connect(self, endpoint: IPEndPoint, result: int) -> None:
        """See ConnectHealth."""
        self.reports.append((endpoint, result))
