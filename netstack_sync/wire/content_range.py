"""Reads Content-Range: which part of a representation an answer holds (RFC 9110 §14.4)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_NUMBER: Final = r"[0-9]{1,18}"  # below 2**63; more is no file, and int() of very many digits is slow
_satisfied: Final = re.compile(rf"bytes ({_NUMBER})-({_NUMBER})/({_NUMBER}|\*)").fullmatch
_unsatisfied: Final = re.compile(rf"bytes \*/({_NUMBER})").fullmatch


class ContentRange(NamedTuple):
    """The bytes `first` to `last`, both included, of `size` (None: the sender does not know)."""

    first: int
    last: int
    size: int | None

    @property
    def length(self) -> int:
        """Bytes in the part."""
        return self.last - self.first + 1


def parse_content_range(value: str | None) -> ContentRange | None:
    """The range of a 206; None where there is none, or one that makes no sense."""
    match = _satisfied((value or "").lower())
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    size = None if match[3] == "*" else int(match[3])
    if last < first or (size is not None and size <= last):
        return None
    return ContentRange(first, last, size)


def parse_unsatisfied_range(value: str | None) -> int | None:
    """The size of the whole that a 416 tells; None where it does not."""
    match = _unsatisfied((value or "").lower())
    return int(match[1]) if match is not None else None
