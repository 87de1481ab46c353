"""How many sockets a session may have."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.fetcher.limits import Limits, check_limits
from netstack_sync.pool.limits import PoolLimits


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "6", None])
@pytest.mark.parametrize("name", ["per_host", "per_proxy", "total"])
def test_bad_limits_are_refused(name: str, value: Any) -> None:
    """Nothing could be fetched with them."""
    kwargs: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"limits: {name} must be a whole number from 1 on"):
        Limits(**kwargs)


def test_limits_that_contradict_each_other_are_refused() -> None:
    """The message says which, and what to do."""
    with pytest.raises(ValueError, match=r"total \(5\) is less than per_host \(6\).*raise total or lower per_host"):
        Limits(total=5)


def test_the_defaults_are_chromiums() -> None:
    """Row 41: 6, 32 and 256."""
    assert check_limits(None) == Limits(per_host=6, per_proxy=32, total=256)
    assert Limits(per_host=1, total=2).for_pool() == PoolLimits(per_group=1, total=2)


def test_only_limits_are_limits() -> None:
    """A number alone would not say which."""
    limits = Limits(per_host=1, total=2)
    assert check_limits(limits) is limits
    with pytest.raises(TypeError, match="limits: must be a Limits, not int"):
        check_limits(6)
