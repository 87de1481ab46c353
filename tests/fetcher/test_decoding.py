"""Content decoding: every coding, however cut, and never more than a step at a time."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import urllib3.response

from netstack_sync import DecodingError, ResponseTooLarge
from netstack_sync.fetcher.content_decoders import STEP_BYTES
from netstack_sync.fetcher.decoding import accept_encoding
from tests.support.responses import make_response

zstd = pytest.importorskip("backports.zstd")

PLAIN = bytes(range(256)) * 40


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw deflate": _raw_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


def _header(coding: str) -> tuple[str, ...]:
    return (f"Content-Encoding: {coding.removeprefix('raw ')}",)


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("coding", CODERS)
def test_a_body_is_decoded_however_it_is_cut(coding: str, size: int) -> None:
    data = CODERS[coding](PLAIN)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    assert make_response(*pieces, headers=_header(coding)).content == PLAIN


@pytest.mark.parametrize("coding", CODERS)
def test_an_empty_body_has_no_coding(coding: str) -> None:
    """The answer to HEAD names the coding that GET would have."""
    assert make_response(headers=_header(coding)).content == b""


@pytest.mark.parametrize("coding", CODERS)
def test_a_coding_that_ends_early_is_told(coding: str) -> None:
    """Where the close ends the body nothing else tells; what it holds is given before."""
    data = CODERS[coding](PLAIN)
    response = make_response(data[: len(data) // 2], headers=_header(coding))
    given: list[bytes] = []
    with pytest.raises(DecodingError, match=r"ends in the middle of its (x-)?(gzip|deflate|br|zstd) coding"):
        given.extend(response.iter_bytes())
    assert PLAIN.startswith(b"".join(given))


@pytest.mark.parametrize("coding", CODERS)
def test_a_part_may_end_anywhere(coding: str) -> None:
    """Of a range of an encoded body that begins at its start, what can be known is given."""
    data = CODERS[coding](PLAIN)
    response = make_response(data[: len(data) // 2], headers=_header(coding), status="206 Partial Content")
    assert PLAIN.startswith(response.content)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_what_is_not_encoded_as_it_says_is_an_error(coding: str) -> None:
    response = make_response(b"\xfe\xfd this is no coding at all " * 9, headers=_header(coding))
    with pytest.raises(DecodingError, match=coding):
        _ = response.content


def test_codings_are_taken_off_in_the_order_they_were_put_on() -> None:
    """Names in any case of letters, empty elements and blanks are allowed (RFC 9110 5.6.1)."""
    data = brotli.compress(gzip.compress(PLAIN))
    assert make_response(data, headers=("Content-Encoding: GZip,, ", "Content-Encoding: br")).content == PLAIN
    assert make_response(gzip.compress(PLAIN), headers=("Content-Encoding: gzip,",)).content == PLAIN


@pytest.mark.parametrize("value", ["unheard-of", "gzip, unheard-of", "identity", ""])
def test_an_unknown_coding_leaves_the_body_as_it_came(value: str) -> None:
    """As in Chromium: half decoded would be worse than not at all."""
    assert make_response(b"as it", b" is", headers=(f"Content-Encoding: {value}",)).content == b"as it is"


def test_more_than_five_codings_are_an_attack() -> None:
    """R12 (CVE-2025-66418): each of them may multiply what is to be done."""
    data = PLAIN
    for _ in range(5):
        data = gzip.compress(data)
    assert make_response(data, headers=("Content-Encoding: " + "gzip, " * 4 + "gzip",)).content == PLAIN
    response = make_response(data, headers=("Content-Encoding: " + "gzip, " * 5 + "gzip",))
    with pytest.raises(DecodingError, match="more than 5"):
        _ = response.content


BOMB_BYTES = 24 * 1024 * 1024  # thrice what may be held


@pytest.mark.parametrize(
    "coding", ["gzip", "deflate", "raw deflate", "br", "zstd", "gzip, gzip", "zstd, gzip", "br, gzip"]
)
def test_a_bomb_unfolds_step_by_step(coding: str) -> None:
    """Rule R11: reading 24 MiB that came as some kilobytes never holds more than a few steps."""
    data = b"".join([b"\0" * BOMB_BYTES])
    for name in coding.split(", "):
        data = CODERS[name](data)
    response = make_response(data, headers=_header(coding))
    tracemalloc.start()
    try:
        sizes = [len(piece) for piece in response.iter_bytes()]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(sizes) == BOMB_BYTES
    assert max(sizes) <= 2 * STEP_BYTES  # brotli takes the limit as a hint
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("whole", [lambda r: r.content, lambda r: r.read(), lambda r: r.data])
def test_a_bomb_is_not_kept(whole: Callable[[urllib3.response.BaseHTTPResponse], bytes]) -> None:
    """Rule R11: max_response_size counts decoded bytes, on every way to the whole body."""
    data = gzip.compress(b"\0" * BOMB_BYTES)
    response = make_response(data, headers=_header("gzip"), max_response_size=10**6)
    with pytest.raises(ResponseTooLarge, match="max_response_size=1000000"):
        whole(response)
    assert response.closed


def test_trailing_garbage_after_gzip_is_passed_over() -> None:
    """Chromium and every other client do so."""
    assert make_response(gzip.compress(PLAIN) + b"\0\0garbage", headers=_header("gzip")).content == PLAIN
    assert make_response(gzip.compress(PLAIN) * 2, headers=_header("gzip")).content == PLAIN * 2


def test_what_can_be_decoded_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Brotli library that cannot stop in the middle counts as none."""
    assert accept_encoding() == "gzip, deflate, br, zstd"
    monkeypatch.setattr("netstack_sync.fetcher.decoding.is_brotli_bounded", lambda: False)
    assert accept_encoding() == "gzip, deflate, zstd"
    assert make_response(b"as it is", headers=_header("br")).content == b"as it is"
