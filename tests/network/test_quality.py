"""NetworkQuality is a plain value."""

from __future__ import annotations

import pytest

from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.quality import CONNECTION_LABELS, NetworkQuality


def test_it_is_frozen() -> None:
    """A snapshot does not change, and equal ones are equal."""
    quality = NetworkQuality("4g", 0.1, 0.05, 1000.0, "wifi", 1, 2, 3)
    assert quality == NetworkQuality("4g", 0.1, 0.05, 1000.0, "wifi", 1, 2, 3)
    with pytest.raises(AttributeError):
        quality.http_rtt = 1.0  # type: ignore[misc]


def test_every_kind_of_network_has_a_name() -> None:
    """By its number."""
    assert len(CONNECTION_LABELS) == len(ConnectionType)
    assert CONNECTION_LABELS[ConnectionType.NONE] == "none"
    assert CONNECTION_LABELS[ConnectionType.ETHERNET] == "ethernet"
