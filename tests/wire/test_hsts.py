"""The formats of HSTS: Chromium's http_security_headers_unittest.cc, transport_security_persister_unittest.cc."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.wire.hsts import (
    MAX_AGE_S,
    DamagedHostsError,
    HstsEntry,
    HstsPolicy,
    PreloadedHost,
    format_known_hosts,
    parse_known_hosts,
    parse_preload_list,
    parse_strict_transport_security,
)

# --- the header


@pytest.mark.parametrize(
    "value",
    [
        "", "    ", "abc", "  abc", "  abc   ", "max-age", "  max-age", "  max-age  ", "max-age=", "   max-age=",
        "   max-age  =", "   max-age=   ", "   max-age  =     ", "   max-age  =     xy", "   max-age  =     3488a923",
        "max-age=3488a923  ", "max-ag=3488923", "max-aged=3488923", "max-age==3488923", "amax-age=3488923",
        "max-age=-3488923", "max-age=+3488923", "max-age=13####", "max-age=9223372036854775807#",
        "max-age=3488923     e",
        "max-age=3488923     includesubdomain", "max-age=3488923includesubdomains", "max-age=3488923=includesubdomains",
        "max-age=3488923 includesubdomainx", "max-age=3488923 includesubdomain=",
        "max-age=3488923 includesubdomain=true",
        "max-age=3488923 includesubdomainsx", "max-age=3488923 includesubdomains x",
        "max-age=34889.23 includesubdomains",
        "max-age=34889 includesubdomains", ";;;; ;;;", ";;;; includeSubDomains;;;", "   includeSubDomains;  ",
        ";", "max-age; ;includeSubDomains", "max-age=\u0663", "max-age=1,max-age=2", 'max-age="1', 'max-age="a"',
        'max-age="1"2', 'max-age=""', 'max-age=1; x="y', "max-age=1; =2", "max-age=1; x=", "max-age=1; x y",
        "max-age=1; x[",
        "max-age=1; x=[", "max-age=1; includesubdomains=", "max-age=1; includesubdomains=true",
        'max-age=1; includesubdomains=""', '"max-age"=1', "max-age=1\n2", "max-age=1 2", "max-age=0x10", "max-age=1_0",
    ],
)  # fmt: skip
def test_what_does_not_conform_is_ignored(value: str) -> None:
    """RFC 6797 §6.1: the whole header, also for the sake of a directive that nobody knows."""
    assert parse_strict_transport_security(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "max-age=1; max-age=1", "max-age=1; max-age=2", "includesubdomains; max-age=1; includeSubDomains",
        "max-age=1; x; X", "max-age=1; x=1; y; x=1", "max-age=1; max-age",
    ],
)  # fmt: skip
def test_a_directive_that_is_there_twice(value: str) -> None:
    """RFC 6797 §6.1 rule 2: invalidates the whole, in whatever case it is written."""
    assert parse_strict_transport_security(value) is None


@pytest.mark.parametrize(
    "value, max_age_s, include_subdomains",
    [
        ("max-age=243", 243, False), ("  Max-agE    = 567", 567, False), ("  mAx-aGe    = 890      ", 890, False),
        ("max-age=123;incLudesUbdOmains", 123, True), ("incLudesUbdOmains; max-age=123", 123, True),
        ("   incLudesUbdOmains; max-age=123", 123, True), ("max-age=123;  incLudesUbdOmains", 123, True),
        ("max-age=394082;  incLudesUbdOmains  ", 394082, True),
        ("max-age=39408299  ;incLudesUbdOmains", MAX_AGE_S, True),
        (" max-age=394082038  ; incLudesUbdOmains  ", MAX_AGE_S, True), (";max-age=24 ; ;; ;", 24, False),
        ("max-age=0", 0, False), ("max-age=0  ;  incLudesUbdOmains   ", 0, True), ("max-age=000", 0, False),
        ("max-age=999999999999999999999999999999999999999999999", MAX_AGE_S, False),
        ("max-age=" + "9" * 9999, MAX_AGE_S, False),
        ("max-age=" + "0" * 9999 + "7", 7, False), (f"max-age={MAX_AGE_S}", MAX_AGE_S, False),
        (f"max-age={MAX_AGE_S + 1}", MAX_AGE_S, False),
        ("max-age=31536000; includeSubDomains; preload", MAX_AGE_S, True),
        ('max-age="123"', 123, False), (r'max-age="1\23"', 123, False), ('max-age = "9" ; x="a;b\\";c"', 9, False),
        ("max-age=5; unknown=token; other", 5, False), ('max-age=5; x=""', 5, False), ("\tmax-age=5\t;\tx", 5, False),
    ],
)  # fmt: skip
def test_what_conforms(value: str, max_age_s: int, include_subdomains: bool) -> None:
    """RFC 6797 §6.1: in any order and case, quoted or not; a year is the most, and unknown directives do no harm."""
    assert parse_strict_transport_security(value) == HstsPolicy(max_age_s, include_subdomains)


@pytest.mark.parametrize("junk", [" ", "\t", "a", ";", "a=", "a=b", '"', 'x="', "x=\\", ' x="\\'])
def test_a_hostile_header_costs_linear_time(junk: str) -> None:
    """A quarter of a megabyte, as much as a head may have; a parser that goes back would take hours."""
    assert parse_strict_transport_security(junk * (1 << 17) + "\0") is None


@given(st.text(st.sampled_from('max-ge=10; \t"\\includsbDo,x'), max_size=40))
def test_any_text_is_read_or_ignored(value: str) -> None:
    """Nothing raises; an empty directive at either end changes nothing."""
    policy = parse_strict_transport_security(value)
    assert policy is None or 0 <= policy.max_age_s <= MAX_AGE_S
    assert parse_strict_transport_security(f"; {value}") == policy
    if not value.endswith("\\"):
        assert parse_strict_transport_security(f"{value} ;") == policy


# --- the file of known hosts

KEY, OTHER = bytes(range(32)), b"x" * 32


def file_with(*hosts: object, version: object = 2) -> bytes:
    return json.dumps({"version": version, "sts": list(hosts)}).encode()


def host(**changes: object) -> dict[str, object]:
    known: dict[str, object] = {
        "host": b64encode(KEY).decode(),
        "mode": "force-https",
        "sts_include_subdomains": True,
        "sts_observed": 10.5,
        "expiry": 20.0,
    }
    return {**known, **changes}


@given(
    st.dictionaries(
        st.binary(min_size=32, max_size=32),
        st.builds(
            HstsEntry,
            st.floats(allow_nan=False, allow_infinity=False),
            st.floats(allow_nan=False, allow_infinity=False),
            st.booleans(),
            st.booleans(),
        ),
    )
)
def test_what_is_written_is_read(entries: dict[bytes, HstsEntry]) -> None:
    """Rule R9: every attribute of every entry."""
    assert parse_known_hosts(format_known_hosts(entries)) == entries


def test_the_file_is_chromiums() -> None:
    """Version 2 of its "TransportSecurity", with what it knows besides."""
    data = json.dumps({"expect_ct": [], "sts": [host()], "version": 2}).encode()
    assert parse_known_hosts(data) == {KEY: HstsEntry(10.5, 20.0, True)}
    (written,) = json.loads(format_known_hosts({KEY: HstsEntry(10.5, 20.0, True)}))["sts"]
    assert written == host()


@pytest.mark.parametrize(
    "bad",
    [
        7, None, [], {}, host(host=7), host(host="!"), host(host="AAAA"), host(host="\u00e9"), host(mode="strict"),
        host(mode=None), host(mode=[]), host(sts_include_subdomains=1), host(sts_observed=None),
        host(sts_observed=True),
        host(expiry="soon"), host(expiry=float("nan")), host(expiry=float("inf")), host(expiry=10**400),
    ],
)  # fmt: skip
def test_entries_that_make_no_sense(bad: object) -> None:
    """Left out; the others are read."""
    good = host(host=b64encode(OTHER).decode(), mode="default", expiry=9)
    assert parse_known_hosts(file_with(bad, good)) == {OTHER: HstsEntry(10.5, 9.0, True, False)}


@pytest.mark.parametrize(
    "data",
    [b"{}", b"[]", b"null", b"\xff", b"text", b'{"version": 2}', b'{"version": 2, "sts": {}}', file_with(version=1),
     file_with(version="2"), b"[" * 100_000, b'{"version": 3, "sts": [', b'{"name": "x", "sts": [', b'{"stsx": ['],
)  # fmt: skip
def test_what_is_no_such_file(data: bytes) -> None:
    """Said, so that nobody overwrites it."""
    with pytest.raises(ValueError) as caught:
        parse_known_hosts(data)
    assert not isinstance(caught.value, DamagedHostsError)


@given(size=st.integers(1, 100), is_ours=st.booleans())
def test_what_was_such_a_file_once(size: int, is_ours: bool) -> None:
    """Is told from what is somebody else's, wherever it was cut off; Chromium's begins without a version."""
    written = format_known_hosts({KEY: HstsEntry(10.5, 20.0, True)})
    chromiums = json.dumps({"sts": [host()], "version": 2}).encode()
    data = written[:size] if is_ours else chromiums[: size + len(b'{"sts": [')]
    with pytest.raises(DamagedHostsError, match="it is damaged: "):
        parse_known_hosts(data)
    with pytest.raises(DamagedHostsError):
        parse_known_hosts(b'{"version": 2, "sts": [' + b"[" * 100_000)
    with pytest.raises(DamagedHostsError):
        parse_known_hosts(b'{"version": 2, "sts": [\xff]}')


@pytest.mark.parametrize("data", [b"", b" \r\n", bytes(4096)])
def test_what_holds_nothing(data: bytes) -> None:
    """A new file, and what a machine that stopped may have left."""
    assert parse_known_hosts(data) == {}


# --- the preload list


def test_the_list_of_chromium() -> None:
    """Its comments and its entries; those without the mode are for pins."""
    text = """
    // Copyright
    {
      "pinsets": [],
      // Hosts
      "entries": [
        { "name": "a.test", "policy": "test", "mode": "force-https", "include_subdomains": true },
        { "name": "pins.test", "policy": "google", "include_subdomains": true, "pins": "google" },
        // http://comment.test/ is no entry
        { "name": "b.test", "policy": "test", "mode": "force-https" }
      ]
    }
    """
    assert parse_preload_list(text) == [
        PreloadedHost("a.test", True, "entry 1 ('a.test')"),
        PreloadedHost("b.test", False, "entry 3 ('b.test')"),
    ]
    assert parse_preload_list('{"entries": []}') == []


def test_a_list_of_lines() -> None:
    """A dot or "*." includes the subdomains; blanks and comments do not matter."""
    text = "# ours\n\n a.test\n.b.test # with all below\r\n*.c.test\n"
    assert parse_preload_list(text) == [
        PreloadedHost("a.test", False, "line 3"),
        PreloadedHost("b.test", True, "line 4"),
        PreloadedHost("c.test", True, "line 5"),
    ]
    assert parse_preload_list("") == []


def test_a_star_alone_is_no_mark() -> None:
    """It stays, for whoever judges names."""
    assert [entry.name for entry in parse_preload_list("*a.test\n*\n..b.test")] == ["*a.test", "*", ".b.test"]


@pytest.mark.parametrize(
    "text, said",
    [
        ("{\n\n}}", "line 3: "),
        ("// a\n// b\n{\n7}", "line 4: "),
        ("{}", 'line 1: .*"entries"'),
        ('{"entries": {}}', 'line 1: .*"entries"'),
        ("//", "line 1: "),
        ('{"a":' * 100_000, "line 1: nested"),
        ('{"entries": [{"name": "a.test"}, 7]}', 'entry 2: .*"name".*7'),
        ('{"entries": [{"mode": "force-https"}]}', "entry 1: "),
        ('{"entries": [{"name": "a.test", "include_subdomains": 1}]}', r"entry 1 \('a.test'\): include_subdomains"),
    ],
)
def test_a_bad_list_says_where(text: str, said: str) -> None:
    """The line, or the entry, which may stand in one line with all others."""
    with pytest.raises(ValueError, match=said):
        parse_preload_list(text)


def test_what_is_known_of_a_server_from_now_on() -> None:
    """Until as much later as it promised."""
    assert HstsPolicy(60, True).entry(1000.0) == HstsEntry(1000.0, 1060.0, True)
