"""JSON for reading: the same tokens in indented lines. Numbers, order and repeated names stay as they were sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

_INDENT: Final = "    "
_token: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+').finditer

Token = tuple[str, str]
"""A kind ("key", "string", "number", "word", "mark", "space") and its text."""


def json_tokens(text: str) -> list[Token] | None:
    """The tokens of a JSON text with line ends and indentation between them; None when it is no JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, (dict, list)):
        return None
    return list(_indented([match[0] for match in _token(text.removeprefix("\ufeff"))]))


def _indented(tokens: list[str]) -> Iterator[Token]:
    depth = 0
    for position, token in enumerate(tokens):
        following = tokens[position + 1] if position + 1 < len(tokens) else ""
        before = tokens[position - 1] if position else ""
        if token in ("}", "]"):
            depth -= 1
            if before not in ("{", "["):
                yield _line_end(depth)
            yield "mark", token
        elif token in ("{", "["):
            depth += 1
            yield "mark", token
            if following not in ("}", "]"):
                yield _line_end(depth)
        elif token == ",":
            yield "mark", token
            yield _line_end(depth)
        elif token == ":":
            yield "mark", token
            yield "space", " "
        else:
            yield _kind_of(token, following), token


def _line_end(depth: int) -> Token:
    return "space", "\n" + _INDENT * depth


def _kind_of(token: str, following: str) -> str:
    if token.startswith('"'):
        return "key" if following == ":" else "string"
    return "word" if token[0].isalpha() else "number"
