"""Bytes to text to lines, piece by piece and in linear time."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from netstack_sync.base.late_pattern import late_pattern

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LONGEST_BOM = 3

_BINARY = late_pattern(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # text holds none of these (WHATWG MIME Sniffing)
_LINE_END = late_pattern(r"\r\n|\n|\r")  # not the rarer ends of str.splitlines: they occur inside lines

_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
"""Python's codecs that are none of the web's: a server must not be able to choose one that is slow or odd."""


def is_text_codec(name: str) -> bool:
    """Whether bytes can be decoded with it: Python's codecs include such as "hex" and "idna", which make no text."""
    try:
        if codecs.lookup(name).name.replace("_", "-") in _NO_CHARSETS:
            return False
        b"text".decode(name, "replace")
    except (LookupError, ValueError):
        return False
    return True


def sniffed_encoding(start: bytes) -> str:
    """The encoding that the byte order mark at the start tells, utf-8 without one."""
    return next((encoding for bom, encoding in _BOMS if start.startswith(bom)), "utf-8")


def guessed_encoding(body: bytes) -> str:
    """The encoding of a whole body that says nothing of it: by its byte order mark, else utf-8 if it makes sense so.

    Else it is windows-1252, as browsers take it, if it is text at all. A few broken characters do not make it that.
    """
    encoding = sniffed_encoding(body)
    if encoding != "utf-8":
        return encoding
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = len(text) - len(text.encode("ascii", "ignore")) - broken
    return "windows-1252" if broken > sound and not _BINARY().search(body) else "utf-8"


def decoded_text(pieces: Iterable[bytes], encoding: str | None) -> Iterator[str]:
    """The pieces as text; bytes that make no sense become U+FFFD. Without an encoding a byte order mark decides."""
    pieces = iter(pieces)
    start = b""
    if encoding is None:
        while len(start) < _LONGEST_BOM and (piece := next(pieces, b"")):
            start += piece
        encoding = sniffed_encoding(start)
    decoder = codecs.getincrementaldecoder(without_mark(encoding))("replace")
    for piece in chain((start,), pieces):
        text = decoder.decode(piece)
        if text:
            yield text
    rest = decoder.decode(b"", True)
    if rest:
        yield rest


def without_mark(encoding: str) -> str:
    """The codec that also takes away the byte order mark of UTF-8, which is no part of the text (WHATWG Encoding)."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def split_lines(texts: Iterable[str]) -> Iterator[str]:
    """Complete lines as soon as they are there, without their ends; the last may have had none."""
    parts: list[str] = []
    after_cr = False
    for text in texts:
        if not text:
            continue
        was_after_cr, after_cr = after_cr, text.endswith("\r")
        if was_after_cr and text.startswith("\n"):
            text = text[1:]  # the other half of a CRLF that was cut
        *complete, last = _LINE_END().split(text)
        for line in complete:
            parts.append(line)
            yield "".join(parts)
            parts.clear()
        if last:
            parts.append(last)
    if parts:
        yield "".join(parts)


def rechunked(pieces: Iterable[bytes], chunk_size: int) -> Iterator[bytes]:
    """Pieces of exactly `chunk_size` bytes, but for the last; raises ValueError at once."""
    if isinstance(chunk_size, bool) or not isinstance(chunk_size, int) or chunk_size < 1:
        raise ValueError(f"chunk_size: must be a positive number of bytes, not {chunk_size!r}")
    return _rechunked(pieces, chunk_size)


def _rechunked(pieces: Iterable[bytes], chunk_size: int) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        if len(buffer) < chunk_size:
            continue
        view = bytes(buffer)
        whole = len(view) - len(view) % chunk_size
        for start in range(0, whole, chunk_size):
            yield view[start : start + chunk_size]
        del buffer[:whole]
    if buffer:
        yield bytes(buffer)
