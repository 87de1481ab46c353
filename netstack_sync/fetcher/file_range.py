"""FileRange: a part of a file as the body of a request."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileRange:
    """`length` bytes of a file from `offset` on, as `content=FileRange("disk.img", 4096, 1024)`.

    Without `length` it is all the rest. The file is opened when the request is made, read while it is sent, and can be
    sent again. Raises ValueError and TypeError.
    """

    path: str | os.PathLike[str]
    offset: int = 0
    length: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, (str, os.PathLike)):
            raise TypeError(f"content: path must be a string or a path, not {type(self.path).__name__}")
        for name, value in (("offset", self.offset), ("length", 0 if self.length is None else self.length)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"content: {name} must be a number of bytes from 0 on, not {value!r}")

    def size_in(self, file_size: int) -> int:
        """Bytes of the range in a file of so many; raises ValueError when there are less than are wanted."""
        length = max(0, file_size - self.offset) if self.length is None else self.length
        if self.offset + length > file_size:
            raise ValueError(
                f"content: {os.fspath(self.path)!r} has {file_size} bytes, and no {length} from {self.offset} on"
            )
        return length
