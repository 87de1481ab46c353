"""The chunked transfer coding (RFC 9112 §7.1): a strict decoder for responses, an encoder for requests.

Strict as Chromium's http_chunked_decoder.cc: a size is hexadecimal digits and nothing else, spaces may
follow it, extensions are read over. Beyond that: no control characters in what is read over, and trailers are
kept, apart from the header fields (RFC 9110 §6.5.1) and within a limit. What another parser could read
differently (a bare LF, a trailer line that is no field) is put up with, but puts the connection in doubt.
"""

from __future__ import annotations

import re
from typing import Final

from netstack_sync.base.late_pattern import late_pattern
from netstack_sync.base.net_errors import ERR_INCOMPLETE_CHUNKED_ENCODING, ERR_INVALID_CHUNKED_ENCODING, OK
from netstack_sync.wire.errors import WireError

MAX_SIZE_LINE_BYTES: Final = 16384  # Chromium's kMaxLineBufLen
MAX_TRAILER_BYTES: Final = 16384  # a checksum and a few figures; no more than one line's worth
MAX_CHUNK_BYTES: Final = 2**63 - 1  # Chromium keeps the size in an int64

LAST_CHUNK: Final = b"0\r\n\r\n"

# What is expected next.
_SIZE_LINE: Final = 0
_DATA: Final = 1
_DATA_CR: Final = 2  # the line end after the data of a chunk
_DATA_LF: Final = 3
_TRAILER: Final = 4
_NOTHING: Final = 5
_NAMES: Final = ("a size line", "data", "CR LF", "LF", "a trailer or the empty line", "nothing")

_CR: Final = 0x0D
_LF: Final = 0x0A

_TEXT: Final = rb"[\t\x20-\x7e\x80-\xff]*"  # no control characters
# 15 digits fit an int64. int() alone would also take blanks, signs, underscores and "0x".
_plain_size_line: Final = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n").match
_size_line: Final = re.compile(rb"([0-9A-Fa-f]+) *(?:;%b)?" % _TEXT).fullmatch
# Of trailers, which are few.
_TRAILER_TEXT: Final = late_pattern(_TEXT)
_FRAMING_FIELD: Final = late_pattern(rb"(?i:content-length|transfer-encoding|(?:proxy-)?connection):")
_FIELD: Final = late_pattern(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:")


def encode_chunk(data: bytes) -> bytes:
    """Return `data` as one chunk. No data makes the last chunk, which ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class ChunkedDecoder:
    """Takes the payload out of a chunked body, whatever pieces it comes in; a `BodyReader`.

    A syntax error raises `WireError` with ERR_INVALID_CHUNKED_ENCODING, after which the decoder is spent.
    Payload that came in the same piece, before the error, is lost with it.
    """

    __slots__ = (
        "_ends_lines_by_lf",
        "_expects",
        "_line",
        "_remaining_bytes",
        "_room_bytes",
        "in_doubt",
        "surplus",
        "trailer_lines",
    )

    is_delimited: Final = True

    def __init__(self, trailer_lines: list[bytes] | None = None) -> None:
        self._expects = _SIZE_LINE
        self._remaining_bytes = 0  # of the data of this chunk
        self._line = bytearray()  # the start of a line whose end has not come yet
        self._room_bytes = MAX_SIZE_LINE_BYTES  # how much of a size line, or of all trailers, may still come
        self._ends_lines_by_lf = False
        self.in_doubt = False
        self.surplus = b""
        self.trailer_lines = trailer_lines if trailer_lines is not None else []
        """The fields after the data, each with its CRLF; complete when the body is."""

    @property
    def is_complete(self) -> bool:
        return self._expects == _NOTHING

    def receive(self, data: bytes) -> bytes:
        """Return the payload in this piece; `data` itself if it comes from the middle of a chunk."""
        if len(data) < self._remaining_bytes:  # fast path, no copy
            self._remaining_bytes -= len(data)
            return data
        payload: list[bytes] = []
        position = 0
        while position < len(data):
            if self._expects == _SIZE_LINE and not self._line:
                position = _take_whole_chunks(data, position, payload)
            position = self._take(data, position, payload)
        return payload[0] if len(payload) == 1 else b"".join(payload)

    def finish(self) -> int:
        """Take the end of the connection: OK only after the empty line that ends the trailers."""
        return OK if self.is_complete else ERR_INCOMPLETE_CHUNKED_ENCODING

    def _take(self, data: bytes, position: int, payload: list[bytes]) -> int:
        """Take the thing that is expected, or the part of it that is there; return where the rest starts."""
        expects = self._expects
        if expects == _DATA:
            piece = data[position : position + self._remaining_bytes]
            payload.append(piece)
            self._remaining_bytes -= len(piece)
            if not self._remaining_bytes:
                self._expects = _DATA_CR
            return position + len(piece)
        if expects in (_DATA_CR, _DATA_LF):
            self._take_data_end(data[position])
            return position + 1
        if expects == _NOTHING:
            self.surplus += data[position:]
            return len(data)
        return self._take_line(data, position)

    def _take_data_end(self, byte: int) -> None:
        # A bare LF after a size line with CRLF: rather the size is wrong by one, and the CR was taken for data.
        if byte == _LF and (self._expects == _DATA_LF or self._ends_lines_by_lf):
            self._expects = _SIZE_LINE
        elif byte == _CR and self._expects == _DATA_CR:
            self._expects = _DATA_LF
        else:
            raise _invalid("the data of a chunk goes on after its end")

    def _take_line(self, data: bytes, position: int) -> int:
        """Take a size or trailer line up to its LF; the limit holds for what came before as well."""
        room = self._room_bytes
        end = data.find(b"\n", position, position + room + 1)
        taken = (len(data) if end < 0 else end) - position
        if taken > room:
            raise _invalid("a chunk size line or the trailers are too long")
        self._room_bytes = room - taken
        self._line += data[position : position + taken]
        if end < 0:
            return len(data)
        line = bytes(self._line)
        self._line.clear()
        self._ends_lines_by_lf = not line.endswith(b"\r")
        if self._ends_lines_by_lf:
            self.in_doubt = True
        else:
            line = line[:-1]
        if self._expects == _SIZE_LINE:
            self._on_size_line(line)
        else:
            self._on_trailer(line)
        return end + 1

    def _on_size_line(self, line: bytes) -> None:
        match = _size_line(line)
        if match is None or (size := int(match[1], 16)) > MAX_CHUNK_BYTES:
            raise _invalid(f"the chunk size line {line[:40].decode('latin-1')!r} is malformed")
        self._remaining_bytes = size
        self._expects = _DATA if size else _TRAILER
        self._room_bytes = MAX_SIZE_LINE_BYTES if size else MAX_TRAILER_BYTES

    def _on_trailer(self, line: bytes) -> None:
        if not line:
            self._expects = _NOTHING
        elif _TRAILER_TEXT().fullmatch(line) is None:
            raise _invalid("there is a control character in the trailers")
        elif _FIELD().match(line):
            self.trailer_lines.append(line + b"\r\n")
            # No place for these (RFC 9110 §6.5.1): others may heed them, or this is not the end of the body.
            self.in_doubt |= _FRAMING_FIELD().match(line) is not None
        else:
            self.in_doubt = True  # perhaps the next response, after a peer that forgot the empty line
            self._drop_or_fold(line)

    def _drop_or_fold(self, line: bytes) -> None:
        """As in heads: a line that begins with a blank belongs to the one before, also if that was dropped."""
        lines = self.trailer_lines
        if not lines or line[0] not in b" \t":
            lines.append(b"")
        elif lines[-1]:
            lines[-1] = lines[-1][:-2] + b" " + line.strip(b" \t") + b"\r\n"

    def __repr__(self) -> str:
        return f"<ChunkedDecoder expects {_NAMES[self._expects]}, surplus={len(self.surplus)}>"


def _take_whole_chunks(data: bytes, position: int, payload: list[bytes]) -> int:
    """Take the chunks that are there from plain size line to CRLF; return where the first other thing starts.

    This is the fast path for many small chunks: one match, one slice, one comparison each.
    """
    while (match := _plain_size_line(data, position)) is not None:
        start = match.end()
        end = start + int(match[1], 16)
        if end == start or data[end : end + 2] != b"\r\n":
            break
        payload.append(data[start:end])
        position = end + 2
    return position


def _invalid(detail: str) -> WireError:
    return WireError(ERR_INVALID_CHUNKED_ENCODING, detail)
