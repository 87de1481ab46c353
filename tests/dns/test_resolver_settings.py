"""The resolver's settings make sense or do not exist."""

from __future__ import annotations

import pytest

from netstack_sync.dns.resolver_settings import DEFAULT_SETTINGS, ResolverSettings


def test_the_defaults() -> None:
    """Eight lookups at a time, a thousand answers, nothing stale."""
    assert ResolverSettings(8, 1000, False, 86_400.0) == DEFAULT_SETTINGS


@pytest.mark.parametrize(
    "name, value", [("max_parallel", 0), ("cache_entries", -1), ("max_stale_s", -1.0), ("max_stale_s", float("nan"))]
)
def test_what_makes_no_sense(name: str, value: float) -> None:
    """Is refused by name."""
    with pytest.raises(ValueError, match=name):
        ResolverSettings(**{name: value})  # type: ignore[arg-type]


def test_the_least_that_is_allowed() -> None:
    """One lookup at a time, and no memory."""
    assert ResolverSettings(max_parallel=1, cache_entries=0, max_stale_s=0.0).max_parallel == 1
