"""The limit of one connection attempt follows the round trip time, within bounds."""

from __future__ import annotations

import pytest

from netstack_sync.base.features import FeatureList
from netstack_sync.network.connect_timeout import tcp_attempt_limit

NAME = "TimeoutTcpConnectAttempt"
ON = FeatureList.from_text(NAME)


def _never() -> float | None:
    raise AssertionError("not asked for")


def _limit(features: FeatureList, rtt_s: float | None) -> float | None:
    return tcp_attempt_limit(features, lambda: rtt_s)()


def test_there_is_no_limit_by_default() -> None:
    """Row 107 (NoConnectAttemptTimeoutByDefault): and nobody asks for the round trip time."""
    assert tcp_attempt_limit(FeatureList(), _never)() is None
    assert tcp_attempt_limit(FeatureList.from_text("", NAME), _never)() is None


def test_without_a_round_trip_time_the_maximum_holds() -> None:
    """Row 107 (UsesMaxWhenNoRTT)."""
    assert _limit(ON, None) == 30.0


@pytest.mark.parametrize(
    "rtt_s, limit_s",
    [(0.0, 8.0), (0.1, 8.0), (1.6, 8.0), (2.0, 10.0), (5.9, 29.5), (6.0, 30.0), (60.0, 30.0)],
)
def test_the_limit_is_a_multiple_within_bounds(rtt_s: float, limit_s: float) -> None:
    """Row 107 (UsesMinWhenRTTLow, ...WhenRTTHigh, UsesRTT): five round trips, 8 s at least, 30 s at most."""
    assert _limit(ON, rtt_s) == pytest.approx(limit_s)


def test_the_round_trip_time_of_the_moment_counts() -> None:
    """Row 107 (ConnectAttemptTimeoutIndependent): each attempt asks anew."""
    rtts = iter([2.0, 3.0])
    limit = tcp_attempt_limit(ON, lambda: next(rtts))
    assert [limit(), limit()] == [10.0, 15.0]


def test_everything_can_be_tuned() -> None:
    """The example of the command line: two round trips, 3 to 5 s."""
    features = FeatureList.from_text(f"{NAME}:{NAME}RTTMultiplier/2.0/{NAME}Min/3s/{NAME}Max/5s")
    assert [_limit(features, rtt_s) for rtt_s in (1.0, 2.0, 9.0)] == [3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    "params, complaint",
    [
        ({f"{NAME}Min": 31}, f"{NAME}Min \\(31 s\\) is above {NAME}Max \\(30 s\\)"),
        ({f"{NAME}Min": 0, f"{NAME}Max": 0}, f"{NAME}Max is 0 s"),
        ({f"{NAME}RTTMultiplier": -1}, f"{NAME}RTTMultiplier is -1"),
    ],
)
def test_parameters_that_leave_no_limit_are_refused(params: dict[str, object], complaint: str) -> None:
    """When the function is made, not when a connection is."""
    with pytest.raises(ValueError, match=complaint):
        tcp_attempt_limit(FeatureList.from_value({NAME: params}), _never)


def test_equal_bounds_are_a_fixed_limit() -> None:
    """The round trip time plays no part."""
    features = FeatureList.from_value({NAME: {f"{NAME}Min": 4, f"{NAME}Max": 4}})
    assert [_limit(features, rtt_s) for rtt_s in (None, 0.1, 10.0)] == [4.0, 4.0, 4.0]
