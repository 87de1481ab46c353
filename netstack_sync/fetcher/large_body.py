"""LargeBody: a large body as one value that grows, so that it is never in memory twice."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Final

LOOSE_BYTES: Final = 256 * 1024
"""Up to here pieces are kept as they are: to join them at the end costs next to nothing."""


class LargeBody:
    """Grows with what has come, not with what a server announces.

    The memory of a piece serves the next one again. Kept until the end, each would be touched for the first time, and
    the joined body too, which costs more than to copy it. BytesIO enlarges its buffer in place and gives it away.
    """

    __slots__ = ("_buffer",)

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._buffer = io.BytesIO()
        self._buffer.writelines(pieces)

    def append(self, piece: bytes) -> None:
        """Takes the next piece."""
        self._buffer.write(piece)

    def value(self) -> bytes:
        """All of it; the last call."""
        return self._buffer.getvalue()
