"""ResolverSettings: what can be chosen about the resolver."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.value import Value
from netstack_sync.dns.host_cache import MAX_ENTRIES


class ResolverSettings(Value):
    """Chosen once, when the resolver is built; ValueError for what makes no sense."""

    __slots__ = ("max_parallel", "cache_entries", "stale_while_refreshing", "max_stale_s")

    def __init__(
        self,
        max_parallel: int = 8,
        cache_entries: int = MAX_ENTRIES,
        stale_while_refreshing: bool = False,
        max_stale_s: float = 86_400.0,
    ) -> None:
        if max_parallel < 1:
            raise ValueError(f"max_parallel must be at least 1, not {max_parallel!r}: nothing could be looked up")
        if cache_entries < 0:
            raise ValueError(f"cache_entries must not be negative, not {cache_entries!r}; 0 turns the cache off")
        if not max_stale_s >= 0:
            raise ValueError(f"max_stale_s must not be negative, not {max_stale_s!r}")
        self.max_parallel: Final = max_parallel
        """Lookups that may block a thread at the same time; a hundred times as many may wait."""
        self.cache_entries: Final = cache_entries
        """Answers that are kept; 0 for none."""
        self.stale_while_refreshing: Final = stale_while_refreshing
        """Give a cached answer whose time is up, or from before a network change, at once, and ask anew meanwhile."""
        self.max_stale_s: Final = max_stale_s
        """How long after its time an answer may be given so; RFC 8767 §5 recommends one to three days."""


DEFAULT_SETTINGS: Final = ResolverSettings()
