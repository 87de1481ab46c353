"""EndpointHealthSettings: what a session may be told, checked field by field."""

from __future__ import annotations

import math

import pytest

from netstack_sync.pool.health_settings import EndpointHealthSettings


def test_true_is_the_defaults_and_false_is_nothing() -> None:
    """brpc's values: three time-outs, a probe every 3 s, and no circuit breaker unless asked for."""
    on, off = EndpointHealthSettings.from_value(True), EndpointHealthSettings.from_value(False)
    assert on == EndpointHealthSettings() == EndpointHealthSettings(3, 3.0, False, 3000, 5, 1500, 10, 0.1, 30.0, 0)
    assert off.unreachable_after is None and not off.circuit_breaker
    own = EndpointHealthSettings(circuit_breaker=True)
    assert EndpointHealthSettings.from_value(own) is own


@pytest.mark.parametrize("value", [None, 3, "yes"])
def test_nothing_else_is_taken(value: object) -> None:
    """The error names the argument and what it may be."""
    with pytest.raises(TypeError, match="endpoint_health: must be True, False or EndpointHealthSettings"):
        EndpointHealthSettings.from_value(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 0, 1])
def test_time_outs_may_count_for_nothing(value: int | None) -> None:
    """0 and None switch it off."""
    assert EndpointHealthSettings(unreachable_after=value).unreachable_after == value


@pytest.mark.parametrize(
    "name, value",
    [
        ("unreachable_after", -1),
        ("half_open_window", -1),
        ("long_window", 0),
        ("short_window", 0),
        ("long_window_error_percent", 100),
        ("short_window_error_percent", -1),
        ("probe_interval_s", 0),
        ("probe_interval_s", math.nan),
        ("min_isolation_s", -0.1),
        ("max_isolation_s", math.inf),
    ],
)
def test_values_out_of_range(name: str, value: float) -> None:
    """The error names the field."""
    with pytest.raises(ValueError, match=f"endpoint_health: {name} must be"):
        EndpointHealthSettings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name, value",
    [
        ("circuit_breaker", 1),
        ("circuit_breaker", None),
        ("unreachable_after", True),
        ("long_window", 10.0),
        ("half_open_window", None),
        ("probe_interval_s", "3"),
        ("min_isolation_s", True),
    ],
)
def test_values_of_another_kind(name: str, value: object) -> None:
    """The same with TypeError."""
    with pytest.raises(TypeError, match=f"endpoint_health: {name} must be"):
        EndpointHealthSettings(**{name: value})  # type: ignore[arg-type]


def test_the_longest_isolation_is_not_shorter_than_the_shortest() -> None:
    """Both fields are named; equal is allowed."""
    with pytest.raises(ValueError, match=r"max_isolation_s \(0\.5\) must not be less than min_isolation_s \(1\.0\)"):
        EndpointHealthSettings(min_isolation_s=1.0, max_isolation_s=0.5)
    assert EndpointHealthSettings(min_isolation_s=1.0, max_isolation_s=1.0).max_isolation_s == 1.0
