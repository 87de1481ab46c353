"""The request head: what goes on the wire, and what never does."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync.wire.http1_request import build_request_head, build_request_start


def test_line_and_fields_stand_in_their_order() -> None:
    """Names keep their case, duplicates stay apart, an empty line ends the head."""
    head = build_request_head("GET", "/a?b=c", [("Host", "h:81"), ("X-A", "1"), ("x-a", ""), ("B", "é\t x")])
    assert head == b"GET /a?b=c HTTP/1.1\r\nHost: h:81\r\nX-A: 1\r\nx-a: \r\nB: \xe9\t x\r\n\r\n"


def test_fields_may_come_from_any_iterable() -> None:
    """Also one that can be read only once."""
    assert build_request_head("OPTIONS", "*", iter([("Host", "h")])) == b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"
    assert build_request_head("GET", "http://h/", ()) == b"GET http://h/ HTTP/1.1\r\n\r\n"


def test_a_start_is_the_line_and_host() -> None:
    """And nothing behind it."""
    assert build_request_start("GET", "/a?b=c", "h:81") == "GET /a?b=c HTTP/1.1\r\nHost: h:81\r\n"


@pytest.mark.parametrize(
    "method, target, host, message",
    [
        ("GE T", "/", "h", "^method: "),
        ("GET /x HTTP/1.1\r\nA:", "/", "h", "^method: "),
        ("GET", "/\r\nX: y", "h", "^url: .*percent-encode"),
        ("GET", "", "h", "^url: .*percent-encode"),
        ("GET", "/", "h\r\nX: y", "^headers: the value of 'Host'"),
        ("GET", "/", "h\n", "^headers: the value of 'Host'"),
    ],
)
def test_a_start_that_is_more_than_two_lines_is_refused(method: str, target: str, host: str, message: str) -> None:
    """R16, as for a whole head."""
    with pytest.raises(ValueError, match=message):
        build_request_start(method, target, host)


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\n", "GET\0", "GÉT", "G:T", "GET /x HTTP/1.1\r\nA:"])
def test_a_method_that_is_no_token_is_refused(method: str) -> None:
    """R16: nothing of the caller's may end the line or add a part to it."""
    with pytest.raises(ValueError, match=r"^method: "):
        build_request_head(method, "/", [])


@pytest.mark.parametrize("target", ["", "/a b", "/\r\nX: y", "/\n", "/\0", "/é", "/ HTTP/1.1\r\nA: b\r\n"])
def test_a_target_with_anything_but_visible_ascii_is_refused(target: str) -> None:
    """R16; percent-encoding is the job of the URL."""
    with pytest.raises(ValueError, match=r"^url: .*percent-encode"):
        build_request_head("GET", target, [("Host", "h")])


@pytest.mark.parametrize("name", ["", " A", "A ", "A:", "A: b\r\nC", "A\r\nB", "A\nB", "A\0", "Ä", "X: y"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    """R14, R16: a colon in a name would make it another name."""
    with pytest.raises(ValueError, match=r"^headers: the name "):
        build_request_head("GET", "/", [("Host", "h"), (name, "v")])


@pytest.mark.parametrize("value", ["a\r\nB: c", "a\nb", "a\rb", "\0", "\x7f", "€", "a\r\n\r\nGET / HTTP/1.1"])
def test_a_value_with_control_characters_is_refused_and_not_shown(value: str) -> None:
    """R14, R16; a value may be a secret, so the message names the field only."""
    with pytest.raises(ValueError, match=r"^headers: the value of 'X-Token' holds") as caught:
        build_request_head("GET", "/", [("X-Token", value)])
    assert value not in str(caught.value)


@pytest.mark.parametrize("other", ["content-length", "TRANSFER-ENCODING"])
def test_two_framing_fields_are_refused(other: str) -> None:
    """R16: never send both, nor one of them twice."""
    with pytest.raises(ValueError, match="only one of Content-Length and Transfer-Encoding"):
        build_request_head("POST", "/", [("Content-Length", "5"), (other, "5")])


def test_two_hosts_are_refused() -> None:
    """R16: whoever reads them may believe either."""
    with pytest.raises(ValueError, match="Host may be sent only once"):
        build_request_head("GET", "/", [("Host", "a"), ("hOST", "a")])


_NAMES = st.text("abcXYZ019-_!~", min_size=1).map(lambda tail: "x" + tail)
_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF)).map(
    lambda value: "".join(c for c in value if not 0x7F <= ord(c) < 0xA0).strip(" \xa0")
)


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "M-SEARCH"]),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1).map(lambda path: "/" + path),
    st.lists(st.tuples(_NAMES, _VALUES)),
)
def test_another_parser_reads_what_was_built(method: str, target: str, fields: list[tuple[str, str]]) -> None:
    """h11 in the server's role gets every part back."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(build_request_head(method, target, [("Host", "h"), *fields]))
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (method.encode(), target.encode())
    expected = [("Host", "h"), *fields]
    assert [(n.decode(), v.decode("latin-1")) for n, v in request.headers.raw_items()] == expected


@settings(deadline=None)
@given(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4), st.text(max_size=4))
def test_whatever_is_built_has_the_lines_that_were_asked_for(method: str, target: str, name: str, value: str) -> None:
    """R16: no string of the caller's adds a line or moves a border; else `ValueError`."""
    try:
        head = build_request_head(method, target, [(name, value)])
    except ValueError:
        return
    request_line, field, *rest = head.decode("latin-1").split("\r\n")
    assert request_line.split(" ") == [method, target, "HTTP/1.1"]
    assert field.split(": ", 1) == [name, value]
    assert rest == ["", ""]
    assert "\n" not in request_line + field
