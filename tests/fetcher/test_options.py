"""The arguments of a fetch, each checked before anything is sent, each refusal naming its argument."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync import InvalidURL
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.url import Url
from netstack_sync.fetcher.options import (
    FetchOptions,
    body_and_headers,
    check_flag,
    check_max_redirects,
    check_max_response_size,
    check_method,
    check_url,
    header_pairs,
    merged_headers,
    merged_params,
    session_params,
    with_params,
    without_session_cookie,
)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/",
        "file:///etc/passwd",
        "data:,x",
        "h/path",
        "",
        "http://",
        "http:///path",
        "http://h:0/",
        "http://h:70000/",
        "http://h:x/",
        "http://h\r\n.test/",
        "http://a b/",
        "http://h/a\r\nX: y",
        "http://h/a\nb",
        None,
        5,
        b"http://h/",
    ],
)
def test_a_url_that_cannot_be_fetched_is_refused(url: Any) -> None:
    """Unknown scheme, empty host, port 0 or 70000, line ends, no text."""
    with pytest.raises(InvalidURL, match=r"(?i)url"):
        check_url(url)


def test_a_url_may_be_relative_to_a_base() -> None:
    base = check_url("https://h/api/")
    assert check_url("v1/items?a=1", base).href == "https://h/api/v1/items?a=1"
    assert check_url("/root", base).href == "https://h/root"
    assert check_url("http://other/", base).host == "other"
    with pytest.raises(InvalidURL, match="scheme 'ftp'"):
        check_url("ftp://h/", base)


def test_methods() -> None:
    """Known ones in capitals, as users type them; others as they are (RFC 9110 9.1)."""
    assert [check_method(m) for m in ("get", "POST", "Propfind", "M-SEARCH")] == ["GET", "POST", "Propfind", "M-SEARCH"]
    bad: list[Any] = ["", "A B", "GET\r\n", "G\xe4", None, 5]
    for method in bad:
        with pytest.raises(ValueError, match=r"method: .* is not a token"):
            check_method(method)
    with pytest.raises(ValueError, match="method: CONNECT"):
        check_method("connect")


def test_params_are_added_to_the_query() -> None:
    url = Url.parse("http://h/?a=1#f")
    assert with_params(url, {"b": [1, 2], "c": None}).href == "http://h/?a=1&b=1&b=2#f"
    bad: list[Any] = [5, ["x"], {"a": "\ud800"}]
    for params in bad:
        with pytest.raises((TypeError, ValueError), match="params: "):
            with_params(url, params)
    with pytest.raises(InvalidURL):
        with_params(url, "x" * 3_000_000)


@pytest.mark.parametrize("params", [{"a": "1"}, [("a", "1")], "a=1"])
def test_params_of_a_session_are_its_own(params: Any) -> None:
    """Whoever changes what was passed changes no session."""
    kept = session_params(params)
    assert kept == params
    assert isinstance(params, str) or kept is not params


def test_params_of_a_session_that_are_none_or_cannot_be() -> None:
    assert (session_params(None), session_params({}), session_params("")) == (None, None, None)
    assert session_params(iter([("a", "1")])) == [("a", "1")]
    with pytest.raises(TypeError, match="params: pass a mapping"):
        session_params(5)  # type: ignore[arg-type]


def test_params_of_a_request_go_over_those_of_the_session() -> None:
    """By name where both have names; else one after the other."""
    assert merged_params(None, None) == []
    assert merged_params({"a": "1", "b": "2"}, {"b": None}) == [{"a": "1", "b": None}]
    assert merged_params({"a": "1"}, "b=2") == [{"a": "1"}, "b=2"]


@pytest.mark.parametrize("value", [0, 1, "yes", None])
def test_a_flag_is_a_bool(value: object) -> None:
    """What only counts as true is most often something else that was meant."""
    assert (check_flag("ftp", True), check_flag("ftp", False)) == (True, False)
    with pytest.raises(TypeError, match=f"ftp: must be True or False, not {value!r}"):
        check_flag("ftp", value)


@pytest.mark.parametrize("value", [-1, 1.5, "3", True, None])
def test_max_redirects_is_a_count(value: object) -> None:
    assert check_max_redirects(0) == 0
    with pytest.raises(ValueError, match="max_redirects: must be a whole number"):
        check_max_redirects(value)


@pytest.mark.parametrize("value", [0, -1, 1.5, "3", True])
def test_max_response_size_is_a_number_of_bytes(value: object) -> None:
    assert (check_max_response_size(1), check_max_response_size(None)) == (1, None)
    with pytest.raises(ValueError, match="max_response_size: must be a positive number"):
        check_max_response_size(value)


def test_headers_of_a_request_go_over_those_of_the_session() -> None:
    """None takes one away; repeated ones stay; without own ones nothing is copied."""
    defaults = RequestHeaders([("A", "1"), ("B", "2"), ("C", "3")])
    assert merged_headers(defaults, [], None) is defaults
    own: Any = [("a", "x"), ("B", None), ("D", "4"), ("D", "5")]
    assert sorted(merged_headers(defaults, own, "Basic x").items()) == [
        ("Authorization", "Basic x"),
        ("C", "3"),
        ("D", "4"),
        ("D", "5"),
        ("a", "x"),
    ]
    assert defaults.get("B") == "2"
    assert merged_headers(defaults, [], "Basic x").get("authorization") == "Basic x"
    assert merged_headers(defaults, [("Authorization", "own")], "Basic x").get("authorization") == "Basic x"


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nb"}, {"X": "a\nb"}, {"X\r\n": "a"}, {"X": 5}, {"": "a"}, {"X": "\u20ac"}]
)
def test_a_header_that_http_does_not_allow_is_refused(headers: Any) -> None:
    with pytest.raises(ValueError, match="header '"):
        merged_headers(RequestHeaders(), header_pairs(headers), None)


@pytest.mark.parametrize("headers", [5, "X: y", ["X: y"], [("X",)]])
def test_headers_of_another_kind_are_refused(headers: Any) -> None:
    with pytest.raises(TypeError, match="headers: pass a mapping"):
        merged_headers(RequestHeaders(), header_pairs(headers), None)


def _framed(options: FetchOptions, **headers: str) -> tuple[int | None, list[tuple[str, str]]]:
    named = RequestHeaders([(name.replace("_", "-"), value) for name, value in headers.items()])
    body, merged = body_and_headers(options, named)
    return (-1 if body is None else body.size), merged.items()


def test_the_body_brings_its_type_unless_the_caller_has_one() -> None:
    assert _framed({"json": 1}) == (1, [("Content-Type", "application/json")])
    assert _framed({"json": 1}, content_type="x/y") == (1, [("content-type", "x/y")])
    assert _framed({"content": b"ab"}) == (2, [])
    assert _framed({}, a="b") == (-1, [("a", "b")])


def test_framing_headers_are_ours() -> None:
    """Rule R16: one that agrees is taken out, one that does not is refused."""
    assert _framed({"content": b"ab"}, Content_Length="2") == (2, [])
    assert _framed({}, Content_Length="0") == (-1, [])
    assert _framed({"content": iter([b"ab"])}, Content_Length="2") == (2, [])
    assert _framed({"content": iter([b"ab"])}, Transfer_Encoding="Chunked") == (None, [])


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({"content": b"ab"}, {"Content-Length": "3"}),
        ({"content": b"ab"}, {"Content-Length": "+2"}),
        ({"content": b"ab"}, {"Content-Length": "\xb2"}),
        ({"content": iter([b"ab"])}, {"Content-Length": "9" * 5000}),
        ({}, {"Content-Length": "1"}),
        ({"content": b"ab"}, {"Transfer-Encoding": "chunked"}),
        ({}, {"Transfer-Encoding": "chunked"}),
        ({"content": iter([b""])}, {"Transfer-Encoding": "gzip"}),
        ({"content": iter([b""])}, {"Transfer-Encoding": "chunked", "Content-Length": "5"}),
    ],
)
def test_framing_that_does_not_fit_is_refused(options: Any, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"headers: (Content-Length|Transfer-Encoding)"):
        body_and_headers(options, RequestHeaders(headers))


def test_a_list_of_header_changes() -> None:
    """An iterator is looked at once; nothing is nothing."""
    assert header_pairs(None) == []
    assert header_pairs({"A": "1"}) == header_pairs(iter([("A", "1")])) == [("A", "1")]


def test_a_request_has_one_host() -> None:
    """Rule R16: of the session and of the request together."""
    session = RequestHeaders([("Host", "a.test")])
    assert merged_headers(session, [("host", "b.test")], None).items() == [("host", "b.test")]
    with pytest.raises(ValueError, match="Host may be given only once"):
        merged_headers(session, [("host", "b"), ("Host", "c")], None)


def test_cookies_go_before_a_cookie_header_of_the_sessions() -> None:
    """But two of one request contradict each other; one of None takes the session's away."""
    plain, header = RequestHeaders([("A", "b")]), RequestHeaders([("A", "b"), ("Cookie", "c"), ("cookie", "d")])
    assert without_session_cookie(plain, []) is plain
    assert without_session_cookie(header, [("Cookie", None), ("X", "y")]).items() == [("A", "b")] and len(header) == 3
    with pytest.raises(ValueError, match="cookies: the request has a Cookie header too"):
        without_session_cookie(header, [("COOKIE", "x")])


def test_a_url_object_is_refused_with_its_text() -> None:
    """`request.url` is one, and whoever passes it on is told what to pass."""
    with pytest.raises(InvalidURL, match=r"url: must be a string, not Url; pass str\(url\)$"):
        check_url(Url.parse("http://h/"))  # type: ignore[arg-type]
    with pytest.raises(InvalidURL, match=r"url: must be a string, not bytes$"):
        check_url(b"http://h/")  # type: ignore[arg-type]


def test_headers_of_a_request_may_be_those_of_another() -> None:
    """`response.request.headers` passed on; a bad type still says what to pass."""
    assert header_pairs(RequestHeaders([("A", "1"), ("a", "2")])) == [("A", "1"), ("a", "2")]
