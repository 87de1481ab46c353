"""How long one attempt to connect to one address may take, from what round trips take at present."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netstack_sync.base.features import TIMEOUT_TCP_CONNECT_ATTEMPT, FeatureList

_MULTIPLIER: Final = "TimeoutTcpConnectAttemptRTTMultiplier"
_MIN: Final = "TimeoutTcpConnectAttemptMin"
_MAX: Final = "TimeoutTcpConnectAttemptMax"


def tcp_attempt_limit(features: FeatureList, transport_rtt: Callable[[], float | None]) -> Callable[[], float | None]:
    """Returns the function to ask at the start of each attempt: its limit in seconds, None for no limit.

    The limit is a multiple of the round trip time within bounds, and the upper bound while that is not known
    (net/socket/tcp_client_socket.cc). `ValueError` if the parameters of the feature leave no such limit.
    """
    if not features.is_enabled(TIMEOUT_TCP_CONNECT_ATTEMPT):
        return _no_limit
    multiplier = features.number(TIMEOUT_TCP_CONNECT_ATTEMPT, _MULTIPLIER)
    min_s = features.seconds(TIMEOUT_TCP_CONNECT_ATTEMPT, _MIN)
    max_s = features.seconds(TIMEOUT_TCP_CONNECT_ATTEMPT, _MAX)
    if multiplier < 0:
        raise ValueError(f"{_MULTIPLIER} is {multiplier:g}; it must not be negative")
    if min_s > max_s:
        raise ValueError(f"{_MIN} ({min_s:g} s) is above {_MAX} ({max_s:g} s)")
    if max_s <= 0:
        raise ValueError(f"{_MAX} is {max_s:g} s; no connection is made in no time")

    def limit() -> float:
        rtt_s = transport_rtt()
        return max_s if rtt_s is None else min(max(multiplier * rtt_s, min_s), max_s)

    return limit


def _no_limit() -> None:
    return None
