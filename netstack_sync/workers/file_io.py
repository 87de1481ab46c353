"""What is done with files: small ones read whole and replaced whole, pipes told from them. May block."""

from __future__ import annotations

import errno
import os
import stat
import tempfile


def read_small_file(path: str, limit_bytes: int) -> bytes | None:
    """The content; None when there is no such file. Raises OSError, also for one that is larger than the limit."""
    try:
        with open(path, "rb") as file:
            data = file.read(limit_bytes + 1)
    except FileNotFoundError:
        return None
    if len(data) > limit_bytes:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
    return data


def replace_file(path: str, data: bytes, is_synced: bool = True) -> None:
    """Writes a file that only its owner may read (0600); raises OSError.

    At every moment the old content or the new one is there, if it is synced also when the machine stops in between.
    """
    descriptor, temporary = tempfile.mkstemp(".tmp", f".{os.path.basename(path)}.", os.path.dirname(path) or ".")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            if is_synced:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def is_pipe(path: str) -> bool:
    """Or a device: whatever is there and is neither a file nor a directory."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False  # reading tells why
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
