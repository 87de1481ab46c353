"""The body of a response as users of urllib3, of the io module and of requests read it."""

from __future__ import annotations

import csv
import gc
import gzip
import io
import json
import shutil
import time
from typing import Any

import pytest

from netstack_sync import Response, ResponseTooLarge
from tests.support.responses import make_response

PIECES = (b"abcd", b"e", b"fghij", b"kl")
WHOLE = b"".join(PIECES)


def test_read_gives_what_is_asked_for() -> None:
    """Fewer bytes only at the end, none before it."""
    response = make_response(*PIECES, headers=("Content-Length: 12",))
    assert response.length_remaining == 12
    assert [response.read(n) for n in (0, 1, 5, 0, 2, 100, 5, 0)] == [
        b"",
        b"a",
        b"bcdef",
        b"",
        b"gh",
        b"ijkl",
        b"",
        b"",
    ]
    assert response.length_remaining == 0
    assert response.read() == b""


@pytest.mark.parametrize("amt", [None, -1])
def test_read_without_a_number_reads_the_rest(amt: int | None) -> None:
    response = make_response(*PIECES)
    assert (response.read(3), response.read(amt), response.read(amt)) == (b"abc", b"defghijkl", b"")


def test_read1_waits_once() -> None:
    response = make_response(*PIECES)
    assert [response.read1(n) for n in (0, 3, None, -1, 2, 9, 9, 9)] == [
        b"",
        b"abc",
        b"d",
        b"e",
        b"fg",
        b"hij",
        b"kl",
        b"",
    ]


def test_readinto_and_readline() -> None:
    response = make_response(b"one\ntw", b"o\nthree")
    buffer = bytearray(6)
    assert (response.readline(), response.readinto(buffer), bytes(buffer)) == (b"one\n", 6, b"two\nth")
    assert (response.readinto(buffer), response.readinto(buffer)) == (3, 0)
    assert list(make_response(b"a\nb")) == [b"a\n", b"b"]


@pytest.mark.parametrize("amt", [1, 5, 100, None])
def test_stream_and_read_chunked(amt: int | None) -> None:
    for pieces in (make_response(*PIECES).stream(amt), make_response(*PIECES).read_chunked(amt)):
        assert b"".join(pieces) == WHOLE


def test_the_io_module_takes_it_as_a_file() -> None:
    response = make_response(b"a,b\r\n1,", "\u20ac\r\n".encode())
    with io.TextIOWrapper(response, encoding="utf-8", newline="") as text:  # type: ignore[type-var]  # a raw reader
        assert list(csv.reader(text)) == [["a", "b"], ["1", "\u20ac"]]
    assert response.closed
    assert io.BufferedReader(make_response(*PIECES)).read(5) == b"abcde"
    copy = io.BytesIO()
    shutil.copyfileobj(make_response(*PIECES), copy, 5)
    assert copy.getvalue() == WHOLE
    assert json.load(make_response(b'{"a"', b": 1}")) == {"a": 1}


def test_content_can_be_had_again_and_read_as_a_file_once() -> None:
    """A file that never ends would hang every loop over read()."""
    response = make_response(*PIECES)
    assert response.content == response.content == response.data == WHOLE
    assert list(response.iter_bytes()) == list(response.iter_bytes()) == [WHOLE]
    copy = io.BytesIO()
    shutil.copyfileobj(response, copy, 5)
    assert (copy.getvalue(), response.read(), response.read(5)) == (WHOLE, b"", b"")
    assert response.content_if_read == WHOLE
    assert list(make_response().iter_bytes()) == []


def test_cached_content_is_kept() -> None:
    """As urllib3's read(cache_content=True)."""
    response = make_response(*PIECES)
    assert response.content_if_read == b""
    assert response.read(cache_content=True) == response.content == WHOLE


def test_a_body_that_was_read_in_pieces_is_not_there_as_a_whole() -> None:
    """Rather than giving the rest of it as if it were all."""
    response = make_response(*PIECES)
    assert next(response.iter_bytes()) == b"abcd"
    with pytest.raises(RuntimeError, match="content: the body has been read in pieces"):
        _ = response.content
    assert b"".join(response.iter_bytes()) == WHOLE[4:]


def test_pieces_of_a_size() -> None:
    assert list(make_response(*PIECES).iter_bytes(5)) == [b"abcde", b"fghij", b"kl"]
    with pytest.raises(ValueError, match="chunk_size"):
        make_response().iter_bytes(0)


def test_undecoded_reading() -> None:
    """iter_raw, and decode_content as urllib3's users pass or set it."""
    packed = gzip.compress(WHOLE)
    fields = ("Content-Encoding: gzip",)
    assert b"".join(make_response(packed[:9], packed[9:], headers=fields).iter_raw()) == packed
    assert make_response(packed, headers=fields).read(decode_content=False) == packed
    assert make_response(packed, headers=fields).read(decode_content=True) == WHOLE
    response = make_response(packed, headers=fields)
    response.decode_content = False
    assert response.read(4) + response.read() == packed
    response = make_response(packed, headers=fields)
    assert response.read(4) == WHOLE[:4]


def test_a_limit_counts_what_is_kept() -> None:
    assert make_response(*PIECES, max_response_size=12).content == WHOLE
    for read in ("content", "read"):
        response = make_response(*PIECES, max_response_size=11)
        with pytest.raises(ResponseTooLarge, match="max_response_size=11"):
            _ = response.content if read == "content" else response.read()
        assert response.closed
    assert b"".join(make_response(*PIECES, max_response_size=1).iter_bytes()) == WHOLE


class EndlessBody:
    """A stream that counts how often it is given up."""

    def __init__(self) -> None:
        self.closed = 0

    def read_piece(self) -> bytes:
        return b"x"

    def close(self) -> None:
        self.closed += 1


def test_a_forgotten_stream_is_given_up() -> None:
    """Once; nothing is left to do for one that was closed before."""
    body = EndlessBody()
    response = make_response(source=body)
    assert response.length_remaining is None and next(response.iter_raw()) == b"x"
    del response
    assert body.closed == 1
    make_response(source=body).close()
    assert body.closed == 2


def test_one_that_could_not_be_made_is_dropped_silently() -> None:
    """Its finaliser finds nothing to give up; an exception in it would be a warning, which fails a test."""
    with pytest.raises(TypeError):
        Response()  # type: ignore[call-arg]
    gc.collect()


def test_what_was_too_large_stays_so() -> None:
    """The second look does not find an empty body."""
    response = make_response(*PIECES, max_response_size=11)
    with pytest.raises(ResponseTooLarge):
        _ = response.content
    with pytest.raises(RuntimeError, match="content: the body has been read in pieces"):
        _ = response.content


def test_what_is_left_of_a_body_that_was_read_whole() -> None:
    """Nothing, before decoding; and no piece of it comes twice."""
    response = make_response(*PIECES, headers=("Content-Length: 12",))
    assert (response.content, response.length_remaining, list(response.iter_raw())) == (WHOLE, 0, [])
    packed = gzip.compress(WHOLE)
    response = make_response(packed, headers=("Content-Encoding: gzip", f"Content-Length: {len(packed)}"))
    assert (response.content, response.length_remaining) == (WHOLE, 0)


def test_reading_byte_by_byte_is_linear() -> None:
    """Rule R23: a piece is not copied for every byte that is taken from it."""

    def spent(size: int) -> float:
        response = make_response(b"x" * size)
        start = time.process_time()
        while response.read(16):
            pass
        return time.process_time() - start

    spent(1000)
    small, big = min(spent(100_000) for _ in range(3)), min(spent(1_600_000) for _ in range(3))
    assert big < small * 16 * 4


def test_closing() -> None:
    """Idempotent, and what users of urllib3 call on the way."""
    response = make_response(*PIECES)
    assert (response.readable(), response.writable(), response.seekable()) == (True, False, False)
    response.release_conn()
    response.drain_conn()
    response.shutdown()
    response.close()
    response.close()
    assert response.closed


def test_requests_can_hold_it() -> None:
    """A requests.Response over it: content, iter_content, iter_lines, close."""
    requests = pytest.importorskip("requests")

    def held() -> Any:
        response = requests.models.Response()
        packed = gzip.compress(b"one\ntwo\n" * 1000)
        response.raw = make_response(packed[:20], packed[20:], headers=("Content-Encoding: gzip",))
        response.status_code = response.raw.status
        return response

    assert held().content == b"one\ntwo\n" * 1000
    assert b"".join(held().iter_content(100)) == b"one\ntwo\n" * 1000
    assert list(held().iter_lines(decode_unicode=False))[:2] == [b"one", b"two"]
    with held() as response:
        assert next(response.iter_content(7)) == b"one\ntwo"
    assert response.raw.closed
