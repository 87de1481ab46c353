"""PartPlace: where a download grows, and where it belongs. May block; for worker threads."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from typing import Final

from netstack_sync.workers.file_lock import let_go_for_rename, lock_file

NOT_ALONE: Final = "something else writes to the file as well"
_MAX_OPENS: Final = 10  # of a file that others take away at the very moment
_OPEN_FLAGS: Final = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class PartPlace:
    """NAME.part and NAME; all raise OSError. A file is opened with its lock, which goes when it is closed."""

    __slots__ = ("_identity", "_may_replace", "_path", "part_path", "record_path")

    def __init__(self, path: str, may_replace: bool) -> None:
        self._path = os.path.realpath(path)  # a link stays one, what it points at is replaced
        self._may_replace = may_replace
        self._identity = (0, 0)
        self.part_path: Final = f"{self._path}.part"
        self.record_path: Final = f"{self._path}.part.json"

    @contextlib.contextmanager
    def open_any(self) -> Iterator[io.FileIO]:
        """The file that has the name; without one an empty one is made."""
        try:
            file = self._open_locked(os.O_CREAT)
        except FileNotFoundError as error:  # of a name that nobody knows
            raise FileNotFoundError(errno.ENOENT, "no such folder", os.path.dirname(self._path)) from error
        try:
            yield file
        finally:
            file.close()

    @contextlib.contextmanager
    def open_known(self, length: int) -> Iterator[io.FileIO]:
        """The file that was adopted, if it is so long; anything else is a download that somebody else makes."""
        file = self._open_locked(0)
        try:
            status = os.fstat(file.fileno())
            if _identity(status) != self._identity or status.st_size != length:
                raise OSError(errno.EBUSY, NOT_ALONE, self.part_path)
            yield file
        finally:
            file.close()

    def adopt(self, file: io.FileIO) -> None:
        """From now on this is the file that is known."""
        self._identity = _identity(os.fstat(file.fileno()))

    def remove(self, file: io.FileIO) -> None:
        """Takes away a file that is open."""
        let_go_for_rename(file)
        os.unlink(self.part_path)

    def move(self, file: io.FileIO) -> None:
        """Puts a file that is open in its place, with the permissions of one that was there."""
        let_go_for_rename(file)
        mode = self.check_destination()
        if mode is not None:
            os.chmod(self.part_path, mode)  # it stays executable, or private
        os.replace(self.part_path, self._path)

    def sync_folder(self) -> None:
        """Makes the file's new name last."""
        with contextlib.suppress(OSError):  # Windows and some file systems cannot; the file itself is in its place
            descriptor = os.open(os.path.dirname(self._path), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def check_destination(self) -> int | None:
        """The permissions of the file that is going to be replaced; None without one."""
        try:
            mode = os.stat(self._path).st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self._path)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", self._path)
        if not self._may_replace:
            raise FileExistsError(errno.EEXIST, "the file is there already; overwrite=True replaces it", self._path)
        return mode & 0o777

    def _open_locked(self, flags: int) -> io.FileIO:
        for _ in range(_MAX_OPENS):
            file = io.FileIO(os.open(self.part_path, _OPEN_FLAGS | flags, 0o666), "r+")  # less the umask
            try:
                lock_file(file.fileno())
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(errno.EINVAL, "not a regular file", self.part_path)
                if self._is_named(status):
                    return file
            except BaseException:
                file.close()
                raise
            file.close()
        raise OSError(errno.EBUSY, NOT_ALONE, self.part_path)

    def _is_named(self, status: os.stat_result) -> bool:
        """False when who had the lock before has finished: then this is the file in its place, and not ours."""
        try:
            return _identity(os.stat(self.part_path, follow_symlinks=False)) == _identity(status)
        except FileNotFoundError:
            return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
