"""NetworkQuality: what is known of the network outside, at one moment."""

from __future__ import annotations

from typing import Final, NamedTuple

CONNECTION_LABELS: Final = ("unknown", "ethernet", "wifi", "2g", "3g", "4g", "none", "bluetooth", "5g")
"""The names for people, by the number of the ConnectionType."""


class NetworkQuality(NamedTuple):
    """A snapshot. Before anything has been measured it tells what networks of this kind are usually like."""

    effective_type: str
    """What the network feels like: "unknown", "offline", "slow-2g", "2g", "3g" or "4g"."""
    http_rtt: float | None
    """Seconds from a request to the headers of its answer; the recent median. None when offline or unknown."""
    transport_rtt: float | None
    """Seconds of a round trip over TCP."""
    downstream_kbps: float | None
    """Kilobits that come in per second."""
    connection_type: str
    """What the network is made of: one of CONNECTION_LABELS; "none" when offline."""
    http_rtt_samples: int
    """How many measurements `http_rtt` is made from; with 0 it is a guess."""
    transport_rtt_samples: int
    """The same of `transport_rtt`."""
    downstream_samples: int
    """The same of `downstream_kbps`."""
