"""curl's -d and its kin: pieces of a body that are joined."""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import quote_plus

from netstack_sync.cli.data_files import read_file

Piece = tuple[str, str]
"""Which option it is of ("data", "raw", "binary", "urlencode", "json"), and its argument."""


def join_pieces(pieces: Iterable[Piece]) -> bytes:
    """The body: joined by &, JSON without anything between; raises CommandError for files that cannot be read."""
    body: bytes | None = None
    for kind, text in pieces:
        data = _data(kind, text)
        body = data if body is None else body + (b"" if kind == "json" else b"&") + data
    return body or b""


def _data(kind: str, text: str) -> bytes:
    if kind == "urlencode":
        return _encoded(text)
    if kind == "raw" or not text.startswith("@"):
        return os.fsencode(text)
    data = read_file(text[1:])
    return data.translate(None, b"\r\n\0") if kind == "data" else data


def _encoded(text: str) -> bytes:
    """CONTENT, =CONTENT, NAME=CONTENT, @FILE or NAME@FILE; what is named is left as it is, the content encoded."""
    equals, at = text.find("="), text.find("@")
    if equals >= 0 and (at < 0 or equals < at):
        name, content = text[:equals], os.fsencode(text[equals + 1 :])
    elif at >= 0:
        name, content = text[:at], read_file(text[at + 1 :])
    else:
        name, content = "", os.fsencode(text)
    prefix = f"{name}=" if name else ""
    return os.fsencode(prefix) + quote_plus(content).encode("ascii")
