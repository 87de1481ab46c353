"""Gaps: what of a file is missing, as values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Gap(NamedTuple):
    """The bytes from `first` on, up to `end` without it; never empty."""

    first: int
    end: int

    @property
    def length(self) -> int:
        """Bytes that are missing."""
        return self.end - self.first


def missing_bytes(gaps: Sequence[Gap]) -> int:
    """Of all of them."""
    return sum([gap.length for gap in gaps])


def filled(gaps: Sequence[Gap], position: int, count: int) -> tuple[Gap, ...]:
    """What is left when so many bytes have come at the beginning of one of them; at least one byte."""
    index = [gap.first for gap in gaps].index(position)
    rest = gaps[index]._replace(first=position + count)
    assert rest.length >= 0, "nobody writes behind the end of a gap"
    return (*gaps[:index], *((rest,) if rest.length else ()), *gaps[index + 1 :])


def divided(gaps: Sequence[Gap], count: int, least_bytes: int) -> tuple[Gap, ...]:
    """The same bytes in up to `count` gaps, none of which is made smaller than `least_bytes`; the largest go first."""
    parts = list(gaps)
    while len(parts) < count:
        widest = max(parts, key=lambda gap: gap.length)
        pieces = count - len(parts) + 1 if len(parts) == 1 else 2
        pieces = min(pieces, widest.length // least_bytes)
        if pieces < 2:
            break
        cuts = [widest.first + widest.length * index // pieces for index in range(pieces)] + [widest.end]
        index = parts.index(widest)
        parts[index : index + 1] = [Gap(*cut) for cut in pairwise(cuts)]
    return tuple(parts)
