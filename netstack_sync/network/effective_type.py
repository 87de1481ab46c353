"""EffectiveConnectionType: what a network feels like, whatever it is made of; and what to expect of each kind.

The numbers are Chromium's (net/nqe/network_quality_estimator_params.cc), from measurements of its users.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from netstack_sync.network.connection_type import ConnectionType


class EffectiveConnectionType(IntEnum):
    """From the worst to the best; Chromium's numbers, which logs show."""

    UNKNOWN = 0
    OFFLINE = 1
    SLOW_2G = 2
    TYPE_2G = 3
    TYPE_3G = 4
    TYPE_4G = 5

    @property
    def label(self) -> str:
        """The name for people: "unknown", "offline", "slow-2g", "2g", "3g", "4g"."""
        return _LABELS[self]


_LABELS: Final = ("unknown", "offline", "slow-2g", "2g", "3g", "4g")

_SLOWEST_FIRST: Final = (
    (2.010, EffectiveConnectionType.SLOW_2G),
    (1.420, EffectiveConnectionType.TYPE_2G),
    (0.272, EffectiveConnectionType.TYPE_3G),
)


def effective_type_of(http_rtt_s: float | None) -> EffectiveConnectionType:
    """What a network with this time from request to headers is like; UNKNOWN for None."""
    if http_rtt_s is None:
        return EffectiveConnectionType.UNKNOWN
    for threshold_s, kind in _SLOWEST_FIRST:
        if http_rtt_s >= threshold_s:
            return kind
    return EffectiveConnectionType.TYPE_4G


class TypicalQuality(NamedTuple):
    """What a network is usually like; None for not known."""

    http_rtt_s: float | None
    transport_rtt_s: float | None
    downstream_kbps: float | None


PLATFORM_DEFAULTS: Final[dict[ConnectionType, TypicalQuality]] = {
    ConnectionType.UNKNOWN: TypicalQuality(0.115, 0.055, 1961),
    ConnectionType.ETHERNET: TypicalQuality(0.090, 0.033, 1456),
    ConnectionType.WIFI: TypicalQuality(0.116, 0.066, 2658),
    ConnectionType.CELLULAR_2G: TypicalQuality(1.726, 1.531, 74),
    ConnectionType.CELLULAR_3G: TypicalQuality(0.273, 0.209, 749),
    ConnectionType.CELLULAR_4G: TypicalQuality(0.137, 0.080, 1708),
    ConnectionType.NONE: TypicalQuality(0.163, 0.083, 575),
    ConnectionType.BLUETOOTH: TypicalQuality(0.385, 0.318, 476),
    ConnectionType.CELLULAR_5G: TypicalQuality(None, None, None),
}
"""What is assumed of a network before anything has been measured."""
