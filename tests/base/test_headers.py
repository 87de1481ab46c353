"""Header collections: order, case, duplicates, and what is refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import cast

import pytest

from netstack_sync.base.headers import RequestHeaders, ResponseHeaders

PAIRS = [("Accept", "*/*"), ("X-A", "1"), ("accept", "text/html"), ("Host", "h")]
RAW = b"Content-Type: text/html\r\nSet-Cookie: a=1\r\nset-cookie:b=2\r\nVary:\t a , b \r\nEmpty:\r\n"


def test_fields_keep_order_case_and_duplicates() -> None:
    """What goes in comes out."""
    headers = RequestHeaders(PAIRS)
    assert headers.items() == PAIRS
    assert list(headers) == ["Accept", "X-A", "accept", "Host"]
    assert len(headers) == 4


def test_names_are_found_in_any_case() -> None:
    """RFC 9110 §5.1; values of one name are joined (§5.3)."""
    headers = RequestHeaders(PAIRS)
    assert "ACCEPT" in headers
    assert "b" not in headers
    assert 1 not in headers
    assert headers.get("aCCept") == "*/*, text/html"
    assert headers.get("x-a") == "1"
    assert headers.get("b") is None
    assert headers.get("b", "c") == "c"


def test_headers_are_made_of_a_mapping_pairs_headers_or_nothing() -> None:
    """Bytes are taken as latin-1: the way out for any other encoding."""
    mapping: dict[str, str | bytes] = {"a": "1", "b": b"\xe2\x82\xac"}
    assert RequestHeaders(mapping).items() == [("a", "1"), ("b", "â\x82¬")]
    assert RequestHeaders(RequestHeaders(PAIRS)).items() == PAIRS
    assert RequestHeaders().items() == RequestHeaders(None).items() == []


def test_set_replaces_all_of_a_name_in_the_place_of_the_first() -> None:
    """No duplicate survives."""
    headers = RequestHeaders(PAIRS)
    headers.set("ACCEPT", "b")
    assert headers.items() == [("ACCEPT", "b"), ("X-A", "1"), ("Host", "h")]
    headers.set("c", "d")
    assert headers.items()[-1] == ("c", "d")


def test_set_default_leaves_what_is_there() -> None:
    """The user's header wins over ours."""
    headers = RequestHeaders({"A": "1"})
    headers.set_default("a", "2")
    headers.set_default("b", "3")
    assert headers.items() == [("A", "1"), ("b", "3")]


def test_remove_drops_every_occurrence() -> None:
    """Rule R5: a credential dropped on a redirect must not survive as a duplicate."""
    headers = RequestHeaders(PAIRS)
    headers.remove("aCCEPT")
    headers.remove("none")
    assert headers.items() == [("X-A", "1"), ("Host", "h")]


def test_update_replaces_the_names_it_brings() -> None:
    """Duplicates that it brings are kept."""
    headers = RequestHeaders(PAIRS)
    headers.update([("accept", "1"), ("Accept", "2"), ("d", "3")])
    assert headers.items() == [("X-A", "1"), ("Host", "h"), ("accept", "1"), ("Accept", "2"), ("d", "3")]
    headers.update(None)
    assert len(headers) == 5


def test_changes_go_over_a_copy() -> None:
    """As in update(); None takes a field away, and is no obstacle to another of that name."""
    headers = RequestHeaders(PAIRS)
    changed = headers.with_changes([("accept", "1"), ("Accept", "2"), ("host", None), ("d", None), ("d", b" 3 ")])
    assert changed.items() == [("X-A", "1"), ("accept", "1"), ("Accept", "2"), ("d", "3")]
    assert headers.items() == list(PAIRS)
    assert changed.has_any(frozenset({"accept", "host"})) and not changed.has_any(frozenset({"host", "x-b"}))
    with pytest.raises(ValueError, match="header 'a'"):
        headers.with_changes([("a", "b\n")])


def test_a_copy_leads_a_life_of_its_own() -> None:
    """Neither sees what happens to the other."""
    headers = RequestHeaders(PAIRS)
    copy = headers.copy()
    copy.remove("host")
    headers.items().clear()
    assert headers.items() == PAIRS
    assert "host" not in copy


def test_a_repr_shows_names_only() -> None:
    """Values may be secrets, and reprs end up in logs."""
    assert repr(RequestHeaders({"Host": "h", "Cookie": "secret"})) == "<RequestHeaders Host, Cookie>"
    assert repr(RequestHeaders()) == "<RequestHeaders (none)>"
    assert repr(ResponseHeaders(b"Set-Cookie: secret\r\n")) == "<ResponseHeaders Set-Cookie>"


def test_blanks_around_a_value_are_dropped() -> None:
    """They are no part of it (RFC 9110 §5.5); those inside are."""
    assert RequestHeaders({"a": " \tb\t c "}).get("a") == "b\t c"


@pytest.mark.parametrize("name", ["", "a b", "a:", "ä", "a\r\nb", "a\n", "a\0"])
@pytest.mark.parametrize("method", [RequestHeaders.add, RequestHeaders.set, RequestHeaders.set_default])
def test_a_bad_name_is_refused(method: Callable[[RequestHeaders, str, str], None], name: str) -> None:
    """Rule R14: whoever can choose a name cannot add a second header."""
    headers = RequestHeaders()
    with pytest.raises(ValueError) as caught:
        method(headers, name, "v")
    assert f"header {name!r}: the name must be" in str(caught.value)
    assert len(headers) == 0


@pytest.mark.parametrize("char", ["\r", "\n", "\0", "\x01", "\x1f", "\x7f"])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_control_character_in_a_value_is_refused_and_named(char: str, as_bytes: bool) -> None:
    """Rule R14; the error names the header and the place, not the value."""
    headers = RequestHeaders({"x-token": "old"})
    value = f"secret{char}x"
    with pytest.raises(ValueError) as caught:
        headers.set("X-Token", value.encode() if as_bytes else value)
    assert str(caught.value) == (f"header 'X-Token': the value holds the control character {char!r} at position 6")
    assert headers.items() == [("x-token", "old")]


@pytest.mark.parametrize("value", ["€", "a\u0100", "\ud800"])
def test_a_value_beyond_latin_1_is_refused_with_the_way_out(value: str) -> None:
    """Guessing an encoding would send something else than was meant."""
    with pytest.raises(ValueError, match=r"header 'a': .*latin-1 cannot express; encode .* pass bytes"):
        RequestHeaders({"a": value})


@pytest.mark.parametrize("value", [1, None, ["a"]])
def test_a_value_of_another_type_is_refused(value: object) -> None:
    """Not turned into a str: None would be sent as "None"."""
    with pytest.raises(ValueError, match="header 'a': the value must be str or bytes, not "):
        RequestHeaders({"a": cast("str", value)})


@pytest.mark.parametrize("name", [1, None, b"a"])
def test_a_name_of_another_type_is_refused(name: object) -> None:
    """By every method that takes a new field."""
    for method in (RequestHeaders.add, RequestHeaders.set, RequestHeaders.set_default):
        with pytest.raises(ValueError, match="the name must be"):
            method(RequestHeaders(), cast("str", name), "v")


def test_a_response_block_is_read_when_asked_for() -> None:
    """Order and case are the server's; blanks around values are gone."""
    headers = ResponseHeaders(RAW)
    assert headers.raw == RAW
    assert headers.items() == [
        ("Content-Type", "text/html"),
        ("Set-Cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("Vary", "a , b"),
        ("Empty", ""),
    ]
    assert len(headers) == 5
    assert list(headers) == ["Content-Type", "Set-Cookie", "set-cookie", "Vary", "Empty"]


def test_response_fields_are_found_in_any_case() -> None:
    """One value per line with get_all, joined with get."""
    headers = ResponseHeaders(RAW)
    assert headers.get("CONTENT-TYPE") == "text/html"
    assert headers.get("set-cookie") == "a=1, b=2"
    assert headers.get("empty", "x") == ""
    assert headers.get("none") is None
    assert headers.get("none", "x") == "x"
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert headers.get_all("none") == []
    assert "vary" in headers
    assert "none" not in headers
    assert 1 not in headers


def test_what_is_not_there_is_known_without_reading() -> None:
    """In any case; what stands in a value may be a name as well."""
    headers = ResponseHeaders(b"Set-Cookie: a=1\r\nA: location\r\n")
    assert headers.may_have(b"set-cookie") and headers.may_have(b"location")
    assert not headers.may_have(b"content-encoding")


def test_what_every_answer_is_asked_for_is_noted() -> None:
    """Names alone, in lower case; a parser that has met them says so."""
    assert ResponseHeaders(b"SET-Cookie: a=1\r\nA: keep-alive:\r\n").noted == (b"set-cookie",)
    assert ResponseHeaders.from_items([("A", "b"), ("Content-Encoding", "gzip")]).noted == (b"content-encoding",)
    assert ResponseHeaders(b"").noted == () and ResponseHeaders(b"A: b\r\n", (b"keep-alive",)).noted == (b"keep-alive",)


def test_what_is_returned_is_a_copy() -> None:
    """Response headers do not change."""
    headers = ResponseHeaders(RAW)
    headers.items().clear()
    headers.get_all("set-cookie").clear()
    assert len(headers.items()) == 5
    assert len(headers.get_all("set-cookie")) == 2


@pytest.mark.parametrize("raw", [b"", b"\r\n"])
def test_a_response_may_have_no_headers(raw: bytes) -> None:
    """With or without the final empty line."""
    assert ResponseHeaders(raw).items() == []
    assert repr(ResponseHeaders(raw)) == "<ResponseHeaders (none)>"
    assert ResponseHeaders(b"a: b" + raw).items() == [("a", "b")]


def test_a_value_may_hold_colons_and_any_byte_above_ascii() -> None:
    """One character a byte."""
    assert ResponseHeaders(b"a: b:c\xe4\r\n").get("a") == "b:cä"


def test_response_headers_made_of_pairs_equal_those_off_the_wire() -> None:
    """For answers that came as pairs or were made up."""
    headers = ResponseHeaders.from_items([("A", "1"), ("a", b"\xe4"), ("B", " 2 ")])
    assert headers.raw == b"A: 1\r\na: \xe4\r\nB: 2\r\n"
    assert headers.items() == [("A", "1"), ("a", "ä"), ("B", "2")]


@pytest.mark.parametrize("pair", [("a b", "c"), ("a", "b\r\nc: d"), ("a", "€")])
def test_response_headers_made_of_pairs_are_checked(pair: tuple[str, str]) -> None:
    """Rule R14 holds in both directions."""
    with pytest.raises(ValueError, match="header "):
        ResponseHeaders.from_items([pair])


def test_both_collections_pickle() -> None:
    """Exceptions carry requests, and exceptions cross processes."""
    assert pickle.loads(pickle.dumps(RequestHeaders(PAIRS))).items() == PAIRS
    headers = ResponseHeaders(RAW)
    assert headers.get("vary")
    assert pickle.loads(pickle.dumps(headers)).items() == headers.items()


def test_a_name_that_is_no_text_is_refused() -> None:
    """Told apart from one with bad characters: bytes may have been good ones."""
    with pytest.raises(ValueError, match=r"header b'A': the name must be str, not bytes"):
        RequestHeaders([(b"A", "1")])  # type: ignore[list-item]


def test_it_reads_as_a_mapping() -> None:
    """Code that logs or checks what was sent takes it for one: in any case of letters, several values joined."""
    headers = RequestHeaders([("Accept", "a"), ("X", "1"), ("accept", "b")])
    assert headers["ACCEPT"] == "a, b" and headers["x"] == "1"
    assert dict(headers) == {"Accept": "a, b", "X": "1"}
    with pytest.raises(KeyError, match="Y"):
        headers["Y"]
