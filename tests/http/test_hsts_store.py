"""Which hosts are to be reached over https only: Chromium's transport_security_state_unittest.cc."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.url import Url
from netstack_sync.http.hsts_store import (
    MAX_ENTRIES,
    HstsConfig,
    TransportSecurityState,
    host_keys,
    newest_of,
    without_least,
)
from netstack_sync.wire.hsts import MAX_AGE_S, HstsEntry

NOW = 1_700_000_000.0
CLEAN = SSLInfo("TLSv1.3", "x", "", (b"leaf",), verified_chain=(b"leaf", b"root"))
YEAR, ALL_BELOW = "max-age=31536000", "max-age=31536000; includeSubDomains"


class Rig:
    """A store with a clock that stands still and a count of what is worth keeping."""

    def __init__(self, *preloaded: tuple[str, bool]) -> None:
        self.clock = ManualWallClock(NOW)
        self.state = TransportSecurityState(self.clock, {host_keys(name)[0]: below for name, below in preloaded})
        self.changes = 0
        self.state.on_changed = self.note

    def note(self) -> None:
        self.changes += 1

    def says(self, host: str, value: str, ssl_info: SSLInfo | None = CLEAN) -> None:
        self.state.on_header(host, value, ssl_info)

    def upgraded(self, *hosts: str) -> list[str]:
        """Those that are."""
        return [host for host in hosts if self.state.should_upgrade(host)]


def test_nobody_is_upgraded_at_first() -> None:
    """What is off by default needs no settings."""
    assert Rig().upgraded("a.test", "localhost", "") == []
    assert HstsConfig() == HstsConfig(None, {})


def test_a_host_that_said_so() -> None:
    """Itself only: neither its parents nor what is below it nor what only looks alike."""
    rig = Rig()
    rig.says("www.a.test", YEAR)
    others = ("a.test", "test", "x.www.a.test", "wwww.a.test", "ww.a.test", "www.a.test.com", "b.test")
    assert rig.upgraded("www.a.test", *others) == ["www.a.test"]
    assert rig.changes == 1
    assert repr(rig.state) == "<TransportSecurityState loaded 1 hosts, 0 preloaded>"


def test_with_all_below() -> None:
    """Labels count, not letters."""
    rig = Rig()
    rig.says("a.test", ALL_BELOW)
    below = ["a.test", "www.a.test", "x.y.z.a.test"]
    assert rig.upgraded(*below, "ba.test", "test", "a.test.b.test") == below


def test_it_ends() -> None:
    """Exactly when it was to; and not before."""
    rig = Rig()
    rig.says("a.test", "max-age=100; includeSubDomains")
    rig.clock.advance(99.9)
    assert rig.upgraded("a.test", "x.a.test") == ["a.test", "x.a.test"]
    rig.clock.advance(0.1)
    assert rig.upgraded("a.test", "x.a.test") == []


def test_looking_up_changes_nothing() -> None:
    """Rule R8: not even what has expired goes."""
    rig = Rig()
    rig.says("a.test", "max-age=100; includeSubDomains")
    before = rig.state.entries()
    rig.upgraded("a.test", "x.a.test", "test")
    rig.clock.advance(1000)
    rig.upgraded("a.test", "x.a.test", "test")
    assert rig.state.entries() == before and rig.changes == 1


def test_a_child_changes_nothing_of_its_parent() -> None:
    """R8 (CVE-2024-9681): whatever it says of itself, and for however short."""
    rig = Rig()
    rig.says("a.test", ALL_BELOW)
    parent = rig.state.entries()
    rig.says("x.a.test", "max-age=1; includeSubDomains")
    rig.says("y.a.test", "max-age=0; includeSubDomains")
    rig.clock.advance(5)
    hosts = ["a.test", "x.a.test", "y.a.test", "z.a.test", "b.x.a.test"]
    assert rig.upgraded(*hosts) == hosts
    assert parent.items() <= rig.state.entries().items()


def test_a_child_without_its_own_children() -> None:
    """RFC 6797 §8.2: the grandparent's word includes them all the same."""
    rig = Rig()
    rig.says("a.test", ALL_BELOW)
    rig.says("x.a.test", YEAR)
    assert rig.upgraded("y.x.a.test") == ["y.x.a.test"]


def test_a_later_header_replaces_the_earlier() -> None:
    """RFC 6797 §8.1: in both directions."""
    rig = Rig()
    rig.says("a.test", ALL_BELOW)
    rig.says("a.test", YEAR)
    assert rig.upgraded("a.test", "x.a.test") == ["a.test"]
    rig.says("a.test", "max-age=10")
    rig.clock.advance(10)
    assert rig.upgraded("a.test") == [] and rig.changes == 3


def test_taken_back() -> None:
    """max-age=0: at once, for its subdomains too; a trace stays for others who have not heard of it."""
    rig = Rig()
    rig.says("a.test", ALL_BELOW)
    rig.clock.advance(5)
    for _ in range(2):
        rig.says("a.test", "max-age=0")
    rig.says("never.test", "max-age=0")
    assert rig.upgraded("a.test", "x.a.test") == [] and rig.changes == 2
    assert rig.state.entries() == {host_keys("a.test")[0]: HstsEntry(NOW + 5, NOW + MAX_AGE_S, False, False)}
    rig.says("a.test", YEAR)
    assert rig.upgraded("a.test") == ["a.test"] and rig.changes == 3


def test_the_same_again_is_nothing_new() -> None:
    """Most servers say it with every answer: it is kept anew only when that moves the end by a thousandth."""
    rig = Rig()
    for _ in range(10):
        rig.says("a.test", "max-age=1000")
        rig.clock.advance(0.09)
    assert rig.changes == 1
    rig.clock.advance(0.2)
    rig.says("a.test", "max-age=1000")
    assert rig.changes == 2
    rig.clock.advance(999.9)
    assert rig.upgraded("a.test") == ["a.test"]


def test_the_same_again_after_the_clock_was_set_back() -> None:
    """An end that moves to an earlier time is news."""
    rig = Rig()
    rig.says("a.test", YEAR)
    rig.clock.advance(-1000)
    rig.says("a.test", YEAR)
    assert rig.changes == 2


@pytest.mark.parametrize("value", ["", "max-age", "max-age=1; max-age=2", "includeSubDomains", "max-age=x"])
def test_a_header_that_is_malformed(value: str) -> None:
    """Changes nothing, also of what is known."""
    rig = Rig()
    rig.says("a.test", value)
    rig.says("b.test", YEAR)
    rig.says("b.test", value)
    assert rig.upgraded("a.test", "b.test") == ["b.test"] and rig.changes == 1


@pytest.mark.parametrize(
    "ssl_info",
    [
        None,
        replace(CLEAN, verified_chain=()),
        replace(CLEAN, cert_status=CertStatus.DATE_INVALID),
        replace(CLEAN, cert_status=CertStatus.COMMON_NAME_INVALID | CertStatus.IS_EV),
    ],
)
@pytest.mark.parametrize("value", [YEAR, "max-age=0"])
def test_only_over_clean_tls(ssl_info: SSLInfo | None, value: str) -> None:
    """Row 242, HTTPSErrorsNoClobberTSSTest: RFC 6797 §8.1; what is known stays, what is not is not learned."""
    rig = Rig(("preloaded.test", True))
    rig.says("known.test", ALL_BELOW)
    for host in ("known.test", "new.test", "preloaded.test"):
        rig.says(host, value, ssl_info)
    hosts = ("known.test", "x.known.test", "new.test", "preloaded.test")
    assert rig.upgraded(*hosts) == ["known.test", "x.known.test", "preloaded.test"] and rig.changes == 1


def test_remarks_on_a_certificate_are_no_fault() -> None:
    """Only errors are."""
    rig = Rig()
    rig.says("a.test", YEAR, replace(CLEAN, cert_status=CertStatus.IS_EV | CertStatus.SHA1_SIGNATURE_PRESENT))
    assert rig.upgraded("a.test") == ["a.test"]


EXEMPT = [
    "127.0.0.1", "192.0.2.1", "::1", "2001:db8::1", "localhost", "x.localhost", "a.b.localhost",
    "a." + "x" * 64 + ".test", ".".join(["x" * 60] * 5), "", "a..b",
]  # fmt: skip


@pytest.mark.parametrize("host", EXEMPT)
def test_hosts_that_it_is_not_for(host: str) -> None:
    """Row 242, STSNotProcessedOnIP: RFC 6797 §8.1.1; nor for localhost, nor for what is no name of DNS's."""
    rig = Rig(("test", True))
    rig.says(host, ALL_BELOW)
    assert rig.upgraded(host) == [] and rig.state.entries() == {} and host_keys(host) == ()


def test_keys_are_kept_for_names_of_a_usual_length() -> None:
    """Thousands of keys for each of the many labels of names that somebody makes up would fill the memory."""
    usual, long = "www.kept.test", ".".join("a" * 40)
    assert host_keys(usual) is host_keys(usual)
    assert len(host_keys(long)) == 40 and host_keys(long) == host_keys(long) and host_keys(long) is not host_keys(long)


def test_names_that_look_like_localhost() -> None:
    """Are names like others."""
    rig = Rig()
    hosts = ["notlocalhost", "localhost.test", "localhosts"]
    for host in hosts:
        rig.says(host, YEAR)
    assert rig.upgraded(*hosts) == hosts


@pytest.mark.parametrize("text", ["http://A.TEST/", "http://a.test./", "http://A.test:81/", "http://a\u3002test:8080/"])
def test_spellings_of_a_host(text: str) -> None:
    """Rule R7, curl's CVE-2023-46218: a URL's host is canonical before anybody decides about it."""
    rig = Rig()
    rig.says(Url.parse("https://a.TEST./").host, YEAR)
    assert rig.upgraded(Url.parse(text).host)


def test_an_international_name() -> None:
    """Is that of its A-labels."""
    rig = Rig()
    rig.says(Url.parse("https://b\u00fccher.test/").host, YEAR)
    assert rig.upgraded("xn--bcher-kva.test")


def test_keys_are_chromiums() -> None:
    """SHA-256 of the name in DNS form, for the name and each of its parents."""
    assert host_keys("www.a.test") == (
        sha256(b"\3www\1a\4test\0").digest(),
        sha256(b"\1a\4test\0").digest(),
        sha256(b"\4test\0").digest(),
    )


# --- preloaded hosts


def test_preloaded_hosts() -> None:
    """With or without all below, and without a word of theirs."""
    rig = Rig(("a.test", True), ("b.test", False))
    hosts = ("a.test", "x.y.a.test", "b.test", "x.b.test", "c.test", "test")
    assert rig.upgraded(*hosts) == ["a.test", "x.y.a.test", "b.test"]
    assert repr(rig.state) == "<TransportSecurityState loaded 0 hosts, 2 preloaded>"


def test_a_preloaded_host_cannot_be_talked_out_of_it() -> None:
    """As in Chromium: a header adds to the list, and its end leaves the list as it was."""
    rig = Rig(("a.test", True))
    for value in ("max-age=10", "max-age=0"):
        rig.says("a.test", value)
        assert rig.upgraded("a.test", "x.a.test") == ["a.test", "x.a.test"]


def test_what_a_server_says_adds_to_the_list() -> None:
    """For its subdomains, which were not on it."""
    rig = Rig(("a.test", False))
    rig.says("a.test", ALL_BELOW)
    assert rig.upgraded("x.a.test") == ["x.a.test"]


# --- limits


def test_there_is_room_for_so_many() -> None:
    """Beyond that those go which would end first, a tenth at once; those that have ended go before."""
    rig = Rig()
    rig.says("ended.test", "max-age=1")
    rig.clock.advance(1)
    for number in range(MAX_ENTRIES):
        rig.says(f"h{number}.test", f"max-age={10_000 + number}")
    assert len(rig.state.entries()) == MAX_ENTRIES * 9 // 10
    assert not rig.upgraded("ended.test", "h0.test", "h999.test") and rig.upgraded("h1000.test", "h9999.test")


def test_pruning() -> None:
    """What has ended goes in any case, the rest only as far as it must."""
    entries = {bytes([n]): HstsEntry(0, n, True) for n in (7, 3, 9, 5)}
    assert without_least(entries, 3, 3).keys() == {b"\7", b"\5", b"\x09"}
    assert without_least(entries, 0, 2).keys() == {b"\7", b"\x09"}
    assert without_least(entries, 9, 2) == {}


# --- what is kept on disk

_entries = st.dictionaries(
    st.sampled_from([b"a", b"b", b"c"]),
    st.builds(HstsEntry, st.integers(0, 3), st.integers(4, 6), st.booleans(), st.booleans()),
)


@given(_entries, _entries)
def test_the_newer_entry_of_a_host_counts(ours: dict[bytes, HstsEntry], theirs: dict[bytes, HstsEntry]) -> None:
    """Whoever has it; nothing is lost, nothing made up, nobody's own mapping changes."""
    before = dict(ours)
    merged = newest_of(ours, theirs)
    assert ours == before and merged.keys() == ours.keys() | theirs.keys()
    for key, entry in merged.items():
        known = [source[key] for source in (ours, theirs) if key in source]
        assert entry == max(known, key=lambda candidate: candidate.observed)


def test_merging_tells_nobody() -> None:
    """It comes from the file; entries() is a copy."""
    rig = Rig()
    rig.state.merge({host_keys("a.test")[0]: HstsEntry(NOW, NOW + 5, True)})
    assert rig.upgraded("x.a.test") and rig.changes == 0
    rig.state.entries().clear()
    assert rig.upgraded("x.a.test")


def test_merging_too_many() -> None:
    """The limit holds."""
    rig = Rig()
    rig.state.merge({number.to_bytes(32, "big"): HstsEntry(0, NOW + number, True) for number in range(MAX_ENTRIES + 2)})
    assert len(rig.state.entries()) == MAX_ENTRIES * 9 // 10


def test_nobody_needs_to_listen() -> None:
    """In memory only."""
    state = TransportSecurityState(ManualWallClock(NOW))
    state.on_header("a.test", YEAR, CLEAN)
    assert state.should_upgrade("a.test")


# --- waiting


def test_there_is_nothing_to_wait_for() -> None:
    """Without a file."""
    calls: list[str] = []
    assert Rig().state.loaded.wait(lambda: calls.append("x")) == OK and not calls


def test_waiting_for_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Called once, in order; one that is called may stop another, and one that fails harms nobody."""
    state, calls = Rig().state, list[str]()
    state.loaded.is_open = False
    assert "loading" in repr(state)

    def fail() -> None:
        raise RuntimeError("a bug")

    def stop_other() -> None:
        calls.append("first")
        state.loaded.stop_waiting(never)

    def never() -> None:
        calls.append("never")

    for task in (stop_other, fail, never, lambda: calls.append("last")):
        assert state.loaded.wait(task) == ERR_IO_PENDING
    state.loaded.stop_waiting(lambda: None)
    for _ in range(2):
        state.loaded.open()
    assert calls == ["first", "last"] and state.loaded.is_open
    assert "a bug" in capsys.readouterr().err
