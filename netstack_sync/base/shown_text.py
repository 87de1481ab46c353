"""shown(): text of strangers made fit for a terminal, a log or an exception's message."""

from __future__ import annotations

from typing import Final

_CUT: Final = "…"


def shown(text: str, limit: int = 200) -> str:
    """`text` in one line: what does not print is escaped as in a string of Python's, the rest is cut off with "…".

    Nothing that comes out can move a cursor, begin a line, or turn the direction of writing. At most `limit`
    characters, and no escape is cut in two.
    """
    if len(text) <= limit and text.isprintable():
        return text  # the fast path
    pieces: list[str] = []
    size = 0
    for character in text[: limit + 1]:
        piece = character if character.isprintable() else _escaped(character)
        pieces.append(piece)
        size += len(piece)
    if size <= limit and len(text) <= limit:
        return "".join(pieces)
    while pieces and size > limit - len(_CUT):
        size -= len(pieces.pop())
    return "".join(pieces) + _CUT


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
