"""The heap of cache entries: the first to expire, however many have been replaced."""

from __future__ import annotations

from netstack_sync.base.net_errors import OK
from netstack_sync.dns.cache_entry import CacheEntry, HostCacheKey
from netstack_sync.dns.expiry_heap import ExpiryHeap
from netstack_sync.dns.resolve_answer import ResolveAnswer


def entry(expires: float) -> CacheEntry:
    return CacheEntry(HostCacheKey(f"{expires}.test", 0), ResolveAnswer(OK), expires, 0)


def kill(heap: ExpiryHeap, victim: CacheEntry) -> None:
    victim.is_alive = False
    heap.note_dead()


def test_the_first_to_expire_is_first() -> None:
    """Whatever the order of coming; of equals either; None when there is none."""
    heap = ExpiryHeap()
    assert heap.first() is None
    entries = [entry(expires) for expires in (3.0, 1.0, 2.0, 1.0)]
    for added in entries:
        heap.push(added)
    assert heap.first() is entries[1]
    kill(heap, entries[1])
    assert heap.first() is entries[3]
    kill(heap, entries[3])
    assert heap.first() is entries[2]
    kill(heap, entries[2])
    kill(heap, entries[0])
    assert heap.first() is None


def test_dead_entries_do_not_pile_up() -> None:
    """A name that is stored again and again leaves no trail behind one that lives long."""
    heap = ExpiryHeap()
    survivor = entry(0.0)
    heap.push(survivor)
    for number in range(10_000):
        replaced = entry(float(number))
        heap.push(replaced)
        kill(heap, replaced)
    assert len(heap._heap) < 200 and heap.first() is survivor


def test_one_heap_takes_all_of_another() -> None:
    """The living ones; the other is empty afterwards."""
    old, new = ExpiryHeap(), ExpiryHeap()
    first, second, dead = entry(1.0), entry(2.0), entry(0.0)
    old.push(second)
    new.push(first)
    new.push(dead)
    kill(new, dead)
    old.take_all(new)
    assert new.first() is None and old.first() is first
    kill(old, first)
    assert old.first() is second


def test_clear() -> None:
    """Nothing is left."""
    heap = ExpiryHeap()
    heap.push(entry(1.0))
    heap.clear()
    assert heap.first() is None
