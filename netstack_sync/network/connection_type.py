"""ConnectionType: what kind of network the machine is on."""

from __future__ import annotations

from enum import IntEnum


class ConnectionType(IntEnum):
    """Chromium's numbers (net/base/network_change_notifier.h), which logs show."""

    UNKNOWN = 0
    ETHERNET = 1
    WIFI = 2
    CELLULAR_2G = 3
    CELLULAR_3G = 4
    CELLULAR_4G = 5
    NONE = 6
    BLUETOOTH = 7
    CELLULAR_5G = 8
