"""Files in request bodies: opened, looked at and measured on the caller's thread, read on a worker as they are sent."""

from __future__ import annotations

import io
import os
from typing import Any, NamedTuple

from netstack_sync.http.upload import FileSource


class MeasuredFile(NamedTuple):
    """A binary file from where it stands."""

    source: FileSource
    size: int | None
    """Bytes to its end; None when only the end will tell."""


class _OpenedFile(io.FileIO):
    """A file that was opened for the caller; closed, without a ResourceWarning, when the body is dropped."""

    def __del__(self) -> None:
        self.close()


def open_path(what: str, path: str | os.PathLike[Any]) -> io.FileIO:
    """The file at a path, for reading; ValueError that begins with `what` when there is none to be read."""
    name = os.fspath(path)
    try:
        return _OpenedFile(name)
    except OSError as error:
        raise ValueError(f"{what}: cannot read {name!r}: {error.strerror}") from error


def measure_file(what: str, file: Any) -> MeasuredFile:
    """Anything with a read() that gives bytes. Raises TypeError and ValueError that begin with `what`."""
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{what}: a request body is made of bytes; open the file in binary mode")
    readable = getattr(file, "readable", None)
    try:
        is_readable = readable is None or readable()
        source = FileSource(file)
        size = max(0, file.seek(0, os.SEEK_END) - source.start) if source.can_restart else None
        if source.can_restart:
            source.restart()
    except (OSError, ValueError) as error:
        raise ValueError(f"{what}: cannot read the file: {error}") from error
    if not is_readable:
        raise ValueError(f"{what}: the file is not open for reading")
    return MeasuredFile(source, size)
