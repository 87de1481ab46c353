"""ConnectionType: Chromium's numbers."""

from __future__ import annotations

from netstack_sync.network.connection_type import ConnectionType


def test_numbers() -> None:
    """Those of network_change_notifier.h, which logs show."""
    names = ("UNKNOWN", "ETHERNET", "WIFI", "CELLULAR_2G", "CELLULAR_3G", "CELLULAR_4G", "NONE", "BLUETOOTH")
    assert [ConnectionType(number).name for number in range(9)] == [*names, "CELLULAR_5G"]
