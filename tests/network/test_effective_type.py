"""Effective connection types: thresholds, names, and what is assumed of each kind of network."""

from __future__ import annotations

import pytest

from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.effective_type import PLATFORM_DEFAULTS, EffectiveConnectionType, effective_type_of


@pytest.mark.parametrize(
    "http_rtt_s, label",
    [
        (None, "unknown"),
        (0.0, "4g"),
        (0.271, "4g"),
        (0.272, "3g"),
        (1.419, "3g"),
        (1.420, "2g"),
        (2.009, "2g"),
        (2.010, "slow-2g"),
        (60.0, "slow-2g"),
    ],
)
def test_the_thresholds(http_rtt_s: float | None, label: str) -> None:
    """Row 231 (DefaultHttpRTTBasedThresholds): at the threshold it is the slower one."""
    assert effective_type_of(http_rtt_s).label == label


def test_they_are_ordered_and_named() -> None:
    """Chromium's numbers, from the worst to the best."""
    assert [(kind.value, kind.label) for kind in EffectiveConnectionType] == [
        (0, "unknown"),
        (1, "offline"),
        (2, "slow-2g"),
        (3, "2g"),
        (4, "3g"),
        (5, "4g"),
    ]


def test_something_is_assumed_of_every_network() -> None:
    """Row 231 (DefaultObservations): a time for HTTP that is above that for TCP; of 5G nothing is known."""
    assert set(PLATFORM_DEFAULTS) == set(ConnectionType)
    for kind, typical in PLATFORM_DEFAULTS.items():
        if kind == ConnectionType.CELLULAR_5G:
            assert typical == (None, None, None)
        else:
            assert typical.http_rtt_s is not None and typical.transport_rtt_s is not None
            assert 0 < typical.transport_rtt_s < typical.http_rtt_s
    assert PLATFORM_DEFAULTS[ConnectionType.ETHERNET] == (0.090, 0.033, 1456)
