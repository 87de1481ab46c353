"""The observation buffer: bounded, and its percentiles weigh the young more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.network.observations import HALF_LIFE_S, MAX_OBSERVATIONS, ObservationBuffer


def _buffer(*samples: tuple[float, float]) -> ObservationBuffer:
    buffer = ObservationBuffer()
    for value, now in samples:
        buffer.add(value, now)
    return buffer


def test_the_oldest_makes_room() -> None:
    """Row 231 (BoundedBuffer): 300 samples."""
    buffer = _buffer((0.0, 0.0))
    for value in range(1, MAX_OBSERVATIONS):
        buffer.add(value, 0.0)
    assert len(buffer) == MAX_OBSERVATIONS and buffer.percentile(0) == 0.0
    buffer.add(1000.0, 0.0)
    assert len(buffer) == MAX_OBSERVATIONS
    assert buffer.percentile(0) == 1.0 and buffer.percentile(100) == 1000.0
    assert repr(buffer) == "<ObservationBuffer 300 samples>"


@pytest.mark.parametrize("percent, value", [(0, 1.0), (1, 1.0), (50, 50.0), (90, 90.0), (100, 100.0)])
def test_samples_of_one_moment_weigh_the_same(percent: int, value: float) -> None:
    """Row 231 (PercentileSameTimestamps): whatever the order they come in."""
    samples = [(float(number), 7.25) for number in range(1, 101)]
    assert _buffer(*samples).percentile(percent) == value
    assert _buffer(*reversed(samples)).percentile(percent) == value


def test_the_young_weigh_more() -> None:
    """Row 231 (PercentileDifferentTimestamps): of fifty high and fifty later low ones the median is a low one."""
    old_high = [(1000.0 + number, 0.0) for number in range(50)]
    young_low = [(1.0 + number, float(HALF_LIFE_S)) for number in range(50)]
    median = _buffer(*old_high, *young_low).percentile(50)
    # 50 x 1 + 50 x 0.5 = 75 of weight, half of it are the first 38 low ones.
    assert median == 38.0


@pytest.mark.parametrize("age_s, value", [(59.0, 10.0), (60.9, 10.0), (61.0, 20.0)])
def test_age_counts_in_whole_seconds(age_s: float, value: float) -> None:
    """Row 231 (GetPercentileWithWeights): one new sample weighs as much as two that are a half-life old."""
    assert _buffer((10.0, 0.0), (10.0, 0.0), (20.0, age_s)).percentile(50) == value


def test_a_long_pause_leaves_the_latest_sample() -> None:
    """Weights that have shrunk to nothing do no harm."""
    buffer = _buffer((1.0, 0.0), (9.0, 1e7))
    assert buffer.percentile(0.001) == 9.0 and buffer.percentile(50) == 9.0


def test_without_samples_the_assumption_is_the_answer() -> None:
    """Row 231 (DefaultObservations): the first sample replaces it."""
    buffer = ObservationBuffer()
    assert buffer.percentile(50) is None
    buffer.reset(115.0)
    assert len(buffer) == 0 and buffer.percentile(50) == 115.0
    buffer.add(500.0, 0.0)
    assert len(buffer) == 1 and buffer.percentile(50) == 500.0


def test_a_reset_forgets_all_samples() -> None:
    """Row 231 (RemoveObservations): of the network before; the new assumption holds."""
    buffer = _buffer((500.0, 0.0))
    buffer.reset(90.0)
    assert len(buffer) == 0 and buffer.percentile(50) == 90.0
    buffer.reset(None)
    assert buffer.percentile(50) is None


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=50),
    st.lists(st.floats(0, 100), min_size=2, max_size=5),
)
def test_percentiles_are_samples_in_order(samples: list[tuple[float, float]], percents: list[float]) -> None:
    """A percentile is one of the samples, and a higher one is not below."""
    ordered = sorted(samples, key=lambda sample: sample[1])
    buffer = _buffer(*ordered)
    found = [buffer.percentile(percent) for percent in sorted(percents)]
    values = [value for value in found if value is not None]
    assert len(values) == len(found) and set(values) <= {value for value, _ in samples}
    assert values == sorted(values)
