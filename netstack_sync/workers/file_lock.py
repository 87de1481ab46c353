"""Locks a file against other downloads, of this process and of others. May block; for worker threads."""

from __future__ import annotations

import contextlib
import io
import sys

if sys.platform == "win32":

    def lock_file(descriptor: int) -> None:
        """Nothing: Windows has no such lock, and a file that another one writes cannot be renamed anyway."""

    def let_go_for_rename(file: io.FileIO) -> None:
        """Closes it: Windows neither renames nor removes a file that is open."""
        file.close()

else:
    import fcntl

    def lock_file(descriptor: int) -> None:
        """Waits until nobody else holds the lock; closing the descriptor gives it back."""
        with contextlib.suppress(OSError):  # a file system without locks, which must not stop a download
            fcntl.flock(descriptor, fcntl.LOCK_EX)

    def let_go_for_rename(file: io.FileIO) -> None:
        """Nothing: the lock is kept until the name has changed, so that nobody comes in between."""
