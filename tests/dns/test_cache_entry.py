"""What the host cache holds."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.dns.cache_entry import CacheEntry, HostCacheKey
from netstack_sync.dns.resolve_answer import ResolveAnswer


def test_an_entry_tells_its_name_and_its_end() -> None:
    """In one line; it is alive and unused at first."""
    entry = CacheEntry(HostCacheKey("a.test", 0), ResolveAnswer(OK), 12.5, 3)
    assert repr(entry) == "<CacheEntry a.test until 12.5 s>"
    assert entry.is_alive and entry.stale_hits == 0 and entry.network_changes == 3


def test_equal_questions_are_one() -> None:
    """No partition and not secure unless said so."""
    assert HostCacheKey("a.test", 0) == HostCacheKey("a.test", 0, None, False)
