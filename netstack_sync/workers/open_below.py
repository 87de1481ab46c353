"""Opens a file below a folder, and nothing outside of it, whatever its name says. May block.

Nobody can swap a folder for a link between a check and the opening: each step starts from the folder that is open
already and follows no link (O_NOFOLLOW). Where the system cannot do that (Windows) the path is resolved first; there
it takes rights of its own to make a link.
"""

from __future__ import annotations

import errno
import os
import stat

_HAS_STEPS = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
# A pipe is not waited for, and a terminal does not become ours.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def open_below(root: str, names: list[str]) -> int:
    """A descriptor of the regular file `root`/name/name...; raises OSError for everything else.

    Links below the root are not followed; those in the path of the root are.
    """
    for name in names:
        if name in ("", os.curdir, os.pardir) or "\0" in name or os.sep in name or (os.altsep and os.altsep in name):
            raise PermissionError(errno.EACCES, "the path is not below the root", name)
    if not names:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), root)
    descriptor = _open_in_steps(root, names) if _HAS_STEPS else _open_resolved(root, names)
    try:
        _check_regular(os.fstat(descriptor).st_mode, names[-1])
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_in_steps(root: str, names: list[str]) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in names[:-1]:
            _refuse_link(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode, name)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Looked at first: opening a device may do something to it.
        _check_regular(os.stat(names[-1], dir_fd=folder, follow_symlinks=False).st_mode, names[-1])
        return os.open(names[-1], _FLAGS | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def _open_resolved(root: str, names: list[str]) -> int:
    inside = os.path.realpath(root)
    path = os.path.join(inside, *names)
    if os.path.normcase(os.path.realpath(path)) != os.path.normcase(path):
        raise PermissionError(errno.EACCES, "links are not followed", names[-1])
    _check_regular(os.stat(path).st_mode, names[-1])
    return os.open(path, _FLAGS)


def _check_regular(mode: int, name: str) -> None:
    _refuse_link(mode, name)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not stat.S_ISREG(mode):
        raise PermissionError(errno.EACCES, "neither a file nor a folder", name)


def _refuse_link(mode: int, name: str) -> None:
    """Says so, where opening would only say that something is amiss."""
    if stat.S_ISLNK(mode):
        raise PermissionError(errno.EACCES, "links are not followed", name)
