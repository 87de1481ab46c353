"""Reserves room for a file before it is written. May block; for worker threads."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Final

_CANNOT_ALLOCATE: Final = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)  # this file system, or this system


def reserve_room(descriptor: int, size_bytes: int) -> None:
    """Makes a file so long; where the system can, a disk without room for it is known at once. Raises OSError."""
    length = os.fstat(descriptor).st_size
    allocate: Callable[[int, int, int], None] | None = getattr(os, "posix_fallocate", None)  # not on macOS and Windows
    try:
        if allocate is None:
            os.ftruncate(descriptor, size_bytes)
        else:
            allocate(descriptor, 0, size_bytes)
    except OSError as error:
        if error.errno not in _CANNOT_ALLOCATE:
            os.ftruncate(descriptor, length)  # what has been reserved goes back
            raise
        os.ftruncate(descriptor, size_bytes)
