"""Text of servers, made fit for a terminal: nothing in it moves the cursor, changes colours or asks for answers."""

from __future__ import annotations

from typing import Final, TextIO

_KEPT: Final = "\n\t"


def printable(text: str) -> str:
    """The text with its lines and tabs; what else does not print is escaped as in a string of Python's."""
    if text.isprintable():
        return text  # fast path
    text = text.replace("\r\n", "\n")
    return "".join([c if c.isprintable() or c in _KEPT else _escaped(c) for c in text])


def field_text(value: str) -> str:
    """A header's value, which has one character a byte, as it was meant: most who go beyond ASCII send UTF-8."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def is_encodable(text: str, encoding: str) -> bool:
    """Whether the encoding has all of its characters."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def write_text(stream: TextIO, text: str) -> None:
    """Writes to a stream that may be a terminal, and may know few characters."""
    if stream.isatty():
        text = printable(text)
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
