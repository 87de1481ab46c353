"""What a timeout may be."""

from __future__ import annotations

import math
from typing import Any

import pytest

from netstack_sync import Timeout


@pytest.mark.parametrize("limit", [0, -1, -0.5, math.nan, 0.0, 10**400])
@pytest.mark.parametrize("name", ["total", "connect", "read", "pool"])
def test_a_limit_that_is_not_positive_is_refused(name: str, limit: float) -> None:
    """Row: negative timeout. The message names the argument and its part."""
    kwargs: dict[str, Any] = {name: limit}
    with pytest.raises(ValueError, match=f"timeout: {name} must be more than 0"):
        Timeout(**kwargs)


@pytest.mark.parametrize("value", ["5", True, [1, 2], object()])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="timeout: total must be a number"):
        Timeout.from_value(value)


def test_the_forms_of_requests_and_httpx() -> None:
    """A number is the total, a pair is (connect, read), None is no limit."""
    assert Timeout.from_value(5) == Timeout(total=5)
    assert Timeout.from_value((3, None)) == Timeout(connect=3, read=None, pool=3)
    assert Timeout.from_value(None) == Timeout()
    own = Timeout(total=1, pool=2)
    assert Timeout.from_value(own) is own
    assert Timeout.from_value(math.inf).total == math.inf


def test_a_pair_limits_the_wait_for_a_slot_like_connecting() -> None:
    """Nothing a pair is given for may wait for ever."""
    assert Timeout.from_value((3.0, 5.0)) == Timeout(connect=3.0, read=5.0, pool=3.0)


def test_a_tuple_of_another_length_is_refused() -> None:
    triple: Any = (1, 2, 3)
    with pytest.raises(ValueError, match=r"timeout: a tuple must be \(connect, read\)"):
        Timeout.from_value(triple)
