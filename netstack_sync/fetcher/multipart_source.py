"""MultipartSource: a body made of bytes in memory and of files, read one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from netstack_sync.fetcher.body_file import MeasuredFile


class MultipartSource:
    """See BodySource. Of a file that has grown only the announced part is read; one that has shrunk ends the body
    where a length was announced, so that nobody takes the next part for the rest of it.
    """

    __slots__ = ("_is_in_file", "_next", "_parts", "_unread", "size")

    def __init__(self, parts: Sequence[bytes | MeasuredFile]) -> None:
        self._parts = parts
        self._next = 0  # the part that is read, or read next
        self._is_in_file = False
        self._unread: int | None = None  # of the present file
        sizes = [len(part) if isinstance(part, bytes) else part.size for part in parts]
        known = [size for size in sizes if size is not None]
        self.size = sum(known) if len(known) == len(sizes) else None
        """Bytes in all; None when only the end will tell."""

    def read_piece(self) -> bytes:
        """See BodySource."""
        while self._next < len(self._parts):
            part = self._parts[self._next]
            if isinstance(part, bytes):
                self._next += 1
                return part
            piece = self._read_file(part)
            if piece or self._unread:
                return piece
            self._is_in_file = False
            self._next += 1
        return b""

    def restart(self) -> None:
        """See BodySource."""
        for part in self._parts:
            if not isinstance(part, bytes):
                part.source.restart()
        self._next = 0
        self._is_in_file = False

    @property
    def can_restart(self) -> bool:
        """See BodySource."""
        return all([isinstance(part, bytes) or part.source.can_restart for part in self._parts])

    def _read_file(self, file: MeasuredFile) -> bytes:
        if not self._is_in_file:
            self._is_in_file = True
            self._unread = file.size if self.size is not None else None
            file.source.restart()  # the same file may stand in two parts
        if self._unread is None:
            return file.source.read_piece()
        piece = file.source.read_piece()[: self._unread] if self._unread else b""
        self._unread -= len(piece)
        return piece
