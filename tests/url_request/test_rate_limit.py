"""Rate limits as values."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync import RateLimit
from netstack_sync.url_request.rate_limit import RateLimits


def test_no_limit() -> None:
    assert RateLimits.from_value(None) is None


@pytest.mark.parametrize("value", [2, 2.0, RateLimit(2)])
def test_one_limit_is_for_every_host_by_itself(value: Any) -> None:
    limits = RateLimits.from_value(value)
    assert limits is not None
    assert limits.of("a.test") == limits.of("b.test") == RateLimit(2, burst=1)


def test_each_host_may_have_its_own() -> None:
    """A star stands for all others, None for no limit; names are spelt as in a URL."""
    limits = RateLimits.from_value({"A.test": RateLimit(1, 5), "free.test": None, "b\u00fccher.test": 3, "*": 2})
    assert limits is not None
    assert limits.of("a.test") == RateLimit(1, 5)
    assert limits.of("xn--bcher-kva.test") == RateLimit(3)
    assert limits.of("free.test") is None
    assert limits.of("other.test") == RateLimit(2)
    only = RateLimits.from_value({"a.test": 1, "[::1]": 4})
    assert only is not None and only.of("b.test") is None and only.of("::1") == RateLimit(4)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), True, "5"])
def test_a_rate_must_let_something_through(rate: Any) -> None:
    with pytest.raises(ValueError, match="rate_limit: must be more than 0"):
        RateLimit(rate)


@pytest.mark.parametrize("burst", [0, -1, 1.5, True])
def test_a_burst_is_a_number_of_requests(burst: Any) -> None:
    with pytest.raises(ValueError, match="rate_limit: burst"):
        RateLimit(1, burst)


@pytest.mark.parametrize("value", ["5", True, [5], {"a.test": "5"}])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="rate_limit: pass requests a second"):
        RateLimits.from_value(value)


@pytest.mark.parametrize("name", ["", "http://a.test", "a.test/x", "a b", 5, "a.test:80"])
def test_what_is_no_host_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match=r"rate_limit: .* is no name of a host"):
        RateLimits.from_value({name: 1})
