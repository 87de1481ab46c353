"""The answer as a value: names of requests and httpx over urllib3's interface."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from netstack_sync import Attempt, HTTPStatusError, ProxyChain, Response
from netstack_sync.fetcher.body_source import CollectedBody
from netstack_sync.fetcher.response import make_response as make_with_history
from tests.support.responses import make_request, make_response, response_info


def test_the_names_of_both_families() -> None:
    fields = (
        "Content-Type: text/plain",
        "X: 1",
        "x: 2",
        "Set-Cookie: a=1; Path=/",
        "Set-Cookie:b = 2",
        "Set-Cookie: c",
    )
    response = make_response(b"hello", headers=fields, status="404 Not Here")
    assert (response.status, response.status_code, response.ok, response.reason) == (404, 404, False, "Not Here")
    assert response.url == response.geturl() == "http://server.test/path"
    assert (response.http_version, response.version, response.version_string) == ("HTTP/1.1", 11, "HTTP/1.1")
    assert response.headers["x"] == response.getheader("X") == "1, 2"
    assert response.headers.getlist("X") == ["1", "2"]
    assert response.info() is response.getheaders() is response.headers
    assert response.cookies == {"a": "1", "b": "2"}
    assert (response.content, response.text, response.data) == (b"hello", "hello", b"hello")
    assert repr(response) == "<Response [404 Not Here] http://server.test/path>"
    assert (response.was_cached, response.proxy_chain, response.certificate) == (False, (), None)
    assert (response.connection_reused, response.remote_address, response.connection) == (False, None, None)
    assert (response.history, response.net_log_source_id, response.retries) == ([], 7, None)
    assert response.request.method == "GET"


def test_trailers_are_apart_from_headers() -> None:
    """RFC 9110 §6.5.1; found in any case of letters."""
    response = make_response(b"x", headers=("Transfer-Encoding: chunked", "A: 1"))
    assert response.chunked and not make_response().chunked
    assert len(response.trailers) == len(make_response().trailers) == 0
    lines = response._info.head.trailer_lines
    assert lines is not None
    lines += [b"A: 2\r\n", b"a: 3\r\n"]
    assert response.trailers.getlist("A") == ["2", "3"] and response.headers["a"] == "1"


def test_attempts_are_told_with_the_one_that_answered() -> None:
    """Its time runs from the first hop to the head of the last one; 0 where nothing is known."""
    request, first, last = make_request(), response_info(status="302 F"), response_info(status="200 OK")
    earlier = (Attempt(503, None, 0.5, 2.0),)
    response = make_with_history(request, last, CollectedBody([]), [first], 7, earlier)
    assert response.attempts == (*earlier, Attempt(200, None, 0.0, 0.0))
    first.timing.request_start, last.timing.request_start, last.timing.receive_headers_end = 1.0, 2.0, 4.0
    assert response.attempts == (*earlier, Attempt(200, None, 3.0, 0.0))
    assert response.history[0].attempts == (Attempt(302, None, 0.0, 0.0),)


def test_it_is_a_response_of_urllib3() -> None:
    response = make_response()
    assert isinstance(response, urllib3.BaseHTTPResponse)
    response.retries = urllib3.Retry(1).increment("GET", "/", response=make_response(status="500 No"))
    response.url = "http://other.test/"
    assert response.url == "http://other.test/"
    response.url = None
    assert response.url


@pytest.mark.parametrize(
    ("status", "fields", "is_redirect"),
    [("302 F", ("Location: /",), True), ("302 F", (), False), ("200 OK", ("Location: /",), False)],
)
def test_a_redirect_that_was_not_followed(status: str, fields: tuple[str, ...], is_redirect: bool) -> None:
    response = make_response(status=status, headers=fields)
    assert response.is_redirect is is_redirect
    assert bool(response.get_redirect_location()) is is_redirect


@pytest.mark.parametrize(("status", "kind"), [("404 Not Found", "client"), ("500 Oops", "server")])
def test_a_bad_status_is_raised_when_asked_for(status: str, kind: str) -> None:
    """The message shows no password."""
    response = make_response(status=status)
    with pytest.raises(HTTPStatusError) as caught:
        response.raise_for_status()
    assert str(caught.value) == f"{status}: {kind} error for GET http://server.test/path"
    assert caught.value.response is response
    assert make_response(status="399 Odd").raise_for_status().ok


@pytest.mark.parametrize(("url", "way"), [("http://a.test/", ", through http://p:80"), ("https://a.test/", "")])
def test_a_bad_status_may_be_that_of_a_proxy(url: str, way: str) -> None:
    """One that is handed the request answers itself where it cannot or will not go on; in a tunnel nobody does."""
    info = response_info(status="503 No", url=url)
    info.proxy_chain = ProxyChain.from_urls("http://p")
    with pytest.raises(HTTPStatusError) as caught:
        Response(make_request(url), info, CollectedBody([]), [], 7).raise_for_status()
    assert str(caught.value) == f"503 No: server error for GET {url}{way}"


def test_the_error_pickles_with_its_response() -> None:
    """A worker process hands it to its parent."""
    response = make_response(b"why", status="500 Oops", headers=("X: y",))
    assert response.read(1) == b"w"
    plain = make_response(b"why", status="500 Oops", headers=("X: y",))
    assert plain.text == "why"
    copies = [
        pickle.loads(pickle.dumps(HTTPStatusError("m", each))) for each in (plain, make_response(b"why"), response)
    ]
    assert [str(copy) for copy in copies] == ["m", "m", "m"]
    first = copies[0].response
    assert (first.status, first.content, first.headers["x"], first.read()) == (500, b"why", "y", b"why")
    assert copies[1].response.text == "why"
    with pytest.raises(RuntimeError, match="read in pieces"):
        _ = copies[2].response.content


@pytest.mark.parametrize(
    ("content_type", "body", "encoding", "text"),
    [
        ("", "\u20ac".encode(), "utf-8", "\u20ac"),
        ("text/html; charset=latin-1", b"\xe4", "latin-1", "\xe4"),
        ('text/html; charset="UTF-8"', b"\xef\xbb\xbfa", "utf-8", "a"),
        ("text/html; charset=nonsense", b"\xef\xbb\xbfa", "utf-8-sig", "a"),
        ("text/html; charset=hex", b"6162", "utf-8", "6162"),
        ("", "a".encode("utf-16"), "utf-16", "a"),
        ("", b"\xfe\xff\0a", "utf-16", "a"),
        ("", b"\0\xff", "utf-8", "\0\ufffd"),
        ("text/plain; charset=utf-8", b"a\xffb", "utf-8", "a\ufffdb"),
    ],
)
def test_text_and_its_encoding(content_type: str, body: bytes, encoding: str, text: str) -> None:
    """Content-Type, else a byte order mark, else utf-8; a mark is no part of the text; asking early spoils nothing."""
    fields = (f"Content-Type: {content_type}",) if content_type else ()
    response = make_response(body, headers=fields)
    assert response.encoding
    assert (response.text, response.encoding) == (text, encoding)
    pieces = [body[i : i + 1] for i in range(len(body))]
    assert "".join(make_response(*pieces, headers=fields).iter_text()) == text


def test_old_text_that_names_no_charset() -> None:
    """A whole body is looked at; pieces cannot wait for the end."""
    response = make_response("na\u00efve \u20ac".encode("cp1252"))
    assert (response.text, response.encoding) == ("na\u00efve \u20ac", "windows-1252")
    assert "".join(make_response(b"na\xefve").iter_text()) == "na\ufffdve"


def test_the_caller_may_set_the_encoding() -> None:
    response = make_response(b"\xe4", headers=("Content-Type: text/plain; charset=utf-8",))
    response.encoding = "latin-1"
    assert (response.text, response.encoding) == ("\xe4", "latin-1")
    response.encoding = None
    assert (response.text, response.encoding) == ("\ufffd", "utf-8")
    for bad in ("no-such", "hex"):
        with pytest.raises(LookupError, match="encoding: unknown"):
            response.encoding = bad


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_json_in_any_unicode(codec: str) -> None:
    response = make_response('{"a": 1.0}'.encode(codec))
    assert response.json() == {"a": 1.0}
    assert response.json(parse_float=str) == {"a": "1.0"}
    with pytest.raises(json.JSONDecodeError):
        make_response(b"<html>").json()
    latin = make_response('"\u00e4"'.encode("latin-1"), headers=("Content-Type: application/json; charset=latin-1",))
    assert latin.json() == "\u00e4"


def test_lines_and_text_in_pieces() -> None:
    pieces = (b"one\r", b"\ntwo\n\xe2", b"\x82\xac")
    assert list(make_response(*pieces).iter_lines()) == ["one", "two", "\u20ac"]
    assert "".join(make_response(*pieces).iter_text(2)) == "one\r\ntwo\n\u20ac"


def test_a_with_statement_closes_it_and_the_body_stays() -> None:
    with make_response(b"abc") as response:
        pass
    assert (response.closed, response.content) == (True, b"abc")


def test_elapsed_is_the_time_to_the_head() -> None:
    response = make_response()
    assert response.elapsed == timedelta(0)
    response.timing.request_start, response.timing.receive_headers_end = 1.0, 3.5
    assert response.elapsed == timedelta(seconds=2.5)


def test_history_is_a_history_at_each_step() -> None:
    infos: list[Any] = [response_info(status=f"30{n} Moved", url=f"http://h/{n}") for n in (1, 2)]
    response = make_with_history(make_request(), response_info(), CollectedBody([b"x"]), infos, 1)
    assert [hop.status for hop in response.history] == [301, 302]
    assert [[h.url for h in hop.history] for hop in response.history] == [[], ["http://h/1"]]
    assert all(isinstance(hop, Response) and hop.content == b"" for hop in response.history)


@pytest.mark.parametrize(
    "status, location, is_permanent", [(301, True, True), (308, True, True), (302, True, False), (301, False, False)]
)
def test_redirects_for_good(status: int, location: bool, is_permanent: bool) -> None:
    """As requests names them; where they lead is known to whoever made the response."""
    response = make_response(headers=("Location: /x",) if location else (), status=f"{status} X")
    assert response.is_permanent_redirect == is_permanent and response.is_redirect == location
    assert response.next_request is None and response.next is None
