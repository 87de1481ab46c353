"""PinningCertVerifier: hosts with pins need one of their keys, whatever else the verdict says."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_INVALID,
    ERR_IO_PENDING,
    ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.x509 import pin_text
from netstack_sync.cert.caching import CachingCertVerifier
from netstack_sync.cert.pins import PinnedKeys, PinningCertVerifier, PinStore
from tests.cert.scripted_verifier import GOOD, NO_ROOTS, PARAMS, ScriptedRequest, ScriptedVerifier, quiet
from tests.support.loops import RecordedCompletion

HOST = PARAMS.hostname
A, B, C = (hashlib.sha256(name).digest() for name in (b"a", b"b", b"c"))


def verdict(
    net_error: int = OK, status: CertStatus = GOOD.cert_status, hashes: tuple[bytes, ...] = (A, B)
) -> CertVerifyResult:
    """What the verifier below says."""
    reasons = ("something is wrong",) if net_error != OK else ()
    return replace(GOOD, net_error=net_error, cert_status=status, reasons=reasons, public_key_hashes=hashes)


def store(*hashes: bytes, host: str = HOST, subdomains: bool = False, expires_at_s: float | None = None) -> PinStore:
    """One host with pins."""
    return PinStore({host: PinnedKeys(frozenset(hashes), subdomains, expires_at_s)})


def judge(pins: PinStore, inner: CertVerifyResult, now_s: float = 0.0) -> CertVerifyResult:
    """The verdict on a chain when the one below comes at once."""
    verifier = PinningCertVerifier(ScriptedVerifier(inner), pins, ManualWallClock(now_s))
    request = verifier.create_request(PARAMS, quiet())
    done = RecordedCompletion()
    result = request.start(done)
    assert request.result is not None and request.result.net_error == result
    assert done.results == []
    return request.result


def test_a_host_without_pins_gets_the_inner_request() -> None:
    """Nothing stands between: no cost for those who pin nothing."""
    inner = ScriptedVerifier(GOOD)
    for pins in (PinStore({}), store(A, host="other.test")):
        verifier = PinningCertVerifier(inner, pins, ManualWallClock())
        assert type(verifier.create_request(PARAMS, quiet())) is ScriptedRequest


@pytest.mark.parametrize("pinned", [(A,), (B,), (C, B)])
def test_one_pinned_key_anywhere_in_the_chain_is_enough(pinned: tuple[bytes, ...]) -> None:
    """The leaf's, or an authority's, which survives renewals; the verdict stays as it is."""
    inner = verdict()
    assert judge(store(*pinned), inner) is inner


def test_a_chain_without_pinned_key_is_refused() -> None:
    """Also of a private authority, from which Chromium would take it; the reason says what could be pinned."""
    for is_known in (True, False):
        inner = replace(verdict(), is_issued_by_known_root=is_known)
        result = judge(store(C), inner)
        assert result.net_error == ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN
        assert result.cert_status == CertStatus.PINNED_KEY_MISSING
        assert result.verified_chain == inner.verified_chain and result.public_key_hashes == (A, B)
        (reason,) = result.reasons
        assert HOST in reason and f"{pin_text(A)}, {pin_text(B)}" in reason


def test_a_chain_without_readable_keys_is_refused() -> None:
    """Nothing was shown, so nothing is believed."""
    result = judge(store(C), verdict(hashes=()))
    assert result.net_error == ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN and "no key that can be read" in result.detail


@pytest.mark.parametrize(
    "inner_error, flag, net_error",
    [
        (ERR_CERT_DATE_INVALID, CertStatus.DATE_INVALID, ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN),
        (ERR_CERT_AUTHORITY_INVALID, CertStatus.AUTHORITY_INVALID, ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN),
        (ERR_CERT_INVALID, CertStatus.INVALID, ERR_CERT_INVALID),
    ],
)
def test_what_is_wrong_besides_is_kept(inner_error: int, flag: CertStatus, net_error: int) -> None:
    """Both flags, both reasons; the number is that of the more serious (cert_status_flags.cc)."""
    result = judge(store(C), verdict(inner_error, flag))
    assert (result.net_error, result.cert_status) == (net_error, flag | CertStatus.PINNED_KEY_MISSING)
    assert len(result.reasons) == 2 and result.reasons[0] == "something is wrong"


def test_a_pinned_key_does_not_heal() -> None:
    """What is wrong with the chain stays wrong."""
    inner = verdict(ERR_CERT_DATE_INVALID, CertStatus.DATE_INVALID)
    assert judge(store(A), inner) is inner


def test_without_a_verdict_there_is_nothing_to_compare() -> None:
    """Roots that cannot be read say nothing about keys."""
    assert judge(store(C), NO_ROOTS) is NO_ROOTS


@pytest.mark.parametrize("now_s, refuses", [(99.0, True), (100.0, False), (101.0, False)])
def test_pins_expire(now_s: float, refuses: bool) -> None:
    """From that moment on the host is one without pins."""
    assert (judge(store(C, expires_at_s=100.0), verdict(), now_s).net_error != OK) is refuses


def test_a_verdict_may_come_later() -> None:
    """Row 228: ERR_IO_PENDING and one callback with the result."""
    inner = ScriptedVerifier()
    request = PinningCertVerifier(inner, store(C), ManualWallClock()).create_request(PARAMS, quiet())
    done = RecordedCompletion()
    assert request.start(done) == ERR_IO_PENDING and request.result is None
    (started,) = inner.started
    assert started.params is PARAMS
    started.complete(verdict())
    assert done.results == [ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN]
    assert request.result is not None and request.result.cert_status == CertStatus.PINNED_KEY_MISSING


def test_cancelling_goes_down() -> None:
    """Row 228: no callback comes; any number of times."""
    inner = ScriptedVerifier()
    request = PinningCertVerifier(inner, store(C), ManualWallClock()).create_request(PARAMS, quiet())
    done = RecordedCompletion()
    request.start(done)
    request.cancel()
    request.cancel()
    assert inner.started[0].is_cancelled and done.results == []


def test_remembered_verdicts_are_compared_too() -> None:
    """The cache lies below: what was good for an hour without pins is not good with them."""
    clock, inner = ManualWallClock(), ScriptedVerifier(verdict())
    caching = CachingCertVerifier(inner, clock)
    for pins, net_error in ((PinStore({}), OK), (store(C), ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN), (store(A), OK)):
        request = PinningCertVerifier(caching, pins, clock).create_request(PARAMS, quiet())
        assert request.start(RecordedCompletion()) == net_error
    assert len(inner.started) == 1


def test_a_change_of_trust_goes_down() -> None:
    """Pins do not change with it."""
    inner = ScriptedVerifier()
    verifier = PinningCertVerifier(inner, store(A), ManualWallClock())
    verifier.on_trust_changed()
    assert inner.trust_changes == 1
    assert repr(verifier) == "<PinningCertVerifier <PinStore 1 hosts>>"


PARENT, CHILD, GRANDCHILD = "example.test", "www.example.test", "a.www.example.test"


@pytest.mark.parametrize(
    "pins, found",
    [
        ({PARENT: (A, False)}, {PARENT: A}),
        ({PARENT: (A, True)}, {PARENT: A, CHILD: A, GRANDCHILD: A}),
        ({PARENT: (A, True), CHILD: (B, False)}, {PARENT: A, CHILD: B, GRANDCHILD: A}),
        ({PARENT: (A, True), CHILD: (B, True)}, {PARENT: A, CHILD: B, GRANDCHILD: B}),
        ({"test": (C, True), PARENT: (A, False)}, {PARENT: A, CHILD: C, GRANDCHILD: C, "ample.test": C}),
        ({"192.0.2.1": (A, False), "::1": (B, False)}, {"192.0.2.1": A, "::1": B}),
    ],
)
def test_whose_pins_count(pins: dict[str, tuple[bytes, bool]], found: dict[str, bytes]) -> None:
    """The host's own, else those of the nearest parent that includes what lies below it."""
    pin_store = PinStore({host: PinnedKeys(frozenset([key]), subdomains) for host, (key, subdomains) in pins.items()})
    for host in (PARENT, CHILD, GRANDCHILD, "ample.test", "192.0.2.1", "1.192.0.2.1", "::1", "other"):
        entry = pin_store.find(host, 0.0)
        assert (entry[1].hashes if entry is not None else None) == (frozenset([found[host]]) if host in found else None)
        assert pin_store.has_pins(host) is (host in found)


def test_expired_pins_give_way_to_those_of_a_parent() -> None:
    """As if they were not there; has_pins() knows no time and says yes."""
    parent, child = PinnedKeys(frozenset([A]), True), PinnedKeys(frozenset([B]), expires_at_s=10.0)
    pins = PinStore({PARENT: parent, CHILD: child})
    assert (pins.find(CHILD, 9.0), pins.find(CHILD, 10.0)) == ((CHILD, child), (PARENT, parent))
    assert PinStore({CHILD: child}).find(CHILD, 10.0) is None and PinStore({CHILD: child}).has_pins(CHILD)


def test_a_store_never_changes() -> None:
    """What it was made from may."""
    values = {PARENT: PinnedKeys(frozenset([A]))}
    pins = PinStore(values)
    values.clear()
    assert pins.has_pins(PARENT) and repr(pins) == "<PinStore 1 hosts>"


_LABELS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5).map(".".join)


@given(st.dictionaries(_LABELS, st.booleans(), max_size=6), _LABELS)
def test_lookup_is_the_longest_suffix_that_applies(hosts: dict[str, bool], host: str) -> None:
    """The same as looking at every entry."""
    pins = {name: PinnedKeys(frozenset([name.encode()]), subdomains) for name, subdomains in hosts.items()}
    fitting = [name for name, below in hosts.items() if name == host or (below and host.endswith(f".{name}"))]
    nearest = max(fitting, key=len, default=None)
    assert PinStore(pins).find(host, 0.0) == ((nearest, pins[nearest]) if nearest is not None else None)


@pytest.mark.parametrize(("host", "inherited"), [(PARENT, ""), (GRANDCHILD, f" by the pins of {PARENT}")])
def test_whose_entry_was_missed_is_told(host: str, inherited: str) -> None:
    """There a new key has to go, and a host below has no entry of its own."""
    pins = PinStore({PARENT: PinnedKeys(frozenset([C]), include_subdomains=True)})
    verifier = PinningCertVerifier(ScriptedVerifier(verdict()), pins, ManualWallClock())
    request = verifier.create_request(replace(PARAMS, hostname=host), quiet())
    assert request.start(RecordedCompletion()) == ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN
    assert request.result is not None and request.result.pinned_by == PARENT
    assert f"none of the keys that {host} is pinned to{inherited} is in the chain; " in request.result.detail
