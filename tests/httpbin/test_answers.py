"""Answers in all their forms: statuses, formats, codings, cache headers, streams, ranges, images."""

from __future__ import annotations

import json
import time

import pytest
import requests

import netstack_sync
from tests.support.side_by_side import SideBySide

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

_STATUSES = [200, 201, 202, 203, 204, 205, 206, 207, 226, 300, 304, 400, 401, 402, 403, 404, 405, 406, 407, 409, 410]
_STATUSES += [411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504]
_STATUSES += [505, 511, 599, 799]


@pytest.mark.parametrize("status", _STATUSES)
def test_statuses(both: SideBySide, status: int) -> None:
    """An answer is an answer, whatever its number."""
    assert both.same("GET", f"/status/{status}").status == status


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [200, 204, 304, 404, 418])
def test_statuses_of_other_methods(both: SideBySide, method: str, status: int) -> None:
    """Without a body, or with one that is not there: the next request on the connection works."""
    data = None if method == "HEAD" else "body"
    both.same(method, f"/status/{status}", data=data)
    assert both.same("GET", "/get").status == 200
    assert both.ours.stats().sockets_opened == 1


@pytest.mark.parametrize("status", [400, 404, 418, 500, 503])
def test_raise_for_status(both: SideBySide, status: int) -> None:
    """Both raise, and the error has the response."""
    with pytest.raises(netstack_sync.HTTPStatusError) as ours:
        both.ours.get(both.url(f"/status/{status}")).raise_for_status()
    with pytest.raises(requests.HTTPError):
        both.theirs.get(both.url(f"/status/{status}")).raise_for_status()
    assert ours.value.response.status_code == status


_PAGES = ["/html", "/xml", "/json", "/robots.txt", "/deny", "/encoding/utf8", "/ip", "/user-agent", "/headers"]
_PAGES += ["/base64/SFRUUEJJTiBpcyBhd2Vzb21l", "/links/5/0", "/links/5", "/forms/post", "/nowhere"]


@pytest.mark.parametrize("path", _PAGES)
def test_formats(both: SideBySide, path: str) -> None:
    """Text is decoded alike, and JSON gives the same value."""
    both.same("GET", path)
    if path == "/json":
        ours, theirs = both.ours.get(both.url(path)), both.theirs.get(both.url(path))
        assert ours.json() == theirs.json() and ours.ok and theirs.ok


def test_json_of_something_else(both: SideBySide) -> None:
    """ValueError in both."""
    for session in (both.ours, both.theirs):
        with pytest.raises(ValueError):
            session.get(both.url("/html")).json()


@pytest.mark.parametrize("coding, key", [("gzip", "gzipped"), ("deflate", "deflated"), ("brotli", "brotli")])
def test_codings(both: SideBySide, coding: str, key: str) -> None:
    """Decoded without asking; the header still says what came."""
    facts = both.same("GET", f"/{coding}")
    assert json.loads(facts.content)[key] is True
    assert facts.headers["content-encoding"] == ("br" if coding == "brotli" else coding)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "brotli"])
def test_raw_bytes_of_a_coding(both: SideBySide, coding: str) -> None:
    """What came over the wire can be had too."""
    url = both.url(f"/{coding}")
    with both.ours.stream("GET", url) as ours, both.theirs.get(url, stream=True) as theirs:
        assert b"".join(ours.iter_raw()) == theirs.raw.read(decode_content=False)


@pytest.mark.parametrize("path", ["/image/png", "/image/jpeg", "/image/webp", "/image/svg"])
def test_images(both: SideBySide, path: str) -> None:
    """Byte for byte."""
    both.same("GET", path)


@pytest.mark.parametrize("accept", ["image/webp", "image/svg+xml", "image/jpeg", "image/*", "text/plain"])
def test_image_by_accept(both: SideBySide, accept: str) -> None:
    """The header of one request goes over that of the session."""
    both.same("GET", "/image", headers={"Accept": accept})


@pytest.mark.parametrize("params", [{"X-One": "1"}, {"Link": "<x>; rel=next", "a": "é"}, [("X", "1"), ("X", "2")]])
def test_response_headers(both: SideBySide, params: object) -> None:
    """Also one that comes twice."""
    both.same("GET", "/response-headers", params=params)


def test_cache(both: SideBySide) -> None:
    """A conditional request is answered 304, whatever the condition."""
    assert both.same("GET", "/cache").status == 200
    assert both.same("GET", "/cache", headers={"If-None-Match": "x"}).status == 304
    assert both.same("GET", "/cache", headers={"If-Modified-Since": "Sat, 29 Oct 1994 19:43:31 GMT"}).status == 304
    assert both.same("GET", "/cache/60").headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize(
    "headers, status",
    [({}, 200), ({"If-None-Match": "tag"}, 304), ({"If-None-Match": '"x", tag'}, 304), ({"If-Match": "other"}, 412)],
    ids=repr,
)
def test_etag(both: SideBySide, headers: dict[str, str], status: int) -> None:
    """If-None-Match and If-Match, as the caller gives them."""
    assert both.same("GET", "/etag/tag", headers=headers).status == status


@pytest.mark.parametrize("path", ["/bytes/1000?seed=1", "/bytes/0", "/bytes/102400?seed=2"])
def test_bytes(both: SideBySide, path: str) -> None:
    """With a length."""
    both.same("GET", path)


@pytest.mark.parametrize("path", ["/range/1024", "/range/26?chunk_size=3", "/range/26?duration=0.2&chunk_size=5"])
@pytest.mark.parametrize("wanted", [None, "bytes=0-9", "bytes=10-", "bytes=-5", "bytes=99999-", "bytes=3-3"])
def test_ranges(both: SideBySide, path: str, wanted: str | None) -> None:
    """206, 416, and the fields that go with them."""
    both.same("GET", path, headers={} if wanted is None else {"Range": wanted})


@pytest.mark.parametrize("count", [0, 1, 20, 100])
def test_stream_of_lines(both: SideBySide, count: int) -> None:
    """iter_lines() over a chunked body, as the streaming page of requests shows it."""
    url = both.url(f"/stream/{count}")
    with both.ours.stream("GET", url) as ours, both.theirs.get(url, stream=True) as theirs:
        lines = [json.loads(line) for line in ours.iter_lines()]
        assert lines == [json.loads(line) for line in theirs.iter_lines()]
    assert [line["id"] for line in lines] == list(range(count))


@pytest.mark.parametrize("chunk_size", [1, 7, 1000, 100_000])
def test_stream_of_bytes(both: SideBySide, chunk_size: int) -> None:
    """Pieces of the size that was asked for, whatever the size of the server's chunks."""
    url = both.url(f"/range/5000?chunk_size={chunk_size}")
    with both.ours.stream("GET", url) as ours, both.theirs.get(url, stream=True) as theirs:
        pieces = list(ours.iter_bytes(512))
        assert pieces == list(theirs.iter_content(512)) and [len(piece) for piece in pieces[:-1]] == [512] * 9
    assert len(both.ask_ours("GET", f"/stream-bytes/5000?chunk_size={chunk_size}").content) == 5000


def test_stream_that_is_left(both: SideBySide) -> None:
    """Who leaves early leaves nothing behind."""
    with both.ours.stream("GET", both.url("/drip?numbytes=10&duration=5")) as response:
        assert next(response.iter_bytes()) == b"*"
    assert both.same("GET", "/get").status == 200


@pytest.mark.parametrize("query", ["numbytes=5&duration=0.1", "numbytes=3&duration=0.1&code=500&delay=0.1"])
def test_drip(both: SideBySide, query: str) -> None:
    """Byte by byte is a body too."""
    both.same("GET", f"/drip?{query}")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_delay(both: SideBySide, method: str) -> None:
    """An answer that takes its time is worth waiting for."""
    both.same(method, "/delay/0.2", data="x" if method == "POST" else None, timeout=30)


@pytest.mark.parametrize("timeout", [0.2, (10, 0.2)], ids=repr)
def test_timeout(both: SideBySide, timeout: object) -> None:
    """Both give up; ours says so with a TimeoutError, requests with a Timeout."""
    with pytest.raises(TimeoutError):
        both.ours.get(both.url("/delay/5"), timeout=timeout)  # type: ignore[arg-type]
    with pytest.raises(requests.Timeout):
        both.theirs.get(both.url("/delay/5"), timeout=timeout)  # type: ignore[arg-type]


def test_timeout_is_for_the_whole(both: SideBySide) -> None:
    """A difference by design: one number limits everything, for requests only each wait."""
    path = "/drip?numbytes=10&duration=2"
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        both.ours.get(both.url(path), timeout=0.7)
    assert time.monotonic() - begun < 30
    assert both.theirs.get(both.url(path), timeout=0.7).content == b"*" * 10
