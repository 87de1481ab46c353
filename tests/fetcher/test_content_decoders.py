"""Decoders of content codings: bounded in what they give and in what they hold."""

from __future__ import annotations

import gzip
import sys
import types
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync import DecodingError
from netstack_sync.fetcher.content_decoders import (
    FEED_BYTES,
    STEP_BYTES,
    brotli_module,
    decoded_pieces,
    is_brotli_bounded,
    make_decoder,
)

zstd = pytest.importorskip("backports.zstd")


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


def name_of(coder: str) -> str:
    return coder.removeprefix("raw ")


def decode(coding: str, *pieces: bytes, may_be_cut: bool = False) -> bytes:
    return b"".join(decoded_pieces(coding, pieces, may_be_cut))


def outcome(codings: list[str], pieces: list[bytes], limit: int) -> bytes | str:
    """What a reader who stops at `limit` gets: the body, or why there is none."""
    stage: Iterator[bytes] = iter(pieces)
    for coding in reversed(codings):
        stage = decoded_pieces(coding, stage, False)
    body = b""
    try:
        for piece in stage:
            body += piece
            if len(body) > limit:
                return "too large"
    except DecodingError:
        return "damaged"
    return body


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(borders)]


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=60).map(lambda data: data * 20),
    st.lists(st.sampled_from(sorted(CODERS)), min_size=1, max_size=5),
    st.lists(st.integers(0, 400), max_size=6),
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), max_size=2),
    st.sampled_from([10, 10**6]),
)
def test_the_pieces_mean_nothing(
    plain: bytes, coders: list[str], cuts: list[int], damages: list[tuple[int, bytes]], limit: int
) -> None:
    """Any chain, whole or damaged, limited or not, gives the same from one piece, from any pieces, and byte by byte.

    Only a reader who stops early may be told of the limit where another was told of the damage behind it.
    """
    data = plain
    for coder in coders:
        data = CODERS[coder](data)
    for at, put in damages:
        data = data[:at] + put + data[at + 1 :]
    codings = [name_of(coder) for coder in coders]
    results = [
        outcome(codings, pieces, limit)
        for pieces in ([data], cut(data, cuts), [data[i : i + 1] for i in range(len(data))])
    ]
    if not damages:
        assert results[0] == ("too large" if len(plain) > limit else plain)
    if limit == 10**6 or not damages:
        assert results == results[:1] * 3
    else:
        assert all(result == results[0] or {result, results[0]} == {"too large", "damaged"} for result in results)


@pytest.mark.parametrize("coder", CODERS)
def test_steps_are_bounded_by_the_limit(coder: str) -> None:
    """R11 (CVE-2026-21441): whatever the ratio."""
    data = CODERS[coder](b"\0" * 4 * STEP_BYTES)
    decoder = make_decoder(name_of(coder))
    sizes = [len(decoder.decode(data))]
    while step := decoder.decode(b""):
        sizes.append(len(step))
    assert sum(sizes) == 4 * STEP_BYTES and decoder.is_whole
    assert max(sizes) <= 2 * STEP_BYTES  # brotli takes the limit as a hint
    assert decoder.decode(b"") == b""


class Feed:
    """A decoder that gives `steps` for each piece, and demands to be asked for all before it is fed again."""

    error = zlib.error
    is_whole = True

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._left = 0
        self.fed: list[int] = []

    def decode(self, data: bytes) -> bytes:
        if data:
            assert not self._left, "fed before it was empty"
            self.fed.append(len(data))
            self._left = self._steps
        elif self._left:
            self._left -= 1
        return b"x" if self._left else b""


def test_a_decoder_is_fed_little_and_only_when_it_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """R11, R23: else a chain collects in the middle what its last decoder has not taken yet, without bound."""
    feed = Feed(3)
    monkeypatch.setattr("netstack_sync.fetcher.content_decoders.make_decoder", lambda _: feed)
    size = 3 * FEED_BYTES + 1
    assert len(decode("any", b"y" * size, b"", b"y")) == 3 * 5
    assert feed.fed == [FEED_BYTES] * 3 + [1, 1]


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_parts_of_a_coding_follow_one_another(coding: str) -> None:
    """RFC 1952 §2.2 and RFC 8878 §3.1: members and frames, empty ones too, in one piece or one each."""
    parts = [CODERS[coding](data) for data in (b"one ", b"", b"two ", b"")]
    assert decode(coding, b"".join(parts)) == decode(coding, *parts) == b"one two "


@pytest.mark.parametrize("garbage", [b"\0" * 512, b"garbage", b"\x1f", b"\x1fgarbage"])
@pytest.mark.parametrize("size", [1, 10**6])
def test_what_follows_gzip_is_passed_over(garbage: bytes, size: int) -> None:
    """Padding and the like; every other client does so."""
    data = gzip.compress(b"hello") + garbage
    assert decode("gzip", *[data[i : i + size] for i in range(0, len(data), size)]) == b"hello"


def test_a_damaged_later_member_is_an_error() -> None:
    data = gzip.compress(b"hello") * 2
    with pytest.raises(DecodingError, match="gzip"):
        decode("gzip", data[:-8] + b"\0" * 8)
    with pytest.raises(DecodingError, match="ends in the middle"):
        decode("gzip", data[:-1])


def test_what_follows_deflate_is_passed_over_and_after_brotli_it_is_an_error() -> None:
    """In one piece or in the next, which the library for Brotli does not tell apart."""
    assert decode("deflate", zlib.compress(b"hello") + b"x", b"y") == b"hello"
    for pieces in ([brotli.compress(b"hello") + b"x"], [brotli.compress(b"hello"), b"x"]):
        with pytest.raises(DecodingError, match="br"):
            decode("br", *pieces)


@pytest.mark.parametrize("coder", CODERS)
def test_an_early_end_is_told_unless_it_is_expected(coder: str) -> None:
    """Every cut: the framing may not tell. No body at all has no coding."""
    data, coding = CODERS[coder](b"hello, world"), name_of(coder)
    for end in range(1, len(data)):
        with pytest.raises(DecodingError, match="ends in the middle"):
            decode(coding, data[:end])
        assert b"hello, world".startswith(decode(coding, data[:end], may_be_cut=True))
    assert decode(coding) == decode(coding, b"") == b""


def test_a_zstd_frame_may_demand_8_mib() -> None:
    """R11: RFC 9659 §3; a frame of a few bytes may otherwise have 2 GiB set aside."""

    def packed(window_log: int) -> bytes:
        packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window_log})
        return bytes(packer.compress(b"hello") + packer.flush())

    assert decode("zstd", packed(23)) == b"hello"
    with pytest.raises(DecodingError, match="memory"):
        decode("zstd", packed(24))


def test_brotli_counts_only_if_it_can_stop_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """R11 (CVE-2025-66471): before 1.2 it unfolds all at once."""
    assert is_brotli_bounded()
    monkeypatch.setattr("netstack_sync.fetcher.content_decoders.brotli_module", brotli_module.__wrapped__)
    assert is_brotli_bounded()
    old = types.ModuleType("brotlicffi")
    monkeypatch.setattr(old, "Decompressor", object, raising=False)
    monkeypatch.setitem(sys.modules, "brotlicffi", old)
    assert not is_brotli_bounded()
    monkeypatch.setitem(sys.modules, "brotlicffi", None)
    monkeypatch.setitem(sys.modules, "brotli", None)
    assert not is_brotli_bounded()
