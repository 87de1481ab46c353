"""The host cache: answers while they are fresh, bounded in number."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.dns.host_cache import MAX_ENTRIES, SUCCESS_TTL_S, HostCache

FIRST = (IPEndPoint("192.0.2.1", 0, socket.AF_INET),)
SECOND = (IPEndPoint("192.0.2.2", 0, socket.AF_INET),)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def cache(clock: ManualClock) -> HostCache:
    return HostCache(clock)


def test_an_answer_is_kept_for_its_time(cache: HostCache, clock: ManualClock) -> None:
    """Row 143 (Basic): a minute; at its end it is gone."""
    assert cache.lookup("a.test") is None
    cache.store("a.test", FIRST)
    cache.store("b.test", SECOND)
    clock.advance(SUCCESS_TTL_S - 0.001)
    assert cache.lookup("a.test") == FIRST and cache.lookup("b.test") == SECOND
    clock.advance(0.001)
    assert len(cache) == 2
    assert cache.lookup("a.test") is None and len(cache) == 1


def test_storing_again_replaces_and_prolongs(cache: HostCache, clock: ManualClock) -> None:
    """Row 143 (Basic): the new answer has its own time."""
    cache.store("a.test", FIRST, ttl_s=10.0)
    clock.advance(9.0)
    cache.store("a.test", SECOND, ttl_s=10.0)
    clock.advance(9.0)
    assert cache.lookup("a.test") == SECOND and len(cache) == 1


@pytest.mark.parametrize("ttl_s", [0.0, -1.0])
def test_an_answer_without_time_is_not_kept(cache: HostCache, ttl_s: float) -> None:
    """Row 143 (NoCacheZeroTTL): and it replaces the one before."""
    cache.store("a.test", FIRST)
    cache.store("a.test", SECOND, ttl_s)
    assert cache.lookup("a.test") is None and len(cache) == 0


def test_the_oldest_goes_when_it_is_full(clock: ManualClock) -> None:
    """Row 143 (Evict): one stored again counts as young."""
    cache = HostCache(clock, max_entries=2)
    cache.store("a.test", FIRST)
    cache.store("b.test", FIRST)
    cache.store("a.test", SECOND)
    cache.store("c.test", FIRST)
    assert len(cache) == 2
    assert cache.lookup("b.test") is None
    assert cache.lookup("a.test") == SECOND and cache.lookup("c.test") == FIRST


def test_it_does_not_grow_without_bound(cache: HostCache) -> None:
    """Row 143 (Evict): the default limit is Chromium's."""
    for number in range(MAX_ENTRIES + 10):
        cache.store(f"{number}.test", FIRST)
    assert len(cache) == MAX_ENTRIES == 1000


def test_a_cache_of_nothing(clock: ManualClock) -> None:
    """A limit of 0 keeps nothing, and breaks nothing."""
    cache = HostCache(clock, max_entries=0)
    cache.store("a.test", FIRST)
    assert cache.lookup("a.test") is None and len(cache) == 0


def test_clear(cache: HostCache) -> None:
    """Row 143 (Clear)."""
    cache.store("a.test", FIRST)
    cache.clear()
    assert cache.lookup("a.test") is None and len(cache) == 0
