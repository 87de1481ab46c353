"""FileSource: a file below a root folder as an answer."""

from __future__ import annotations

import os
from email.utils import formatdate
from typing import Final

from netstack_sync.workers.answer_source import SourceAnswer
from netstack_sync.workers.media_type import media_type_of
from netstack_sync.workers.open_below import open_below

_READ_BYTES: Final = 256 * 1024


class FileSource:
    """See AnswerSource. The file may be asked for in part, as in HTTP (RFC 9110 §14)."""

    __slots__ = ("_descriptor", "_if_range", "_names", "_range", "_root", "_unread")

    is_remote = False
    has_effects = False

    def __init__(
        self, root: str, names: list[str], byte_range: tuple[int | None, int | None] | None, if_range: str | None
    ) -> None:
        """`byte_range` as in wire.range_header.ByteRange; it counts only for the file that `if_range` names."""
        self._root = root
        self._names = names
        self._range = byte_range
        self._if_range = if_range
        self._descriptor = -1
        self._unread = 0

    def open(self) -> SourceAnswer:
        """See AnswerSource: 200, 206, or 416 for a part that the file does not have."""
        self._descriptor = open_below(self._root, self._names)
        status = os.fstat(self._descriptor)
        size = status.st_size
        tag, modified = f'"{status.st_mtime_ns:x}-{size:x}"', formatdate(status.st_mtime, usegmt=True)
        headers = [("Content-Type", media_type_of(self._names[-1])), ("Accept-Ranges", "bytes")]
        headers += [("ETag", tag), ("Last-Modified", modified)]
        if self._range is None or self._if_range not in (None, tag):
            self._unread = size
            return SourceAnswer(200, "OK", tuple(headers), size)
        first, end = _bounds(self._range, size)
        if first >= end:
            headers = [("Content-Range", f"bytes */{size}")]
            return SourceAnswer(416, "Range Not Satisfiable", tuple(headers), 0, b"")
        os.lseek(self._descriptor, first, os.SEEK_SET)
        self._unread = end - first
        headers.append(("Content-Range", f"bytes {first}-{end - 1}/{size}"))
        return SourceAnswer(206, "Partial Content", tuple(headers), self._unread)

    def read_piece(self) -> bytes:
        """See AnswerSource. What is added to the file meanwhile is left out."""
        piece = os.read(self._descriptor, min(_READ_BYTES, self._unread))
        self._unread -= len(piece)
        return piece

    def abort(self, is_busy: bool) -> None:
        """See AnswerSource."""
        if not is_busy:
            self.close()

    def close(self) -> None:
        """See AnswerSource."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _bounds(byte_range: tuple[int | None, int | None], size: int) -> tuple[int, int]:
    """First byte and the one after the last; nothing is between them where the file has no such part."""
    first, last = byte_range
    if first is None:
        assert last is not None, "one of them is there"
        return max(0, size - last), size
    return first, size if last is None else min(last + 1, size)
