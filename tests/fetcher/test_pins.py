"""`pins=`: every spelling that tools print is understood, everything else is refused by name."""

from __future__ import annotations

import base64
import pickle
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.cert.pins import PinnedKeys
from netstack_sync.fetcher.pins import PinSet, pins_from_value

HASH = bytes(range(32))
TEXT = base64.b64encode(HASH).decode()
PIN, OTHER = f"sha256/{TEXT}", "sha256/" + "A" * 43 + "="


def keys(*hashes: bytes, subdomains: bool = False) -> PinnedKeys:
    """What a store has."""
    return PinnedKeys(frozenset(hashes), subdomains)


@given(st.binary(min_size=32, max_size=32))
def test_all_spellings_mean_the_same(digest: bytes) -> None:
    """Chromium's, curl's, and hexadecimal digits in either case with or without colons, whatever the bytes are."""
    text = base64.b64encode(digest).decode()
    spellings = [f"sha256/{text}", f"sha256//{text}", digest.hex(), digest.hex().upper(), digest.hex(":").upper()]
    for spelling in spellings:
        pins = PinSet(spelling)
        assert pins.pins == (f"sha256/{text}",)
        assert pins.to_pinned_keys() == keys(digest)


@pytest.mark.parametrize(
    "pin",
    [
        "",
        TEXT,
        f"sha1/{TEXT}",
        f"SHA256/{TEXT}",
        f"sha256///{TEXT}",
        f"sha256:{TEXT}",
        f"{PIN}=",
        f"{PIN} ",
        PIN[:-1],
        f"{PIN};{OTHER}",
        "sha256/" + base64.b64encode(bytes(31)).decode(),
        "sha256/" + base64.b64encode(bytes(33)).decode(),
        HASH.hex()[:-2],
        HASH.hex() + "00",
        HASH.hex(":")[:-1],
        "g" * 64,
        "sha256/" + "ä" * 44,
    ],
)
def test_anything_else_is_refused(pin: str) -> None:
    """With the value and what a pin looks like; with the host, too, where it is known."""
    with pytest.raises(ValueError) as caught:
        PinSet([PIN, pin])
    assert str(caught.value).startswith(f"pins: {pin!r} is none; ") and "netstack cert" in str(caught.value)
    with pytest.raises(ValueError) as caught:
        pins_from_value({"a.test": pin})
    assert str(caught.value).startswith(f"pins of 'a.test': {pin!r} is none; ")


@pytest.mark.parametrize(
    "pins, error, words",
    [
        ([], ValueError, "there is none"),
        ((), ValueError, "there is none"),
        (iter(()), ValueError, "there is none"),
        (None, TypeError, "must be a string or several, not None"),
        (PIN.encode(), TypeError, "must be a string or several, not b"),
        (7, TypeError, "must be a string or several, not 7"),
        ([7], TypeError, "7 is not a string"),
        ([HASH], TypeError, "is not a string"),
    ],
)
def test_what_is_no_pins_at_all_is_refused(pins: object, error: type[Exception], words: str) -> None:
    """A host without a pin would be one that nobody can reach."""
    with pytest.raises(error, match=r"^pins of 'a\.test': ") as caught:
        pins_from_value({"a.test": pins})
    assert words in str(caught.value)


def test_pins_may_come_one_by_one() -> None:
    """From a generator; the set is a value all the same."""
    pins = PinSet(pin for pin in (PIN, OTHER))
    assert pins.pins == (PIN, OTHER) and pins == PinSet([PIN, OTHER])
    assert pickle.loads(pickle.dumps(pins)) == pins and hash(pins) == hash(PinSet((PIN, OTHER)))


def test_expiry_is_a_moment() -> None:
    """In whatever time zone."""
    moment = datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    expected = datetime(2030, 1, 1, tzinfo=timezone.utc).timestamp()
    assert PinSet(PIN, expires=moment).to_pinned_keys().expires_at_s == expected


def test_what_goes_with_the_pins_is_checked() -> None:
    """Each setting by its name."""
    with pytest.raises(TypeError, match=r"^include_subdomains: must be True or False, not 1$"):
        PinSet(PIN, include_subdomains=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^expires: must be a datetime or None, not 1700000000$"):
        PinSet(PIN, expires=1700000000)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^expires: 2030-01-01 00:00:00 has no time zone; "):
        PinSet(PIN, expires=datetime(2030, 1, 1))


@pytest.mark.parametrize(
    "host, canonical",
    [
        ("a.test", "a.test"),
        ("A.Test.", "a.test"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("192.0.2.1", "192.0.2.1"),
        ("127.1", "127.0.0.1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
    ],
)
def test_hosts_are_made_canonical(host: str, canonical: str) -> None:
    """One spelling, before any decision is made on it."""
    assert pins_from_value({host: PIN}).find(canonical, 0.0) == (canonical, keys(HASH))


def test_each_host_has_its_own() -> None:
    """A string, a list, or a set with all that belongs to it; None is nothing."""
    store = pins_from_value({"a.test": PIN, "b.test": [PIN, OTHER], "c.test": PinSet(OTHER, include_subdomains=True)})
    assert store.find("a.test", 0.0) == ("a.test", keys(HASH))
    assert store.find("b.test", 0.0) == ("b.test", keys(HASH, bytes(32)))
    assert store.find("x.c.test", 0.0) == ("c.test", keys(bytes(32), subdomains=True))
    assert not store.has_pins("x.a.test")
    assert not pins_from_value(None).has_pins("a.test")


@pytest.mark.parametrize(
    "value, error, words",
    [
        ([("a.test", PIN)], TypeError, "pins: must be a mapping of hosts to pins, not list"),
        (PIN, TypeError, "pins: must be a mapping of hosts to pins, not str"),
        ({7: PIN}, TypeError, "pins: a host must be a string, not 7"),
        ({"*.a.test": PIN}, ValueError, "pins: '*.a.test': for all below pass {'a.test': PinSet(..., include_sub"),
        ({"https://a.test": PIN}, ValueError, "pass a host without scheme and port"),
        ({"a.test:443": PIN}, ValueError, "pass a host without scheme and port"),
        ({"": PIN}, ValueError, "pins: '' has an empty host"),
        ({"a.test": PIN, "A.TEST": PIN}, ValueError, "pins: 'A.TEST' is there twice"),
        ({"::1": PinSet(PIN, include_subdomains=True)}, ValueError, "pins of '::1': an address has no subdomains"),
        ({"127.0.0.1": PinSet(PIN, include_subdomains=True)}, ValueError, "pins of '127.0.0.1': an address has no"),
    ],
)
def test_mistakes_are_named(value: object, error: type[Exception], words: str) -> None:
    """A pin that is never compared with anything would be worse than an error."""
    with pytest.raises(error) as caught:
        pins_from_value(value)
    assert words in str(caught.value)
