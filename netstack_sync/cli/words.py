"""The words of `netstack fetch` that are no options: METHOD, URLs and request items, told apart by their form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from netstack_sync.cli.arguments import typed_text

_is_method: Final = re.compile(r"[A-Z][A-Z-]*|(?i:get|head|post|put|patch|delete|options|trace)").fullmatch
_has_scheme: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|data:[^,]*,").match
_stray_byte: Final = re.compile(r"[\udc80-\udcff]")
_has_separator: Final = re.compile(r"[:=@]|;\Z").search


class Words(NamedTuple):
    """What each word is."""

    method: str | None
    urls: tuple[str, ...]
    """Complete, with a scheme."""
    items: tuple[str, ...]


def split_words(words: Iterable[str]) -> Words:
    """The first word is a method if it looks like one and others follow; then comes a URL.

    Of the others those are URLs that begin with a scheme, or that have none of the characters of an item.
    """
    first, *others = words
    method = None
    if others and _is_method(first):
        method, (first, *others) = first, others
    further = [word for word in others if _is_url(word)]
    items = tuple([word for word in others if not _is_url(word)])
    return Words(method, (complete_url(first), *map(complete_url, further)), items)


def complete_url(text: str) -> str:
    """With http:// in front where there is no scheme, as with curl; ":8000/x" is on this machine, as with HTTPie.

    Bytes that are not UTF-8 are escaped: what a shell completes may be of another time.
    """
    text = _stray_byte.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", typed_text(text))
    if _has_scheme(text):
        return text
    if text.startswith(":") and not text.startswith("::"):
        port = text if text[1:2].isdigit() else text[1:]
        return f"http://localhost{port}"
    return f"http://{text}"


def _is_url(word: str) -> bool:
    return _has_scheme(word) is not None or _has_separator(word) is None
