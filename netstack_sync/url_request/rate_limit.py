"""RateLimit and RateLimits: how often a host may be asked, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from netstack_sync.base.url_host import canonical_host

_ANY_HOST = "*"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests a second in the long run, and up to `burst` at once after a pause. Raises ValueError."""

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        rate, burst = self.per_second, self.burst
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < float("inf"):
            raise ValueError(f"rate_limit: must be more than 0 requests a second, not {rate!r}; use None for no limit")
        if isinstance(burst, bool) or not isinstance(burst, int) or burst < 1:
            raise ValueError(f"rate_limit: burst must be a whole number from 1 on, not {burst!r}")


RateLimitArgument: TypeAlias = "RateLimit | float | Mapping[str, RateLimit | float | None] | None"


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limit of each host; None is no limit."""

    hosts: Mapping[str, RateLimit | None]
    others: RateLimit | None

    @classmethod
    def from_value(cls, value: RateLimitArgument) -> RateLimits | None:
        """A RateLimit or a number a second is for every host by itself; a mapping has one for each name, and "*"
        for all others. Raises ValueError and TypeError.
        """
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return cls({}, _limit(value))
        limits = {_host(host): _limit(limit) for host, limit in value.items()}
        return cls(limits, limits.pop(_ANY_HOST, None))

    def of(self, host: str) -> RateLimit | None:
        """That of a host as a URL has it: small letters, punycode."""
        return self.hosts.get(host, self.others)


def _limit(value: RateLimit | float | None) -> RateLimit | None:
    if value is None or isinstance(value, RateLimit):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"rate_limit: pass requests a second, a RateLimit or a mapping of hosts, not {value!r}")
    return RateLimit(value)


def _host(name: object) -> str:
    if name == _ANY_HOST:
        return _ANY_HOST
    try:
        if isinstance(name, str) and name:
            return canonical_host(name).strip("[]")
    except ValueError:
        pass
    raise ValueError(f"rate_limit: {name!r} is no name of a host, such as 'api.example' or '*'")
