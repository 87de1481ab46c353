"""UploadReader: a file that is sent, read by the fetch, which tells how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

from netstack_sync.cli.exit_status import READ_ERROR, CommandError


class UploadReader:
    """As much of a binary file as a request body needs; `on_read` is called with the bytes of each piece.

    That happens on a worker thread, before they are sent. Going back, for a redirect or an answer to a challenge,
    counts as minus what was read.
    """

    __slots__ = ("_file", "_on_read", "_read_bytes")

    def __init__(self, file: BinaryIO, on_read: Callable[[int], None]) -> None:
        """The file stays the caller's."""
        self._file = file
        self._on_read = on_read
        self._read_bytes = 0

    def read(self, size: int) -> bytes:
        """The next piece; b"" at the end. Raises CommandError."""
        try:
            data = self._file.read(size)
        except OSError as error:
            raise CommandError(READ_ERROR, f"cannot read what is to be sent: {error.strerror or error}") from error
        self._count(len(data))
        return data

    def readable(self) -> bool:
        """True: that is what it is for."""
        return True

    def seekable(self) -> bool:
        """Whether it can be sent again."""
        return self._file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See io.IOBase."""
        self._count(-self._read_bytes)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """See io.IOBase."""
        return self._file.tell()

    def _count(self, size_bytes: int) -> None:
        self._read_bytes += size_bytes
        if size_bytes:
            self._on_read(size_bytes)
