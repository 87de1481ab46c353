"""The host cache: answers while they are fresh, stale ones for those who take them, bounded in number."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.clock import ManualClock, ManualWallClock
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.dns.cache_entry import HostCacheKey
from netstack_sync.dns.host_cache import MAX_ENTRIES, HostCache
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer

TTL_S = 60.0


def key(host: str, family: int = 0, partition: str | None = None, is_secure: bool = False) -> HostCacheKey:
    return HostCacheKey(host, family, partition, is_secure)


def answer(address: str = "192.0.2.1", ttl_s: float | None = TTL_S) -> ResolveAnswer:
    return ResolveAnswer(OK, (IPEndPoint(address, 0, socket.AF_INET),), ttl_s=ttl_s)


FIRST, SECOND = answer("192.0.2.1"), answer("192.0.2.2")
FAILURE = ResolveAnswer(ERR_NAME_NOT_RESOLVED, ttl_s=TTL_S, detail="no such name")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


@pytest.fixture
def cache(clock: ManualClock) -> HostCache:
    return HostCache(clock)


def found(cache: HostCache, cache_key: HostCacheKey) -> ResolveAnswer | None:
    hit = cache.lookup(cache_key)
    return None if hit is None else hit.answer


def hosts_of(cache: HostCache) -> list[object]:
    return [value["host"] for value in cache.to_list(ManualWallClock())]


def test_an_answer_is_kept_for_its_time(cache: HostCache, clock: ManualClock) -> None:
    """Row 143 (Basic): at its end it is no longer given out as fresh."""
    assert cache.lookup(key("a.test")) is None
    cache.store(key("a.test"), FIRST)
    clock.advance(TTL_S - 1)
    cache.store(key("b.test"), SECOND)
    assert found(cache, key("a.test")) == FIRST and found(cache, key("b.test")) == SECOND
    clock.advance(1)
    assert found(cache, key("a.test")) is None and found(cache, key("b.test")) == SECOND
    assert len(cache) == 2


def test_what_the_cache_gives_is_marked_and_has_the_time_that_is_left(cache: HostCache, clock: ManualClock) -> None:
    """Nothing else of the answer changes."""
    cache.store(key("a.test"), FIRST)
    clock.advance(20)
    hit = cache.lookup(key("a.test"))
    assert hit is not None and not hit.staleness.is_stale and hit.staleness.expired_by_s == -40
    assert hit.as_answer() == ResolveAnswer(OK, FIRST.addresses, AnswerSource.CACHE, 40.0)
    clock.advance(50)
    stale = cache.lookup_stale([key("a.test")])
    assert stale is not None and stale.as_answer().ttl_s == 0


def test_storing_again_replaces_and_prolongs(cache: HostCache, clock: ManualClock) -> None:
    """Row 143 (Basic): the new answer has its own time."""
    cache.store(key("a.test"), FIRST)
    clock.advance(TTL_S - 1)
    cache.store(key("a.test"), SECOND)
    clock.advance(TTL_S - 1)
    assert found(cache, key("a.test")) == SECOND and len(cache) == 1


@pytest.mark.parametrize("ttl_s", [0.0, -1.0, None])
def test_an_answer_without_time_is_not_kept(cache: HostCache, ttl_s: float | None) -> None:
    """Row 143 (NoCacheZeroTTL): and the one before is not true any more."""
    cache.store(key("a.test"), FIRST)
    cache.store(key("a.test"), answer("192.0.2.2", ttl_s))
    assert found(cache, key("a.test")) is None and len(cache) == 0


def test_a_failure_may_be_kept(cache: HostCache, clock: ManualClock) -> None:
    """Row 143 (CacheNegativeEntry): for its time; nobody takes it when it is stale."""
    cache.store(key("a.test"), FAILURE)
    assert found(cache, key("a.test")) == FAILURE
    clock.advance(TTL_S)
    assert found(cache, key("a.test")) is None and cache.lookup_stale([key("a.test")]) is None


def test_a_failure_without_time_leaves_what_was_there(cache: HostCache) -> None:
    """Row 143 (CacheNegativeEntry): the answer may still be of use, for those who take stale ones."""
    cache.store(key("a.test"), FIRST)
    cache.store(key("a.test"), ResolveAnswer(ERR_NAME_NOT_RESOLVED))
    assert found(cache, key("a.test")) == FIRST


@pytest.mark.parametrize(
    "other",
    [
        key("b.test"),
        key("a.test", socket.AF_INET),
        key("a.test", partition="site"),
        key("a.test", is_secure=True),
    ],
)
def test_everything_that_changes_the_answer_is_part_of_the_key(cache: HostCache, other: HostCacheKey) -> None:
    """Row 143 (*IsPartOfKey): name, family, partition, and whether the answer came safely."""
    cache.store(key("a.test"), FIRST)
    assert found(cache, other) is None
    cache.store(other, SECOND)
    assert found(cache, key("a.test")) == FIRST and found(cache, other) == SECOND


def test_the_one_that_expires_first_goes_when_it_is_full(clock: ManualClock) -> None:
    """Row 143 (Evict): whenever it came; replacing an entry needs no place."""
    cache = HostCache(clock, max_entries=2)
    cache.store(key("long.test"), answer(ttl_s=50))
    cache.store(key("short.test"), answer(ttl_s=20))
    cache.store(key("short.test"), answer(ttl_s=30))
    assert len(cache) == 2
    cache.store(key("new.test"), answer(ttl_s=10))
    assert hosts_of(cache) == ["long.test", "new.test"]


def test_it_does_not_grow_without_bound(cache: HostCache) -> None:
    """Row 143 (Evict): the default limit is Chromium's."""
    for number in range(MAX_ENTRIES + 10):
        cache.store(key(f"{number}.test"), FIRST)
    assert len(cache) == MAX_ENTRIES == 1000


def test_a_cache_of_nothing(clock: ManualClock) -> None:
    """A limit of 0 keeps nothing, and breaks nothing."""
    cache = HostCache(clock, max_entries=0)
    cache.store(key("a.test"), FIRST)
    assert found(cache, key("a.test")) is None and len(cache) == 0


def test_a_network_change_makes_everything_stale(cache: HostCache, clock: ManualClock) -> None:
    """Row 143 (Stale): but does not forget it; what comes afterwards is fresh."""
    cache.store(key("a.test"), FIRST)
    cache.invalidate()
    cache.invalidate()
    cache.store(key("b.test"), SECOND)
    assert found(cache, key("a.test")) is None and found(cache, key("b.test")) == SECOND
    clock.advance(TTL_S + 5)
    for uses in (1, 2):
        hit = cache.lookup_stale([key("a.test")])
        assert hit is not None and hit.answer == FIRST and hit.staleness.is_stale
        assert (hit.staleness.expired_by_s, hit.staleness.network_changes, hit.staleness.stale_hits) == (5, 2, uses)


def test_a_fresh_answer_is_no_stale_hit(cache: HostCache) -> None:
    """Row 143 (Stale): also for those who would take a stale one."""
    assert cache.lookup_stale([key("a.test")]) is None
    cache.store(key("a.test"), FIRST)
    hit = cache.lookup_stale([key("a.test")])
    assert hit is not None and not hit.staleness.is_stale and hit.staleness.stale_hits == 0


def test_an_answer_may_be_too_stale(cache: HostCache, clock: ManualClock) -> None:
    """Counted from the end of its time."""
    cache.store(key("a.test"), FIRST)
    clock.advance(TTL_S + 10)
    assert cache.lookup_stale([key("a.test")], max_stale_s=9) is None
    hit = cache.lookup_stale([key("a.test")], max_stale_s=10)
    assert hit is not None and hit.staleness.stale_hits == 1


def test_stale_ones_go_before_fresh_ones(clock: ManualClock) -> None:
    """Row 143 (EvictStale): however long they would have had; of two stale ones the one whose time is up first."""
    cache = HostCache(clock, max_entries=3)
    cache.store(key("old network, long.test"), answer(ttl_s=1000))
    cache.invalidate()
    cache.store(key("expires.test"), answer(ttl_s=5))
    cache.store(key("fresh.test"), answer(ttl_s=100))
    cache.store(key("new.test"), answer(ttl_s=50))  # nothing has expired: the other network's goes
    assert hosts_of(cache) == ["expires.test", "fresh.test", "new.test"]
    cache.invalidate()
    cache.store(key("newer.test"), answer(ttl_s=20))
    assert hosts_of(cache) == ["fresh.test", "new.test", "newer.test"]
    clock.advance(25)  # newer.test has expired before new.test would have, and both are stale
    cache.store(key("newest.test"), answer(ttl_s=1))
    assert hosts_of(cache) == ["fresh.test", "new.test", "newest.test"]


@pytest.mark.parametrize(
    "make_stale, expected",
    [
        (lambda cache, clock: None, "192.0.2.2"),  # equally fresh: the safer one
        (lambda cache, clock: clock.advance(15), "192.0.2.1"),  # the safer one has expired
    ],
)
def test_less_stale_then_safer(
    cache: HostCache, clock: ManualClock, make_stale: Callable[[HostCache, ManualClock], None], expected: str
) -> None:
    """Row 143 (PreferLessStaleMoreSecure)."""
    cache.store(key("a.test"), answer("192.0.2.1", 20))
    cache.store(key("a.test", is_secure=True), answer("192.0.2.2", 10))
    make_stale(cache, clock)
    hit = cache.lookup_stale([key("a.test", is_secure=True), key("a.test")])
    assert hit is not None and hit.answer.addresses[0].address == expected


def test_of_two_networks_the_newer_counts(cache: HostCache, clock: ManualClock) -> None:
    """Row 143 (PreferLessStaleMoreSecure): even when its time is up."""
    cache.store(key("a.test", is_secure=True), answer("192.0.2.2", 100))
    cache.invalidate()
    cache.store(key("a.test"), answer("192.0.2.1", 10))
    clock.advance(11)
    hit = cache.lookup_stale([key("a.test", is_secure=True), key("a.test")])
    assert hit is not None and hit.answer.addresses[0].address == "192.0.2.1"


def test_clear(cache: HostCache) -> None:
    """Row 143 (Clear): fresh and stale; it works on afterwards."""
    cache.store(key("a.test"), FIRST)
    cache.invalidate()
    cache.store(key("b.test"), FIRST)
    cache.clear()
    assert len(cache) == 0 and cache.lookup_stale([key("a.test"), key("b.test")]) is None
    cache.store(key("a.test"), FIRST)
    assert found(cache, key("a.test")) == FIRST


def test_forget(cache: HostCache) -> None:
    """One answer; a name that is not there is no mistake."""
    cache.store(key("a.test"), FIRST)
    cache.forget(key("a.test"))
    cache.forget(key("a.test"))
    assert len(cache) == 0


def test_what_was_saved_is_stale_when_it_comes_back(cache: HostCache, clock: ManualClock) -> None:
    """Row 143 (SerializeAndDeserialize): one network change old, its end at the same time of the calendar."""
    cache.store(key("a.test", socket.AF_INET6, "site", True), FIRST)
    saved = cache.to_list(ManualWallClock(1_000_000.0))
    later = HostCache(ManualClock(5.0))
    later.restore(saved, ManualWallClock(1_000_000.0 + TTL_S + 7))
    cache_key = key("a.test", socket.AF_INET6, "site", True)
    assert later.lookup(cache_key) is None
    hit = later.lookup_stale([cache_key])
    assert hit is not None and hit.answer.addresses == FIRST.addresses and hit.answer.source == AnswerSource.SYSTEM
    assert hit.staleness.expired_by_s == pytest.approx(7) and hit.staleness.network_changes == 1


def test_restoring_takes_nothing_away(clock: ManualClock) -> None:
    """Row 143 (SerializeAndDeserialize*): neither what is known already nor a place; bad entries are left out."""
    saved_from = HostCache(clock)
    for host in ("a.test", "b.test", "c.test", "d.test"):
        saved_from.store(key(host), SECOND)
    saved: list[object] = list(saved_from.to_list(ManualWallClock()))
    cache = HostCache(clock, max_entries=3)
    cache.store(key("a.test"), FIRST)
    cache.restore([None, {}, *saved], ManualWallClock())
    assert found(cache, key("a.test")) == FIRST
    assert hosts_of(cache) == ["a.test", "b.test", "c.test"]
    cache.store(key("new.test"), FIRST)  # restored ones are the first to go
    assert "a.test" in hosts_of(cache) and len(cache) == 3


def test_what_cannot_be_saved_is_left_out(cache: HostCache) -> None:
    """Row 143 (SerializeAndDeserialize*): failures."""
    cache.store(key("a.test"), FAILURE)
    assert cache.to_list(ManualWallClock()) == []


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("store"), st.integers(0, 5), st.integers(1, 30)),
        st.tuples(st.sampled_from(["advance", "invalidate", "forget"]), st.integers(0, 5), st.just(0)),
    ),
    max_size=60,
)


@given(_STEPS)
def test_eviction_obeys_the_model(steps: list[tuple[str, int, int]]) -> None:
    """Row 143 (Evict*): the heaps find the victim that looking at every entry would find."""
    clock = ManualClock()
    cache = HostCache(clock, max_entries=3)
    model: dict[str, tuple[int, float, int]] = {}  # network, expiry, order of coming
    network = 0
    for number, (step, value, ttl_s) in enumerate(steps):
        host = f"{value}.test"
        if step == "advance":
            clock.advance(value)
        elif step == "invalidate":
            cache.invalidate()
            network += 1
        elif step == "forget":
            cache.forget(key(host))
            model.pop(host, None)
        else:
            cache.store(key(host), answer(ttl_s=ttl_s + number / 1000))  # no two expire together
            model.pop(host, None)
            if len(model) == 3:
                now = clock.now()

                def worth(host: str, now: float = now, network: int = network) -> tuple[bool, float]:
                    return model[host][0] == network and model[host][1] > now, model[host][1]

                del model[min(model, key=worth)]
            model[host] = (network, clock.now() + ttl_s + number / 1000, number)
        assert hosts_of(cache) == list(model)
