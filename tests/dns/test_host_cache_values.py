"""Cache entries as JSON values: a round trip for good ones, None for everything else."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.dns.cache_entry import CacheEntry, HostCacheKey
from netstack_sync.dns.host_cache_values import entry_from_value, value_of_entry
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer

ADDRESSES = (IPEndPoint("2001:db8::1", 0, socket.AF_INET6), IPEndPoint("192.0.2.1", 0, socket.AF_INET))
KEY = HostCacheKey("a.test", socket.AF_INET6, "site", True)
GOOD: dict[str, object] = {
    "host": "a.test",
    "family": 6,
    "partition": "site",
    "secure": True,
    "source": "SECURE_DNS",
    "expires": 1010.0,
    "addresses": ["2001:db8::1", "192.0.2.1"],
}


def entry(answer: ResolveAnswer, key: HostCacheKey = KEY) -> CacheEntry:
    return CacheEntry(key, answer, 10.0, 0)


def test_an_entry_as_a_value() -> None:
    """Row 143 (SerializeAndDeserialize): its end in the time of the calendar, families as the world calls them."""
    answer = ResolveAnswer(OK, ADDRESSES, AnswerSource.SECURE_DNS, 60.0)
    assert value_of_entry(entry(answer), wall_offset_s=1000.0) == GOOD


@pytest.mark.parametrize("family", [socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("partition", [None, "site"])
def test_a_round_trip(family: int, partition: str | None) -> None:
    """Row 143 (SerializeAndDeserialize): through JSON text."""
    key = HostCacheKey("a.test", family, partition)
    value = value_of_entry(entry(ResolveAnswer(OK, ADDRESSES), key), 1000.0)
    restored = entry_from_value(json.loads(json.dumps(value)), 900.0, -1)
    assert restored is not None and restored.key == key and restored.answer == ResolveAnswer(OK, ADDRESSES)
    assert restored.expires == 110.0 and restored.network_changes == -1


def test_what_has_no_value() -> None:
    """Row 143 (SerializeAndDeserialize*): failures, and addresses that need an interface."""
    scoped = (*ADDRESSES, IPEndPoint("fe80::1", 0, socket.AF_INET6, 3))
    assert value_of_entry(entry(ResolveAnswer(ERR_NAME_NOT_RESOLVED)), 0.0) is None
    assert value_of_entry(entry(ResolveAnswer(OK, scoped)), 0.0) is None


@pytest.mark.parametrize(
    "change",
    [
        {"host": ""},
        {"host": "a" * 256},
        {"host": 7},
        {"host": None},
        {"family": 5},
        {"family": "4"},
        {"family": []},
        {"partition": 3},
        {"partition": []},
        {"secure": 1},
        {"secure": None},
        {"source": "ORACLE"},
        {"source": 1},
        {"source": []},
        {"expires": "soon"},
        {"expires": None},
        {"expires": float("nan")},
        {"expires": float("inf")},
        {"expires": -(10**400)},
        {"addresses": []},
        {"addresses": "192.0.2.1"},
        {"addresses": ["192.0.2.1", "name.test"]},
        {"addresses": [None]},
        {"addresses": ["fe80::1%eth0"]},
    ],
    ids=repr,
)
def test_a_value_that_makes_no_sense(change: dict[str, object]) -> None:
    """Row 143 (SerializeAndDeserialize*): is no entry, and no exception."""
    assert entry_from_value(GOOD, 0.0, -1) is not None
    assert entry_from_value({**GOOD, **change}, 0.0, -1) is None


@pytest.mark.parametrize("missing", sorted(set(GOOD) - {"partition"}))
def test_a_value_that_lacks_something(missing: str) -> None:
    """Only the partition may be missing."""
    assert entry_from_value({name: value for name, value in GOOD.items() if name != missing}, 0.0, -1) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(_JSON | st.fixed_dictionaries({name: _JSON | st.just(value) for name, value in GOOD.items()}))
def test_any_json_is_read_without_an_exception(value: object) -> None:
    """A file may hold anything."""
    entry_from_value(value, 0.0, -1)
