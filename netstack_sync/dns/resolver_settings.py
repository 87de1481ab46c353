"""ResolverSettings: what can be chosen about the resolver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from netstack_sync.dns.host_cache import MAX_ENTRIES


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """Chosen once, when the resolver is built; ValueError for what makes no sense."""

    max_parallel: int = 8
    """Lookups that may block a thread at the same time; a hundred times as many may wait."""
    cache_entries: int = MAX_ENTRIES
    """Answers that are kept; 0 for none."""
    stale_while_refreshing: bool = False
    """Give a cached answer whose time is up, or from before a network change, at once, and ask anew meanwhile."""
    max_stale_s: float = 86_400.0
    """How long after its time an answer may be given so; RFC 8767 §5 recommends one to three days."""

    def __post_init__(self) -> None:
        if self.max_parallel < 1:
            raise ValueError(f"max_parallel must be at least 1, not {self.max_parallel!r}: nothing could be looked up")
        if self.cache_entries < 0:
            raise ValueError(f"cache_entries must not be negative, not {self.cache_entries!r}; 0 turns the cache off")
        if not self.max_stale_s >= 0:
            raise ValueError(f"max_stale_s must not be negative, not {self.max_stale_s!r}")


DEFAULT_SETTINGS: Final = ResolverSettings()
