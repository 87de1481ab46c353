"""The chunked coding: Chromium's http_chunked_decoder_unittest.cc, limits, and any split."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync.base.net_errors import ERR_INCOMPLETE_CHUNKED_ENCODING, ERR_INVALID_CHUNKED_ENCODING, OK
from netstack_sync.wire.chunked import (
    LAST_CHUNK,
    MAX_SIZE_LINE_BYTES,
    MAX_TRAILER_BYTES,
    ChunkedDecoder,
    encode_chunk,
)
from netstack_sync.wire.errors import WireError


def decode(*pieces: bytes) -> tuple[ChunkedDecoder, bytes]:
    decoder = ChunkedDecoder()
    return decoder, b"".join([decoder.receive(piece) for piece in pieces])


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def assert_invalid(data: bytes) -> None:
    """The error comes whether the bytes come at once or one by one."""
    for pieces in ([data], bytewise(data)):
        with pytest.raises(WireError) as caught:
            decode(*pieces)
        assert caught.value.net_error == ERR_INVALID_CHUNKED_ENCODING


@pytest.mark.parametrize(
    "data, payload",
    [
        pytest.param(b"B\r\nhello hello\r\n0\r\n\r\n", b"hello hello", id="Basic"),
        pytest.param(b"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", b"hello world", id="Typical"),
        pytest.param(b'5;x=0\r\nhello\r\n0;y="2 "\r\n\r\n', b"hello", id="Extensions"),
        pytest.param(b"5\r\nhello\r\n0\r\nFoo: 1\r\nBar: 2\r\n\r\n", b"hello", id="Trailers"),
        pytest.param(b"5      \r\nhello\r\n0\r\n\r\n", b"hello", id="ChunkSize_TrailingSpace"),
        pytest.param(b"5 ; a\r\nhello\r\n0 \r\n\r\n", b"hello", id="space before the extension"),
        pytest.param(b"00000000000000000000005\r\nhello\r\n000\r\n\r\n", b"hello", id="leading zeros"),
        pytest.param(b"0\r\n\r\n", b"", id="nothing"),
    ],
)
def test_what_is_allowed_is_decoded(data: bytes, payload: bytes) -> None:
    """Row 156 and Row 157 (ChunkSize_TrailingSpace): at once and byte by byte."""
    for pieces in ([data], bytewise(data)):
        decoder, decoded = decode(*pieces)
        assert decoded == payload
        assert decoder.is_complete and decoder.is_delimited and not decoder.in_doubt
        assert decoder.surplus == b""
        assert decoder.finish() == OK


def test_chunks_come_in_several_pieces() -> None:
    """Row 156, Incremental: wherever Chromium's test cuts."""
    pieces = [b"5", b"\r", b"\n", b"hello", b"\r", b"\n", b"0", b"\r", b"\n", b"\r", b"\n"]
    decoder, payload = decode(*pieces)
    assert payload == b"hello" and decoder.is_complete


@pytest.mark.parametrize(
    "data",
    [
        b"5\nhello\n1\n \n5\nworld\n0\n\n",
        b"5\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        b"5\r\nhello\r\n6\n world\n0\r\n\r\n",
        b"5\r\nhello\r\n6\r\n world\r\n0\n\r\n",
        b"5\r\nhello\r\n6\r\n world\r\n0\r\nA: b\n\r\n",
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\n",
    ],
)
def test_a_bare_lf_is_read_but_leaves_doubt(data: bytes) -> None:
    """Row 156, LF_InsteadOf_CRLF: Chromium takes it; R15: the connection is not used again."""
    for pieces in ([data], bytewise(data)):
        decoder, payload = decode(*pieces)
        assert payload == b"hello world"
        assert decoder.is_complete and decoder.in_doubt


@pytest.mark.parametrize("data", [b"5\r\nhell\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"1\nx\n5\r\nhell\r\n0\r\n\r\n"])
def test_a_size_that_is_wrong_by_one_is_found_out(data: bytes) -> None:
    """R15 (CVE-2025-43859): where lines end in CRLF its CR is not taken for data, and the LF for a line end."""
    assert_invalid(data)


@pytest.mark.parametrize("data", [b"", b"5", b"5\r\nhel", b"5\r\nhello\r", b"0\r\n", b"0\r\nFoo: 1\r\n"])
def test_an_end_before_the_last_line_is_reported(data: bytes) -> None:
    """Row 156, TrailersUnfinished: only the empty line ends a body."""
    decoder, _ = decode(data)
    assert not decoder.is_complete
    assert decoder.finish() == ERR_INCOMPLETE_CHUNKED_ENCODING


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"8000000000000000\r\nhello", id="TooBig"),
        pytest.param(b"10000000000000000\r\nhello", id="TooBig by a digit"),
        pytest.param(b"0x5\r\nhello", id="0X"),
        pytest.param(b"5\t\r\nhello", id="TrailingTab"),
        pytest.param(b"5\f\r\nhello", id="TrailingFormFeed"),
        pytest.param(b"5\v\r\nhello", id="TrailingVerticalTab"),
        pytest.param(b"H5\r\nhello", id="non-hex digit"),
        pytest.param(b"5H\r\nhello", id="TrailingNonHexDigit"),
        pytest.param(b" 5\r\nhello", id="LeadingSpace"),
        pytest.param(b"5\r\nhello1\r\n \r\n", id="NoSeparator"),
        pytest.param(b"-5\r\nhello", id="Negative"),
        pytest.param(b"+5\r\nhello", id="Plus"),
        pytest.param(b"\r\n5\r\nhello", id="InvalidLeadingSeparator"),
        pytest.param(b"5\r\nhello\r\n\r\n1\r\n \r\n", id="InvalidConsecutiveCRLFs"),
        pytest.param(b"5_0\r\nhello", id="underscore"),
        pytest.param("\u0665\r\nhello".encode(), id="digit that is not ASCII"),
        pytest.param(b"5 5\r\nhello", id="space inside"),
        pytest.param(b";a=b\r\nhello", id="no size"),
        pytest.param(b"5\r\r\nhello", id="CR in the size line"),
        pytest.param(b"5;a\rb\r\nhello", id="CR in the extension"),
        pytest.param(b"5;a\0\r\nhello", id="NUL in the extension"),
        pytest.param(b"5\r\nhello\r\r\n0\r\n\r\n", id="CR CR LF after the data"),
        pytest.param(b"5\r\nhello\rx0\r\n\r\n", id="CR without LF after the data"),
        pytest.param(b"0\r\nA: \0\r\n\r\n", id="NUL in a trailer"),
        pytest.param(b"0\r\nA: b\rC: d\r\n\r\n", id="CR in a trailer"),
    ],
)
def test_what_is_not_allowed_is_an_error(data: bytes) -> None:
    """Row 157 by its names; R14 and R15 for the rest."""
    assert_invalid(data)


@pytest.mark.parametrize("line", [b"no field", b" folded", b"HTTP/1.1 200 OK", b"A : b"])
def test_a_trailer_line_that_is_no_field_leaves_doubt(line: bytes) -> None:
    """It may be the next response, after a peer that forgot the empty line."""
    decoder, _ = decode(b"0\r\nA: b\r\n" + line + b"\r\n\r\n")
    assert decoder.is_complete and decoder.in_doubt


@pytest.mark.parametrize("size", [0x7FFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF])
def test_sizes_up_to_an_int64_are_taken(size: int) -> None:
    """Row 158, ReallyBigChunks: what is there is handed out, the rest is waited for."""
    decoder, payload = decode(b"%x\r\n" % size, b"hello", b" world")
    assert payload == b"hello world"
    assert decoder.finish() == ERR_INCOMPLETE_CHUNKED_ENCODING


def test_excessive_sizes_are_refused() -> None:
    """Row 158, ExcessiveChunkLen(2): an int64 holds neither."""
    assert_invalid(b"8000000000000000\r\nhello")
    assert_invalid(b"ffffffffffffffff\r\nhello")
    assert_invalid(b"f" * (MAX_SIZE_LINE_BYTES - 1) + b"\r\n")


def test_bytes_after_the_end_are_surplus() -> None:
    """Row 158, BasicExtraData, IncrementalExtraData, MultipleExtraDataBlocks."""
    body = b"5\r\nhello\r\n0\r\n\r\n"
    for pieces in ([body + b"extra bytes"], bytewise(body + b"extra bytes"), [body, b"extra", b" bytes"]):
        decoder, payload = decode(*pieces)
        assert payload == b"hello"
        assert decoder.surplus == b"extra bytes"
        assert not decoder.in_doubt


@pytest.mark.parametrize("start", [b"5;", b"5", b"5\r\nhello\r\n5;"])
def test_a_size_line_has_a_limit(start: bytes) -> None:
    """Row 158, LongChunkLengthLine and LongLengthLengthLine; R13: also when it comes byte by byte."""
    line = start.rsplit(b"\n")[-1]
    padding = b" " * (MAX_SIZE_LINE_BYTES - len(line) - 1)
    allowed = start + padding + b"\r\nhello\r\n" + LAST_CHUNK
    for pieces in ([allowed], bytewise(allowed)):
        assert decode(*pieces)[0].is_complete
    assert_invalid(start + padding + b" \r\nhello\r\n" + LAST_CHUNK)
    assert_invalid(start + padding + b"  ")  # no need to wait for the end of the line


@pytest.mark.parametrize(
    "lines, kept, in_doubt",
    [
        (b"", b"", False),
        (b"A: 1\r\na:2\r\n", b"A: 1\r\na:2\r\n", False),
        (b"A: \xe9\n", b"A: \xe9\r\n", True),
        (b"A: 1\r\n\t 2 \r\nB: 3\r\n", b"A: 1 2\r\nB: 3\r\n", True),
        (b"A: 1\r\nno field\r\n fold\r\n fold\r\nB : 2\r\nC: 3\r\n", b"A: 1\r\nC: 3\r\n", True),
        (b" fold\r\nA: 1\r\n", b"A: 1\r\n", True),
        (b"content-length: 1\r\n", b"content-length: 1\r\n", True),
        (b"Connection:close\r\n", b"Connection:close\r\n", True),
    ],
)
def test_trailers_are_kept(lines: bytes, kept: bytes, in_doubt: bool) -> None:
    """Row 156, Trailers: whole fields only; what is odd is read as in a head and puts the connection in doubt."""
    for pieces in ([b"0\r\n" + lines + b"\r\n"], bytewise(b"0\r\n" + lines + b"\r\n")):
        decoder, _ = decode(*pieces)
        assert b"".join(decoder.trailer_lines) == kept
        assert decoder.is_complete and decoder.in_doubt is in_doubt


def test_the_trailers_have_a_limit_together() -> None:
    """R13: many short lines count like one long line, LF not counted."""
    line = b"A: " + b"b" * 60 + b"\r\n"
    count = MAX_TRAILER_BYTES // (len(line) - 1)
    allowed = b"0\r\n" + line * (count - 1) + b"\r\n"
    for pieces in ([allowed], bytewise(allowed)):
        assert decode(*pieces)[0].is_complete
    assert_invalid(b"0\r\n" + line * (count + 1))
    assert_invalid(b"0\r\n" + b"A:" + b"b" * MAX_TRAILER_BYTES)


def test_the_middle_of_a_chunk_is_not_copied() -> None:
    """The same object comes back; so does a slice that is the only payload of its piece."""
    decoder, _ = decode(b"ffff\r\n")
    piece = b"x" * 1000
    assert decoder.receive(piece) is piece


def test_empty_pieces_change_nothing() -> None:
    """In any state."""
    decoder = ChunkedDecoder()
    for byte in bytewise(b"1\r\nx\r\n0\r\nA: b\r\n\r\n"):
        assert decoder.receive(b"") == b""
        decoder.receive(byte)
    assert decoder.receive(b"") == b"" and decoder.is_complete


@pytest.mark.parametrize("repeated", [b"1\r\nx\r\n", b"1;a\r\nx\r\n", b"1 \nx\n"])
def test_twice_the_input_is_twice_the_work(repeated: bytes) -> None:
    """R23: counted in calls, on the way for plain chunks and on the one for the others."""

    def count_calls(data: bytes) -> int:
        calls = 0

        def on_event(_frame: object, event: str, _arg: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        decoder = ChunkedDecoder()
        previous = sys.getprofile()
        sys.setprofile(on_event)
        try:
            decoder.receive(data)
        finally:
            sys.setprofile(previous)
        return calls

    once, twice = count_calls(repeated * 500), count_calls(repeated * 1000)
    assert twice <= 2 * once


def test_repr_shows_what_is_expected() -> None:
    """One line, read in logs."""
    assert repr(decode(b"5\r\nhe")[0]) == "<ChunkedDecoder expects data, surplus=0>"
    assert repr(decode(b"0\r\n\r\nabc")[0]) == "<ChunkedDecoder expects nothing, surplus=3>"


@pytest.mark.parametrize("size", [1, 9, 10, 16, 4096, 65536])
def test_a_chunk_is_framed(size: int) -> None:
    """Row 146, ShortPayload, LargePayload, FullPayload: hex size, CRLF, data, CRLF."""
    assert encode_chunk(b"x" * size) == f"{size:x}\r\n".encode() + b"x" * size + b"\r\n"


def test_no_data_is_the_last_chunk() -> None:
    """Row 146, EmptyPayload."""
    assert encode_chunk(b"") == LAST_CHUNK


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40)), st.lists(st.integers(0, 400)))
def test_what_was_encoded_is_decoded_from_any_pieces(chunks: list[bytes], cuts: list[int]) -> None:
    """R15: the borders of pieces mean nothing."""
    data = b"".join([encode_chunk(chunk) for chunk in chunks]) + LAST_CHUNK + b"surplus"
    borders = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    decoder, payload = decode(*[data[a:b] for a, b in pairwise(borders)])
    assert payload == b"".join(chunks)
    assert decoder.is_complete and not decoder.in_doubt and decoder.surplus == b"surplus"
