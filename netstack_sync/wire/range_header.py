"""Reads Range: which part of a representation is asked for (RFC 9110 §14.1.2, §14.2)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_NUMBER: Final = r"[0-9]{1,18}"  # below 2**63; more is no file, and int() of very many digits is slow
_range: Final = re.compile(rf"bytes=[ \t]*({_NUMBER})?-({_NUMBER})?[ \t]*", re.IGNORECASE).fullmatch


class ByteRange(NamedTuple):
    """From `first` to `last`, both included; without `first` the last `last` bytes, without `last` to the end."""

    first: int | None
    last: int | None


def parse_range(value: str | None) -> ByteRange | None:
    """The one range that is asked for; None where there is none, or one that makes no sense, or several.

    Whoever is asked for these may give the whole (RFC 9110 §14.2).
    """
    match = _range(value or "")
    if match is None or match[1] == match[2] is None:
        return None
    first = int(match[1]) if match[1] is not None else None
    last = int(match[2]) if match[2] is not None else None
    if first is not None and last is not None and last < first:
        return None
    return ByteRange(first, last)
