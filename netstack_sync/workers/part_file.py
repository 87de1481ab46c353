"""PartFile: the file in which a download grows, and its way to its place. May block; for worker threads."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from netstack_sync.base.exceptions import ChecksumMismatch
from netstack_sync.base.net_errors import ERR_INVALID_RESPONSE
from netstack_sync.workers.file_lock import let_go_for_rename, lock_file
from netstack_sync.workers.part_record import PartRecord, read_part_record, remove_part_record, write_part_record

_READ_BYTES: Final = 1024 * 1024
_SMALL_BYTES: Final = 64 * 1024  # most downloads are small and come in one go; to make a record for these costs more
_MAX_OPENS: Final = 10  # of a file that others take away at the very moment
_NOT_ALONE: Final = "something else writes to the file as well"
_OPEN_FLAGS: Final = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Checksum(NamedTuple):
    """What the finished file must hash to; `digest` in lower-case hexadecimal."""

    algorithm: str
    digest: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"


class PartFile:
    """NAME.part and its record NAME.part.json, beside the destination. One call at a time; all raise OSError.

    No descriptor is kept between calls, so that a download can be dropped at any moment, also while a call hangs in a
    dead disk. Each call takes the file's lock and looks whether the file is as the last one left it: of two downloads
    to one place one fails, and neither writes into the other's bytes.
    """

    __slots__ = (
        "_checksum",
        "_hash",
        "_identity",
        "_may_replace",
        "_path",
        "_record_path",
        "is_recorded",
        "part_path",
        "record",
        "size",
    )

    def __init__(self, path: str, may_replace: bool, checksum: Checksum | None = None) -> None:
        self._path = os.path.realpath(path)  # a link stays one, what it points at is replaced
        self._may_replace = may_replace
        self._checksum = checksum
        self._hash = _new_hash(checksum)
        self._identity = (0, 0)
        self._record_path = f"{self._path}.part.json"
        self.part_path: Final = f"{self._path}.part"
        self.record: PartRecord | None = None
        """Of what the bytes are a part; None when they are good for nothing but this attempt."""
        self.size = 0
        """Bytes that are in the file."""
        self.is_recorded = False
        """True once another attempt could go on from them."""

    def inspect(self, url: str | None) -> None:
        """Finds out what can be known before anything is sent: whether the file can be written, and what is there.

        Of a part of `url` record and size are set afterwards.
        """
        self._check_destination()
        with self._open(os.O_CREAT) as file:
            size = os.fstat(file.fileno()).st_size
            record = read_part_record(self._record_path) if size and url is not None else None
            if record is not None and record.url == url and (record.size is None or size <= record.size):
                self._adopt(file.fileno(), record, size)
            elif not size:
                let_go_for_rename(file)
                os.unlink(self.part_path)  # it was a trial

    def begin(self, record: PartRecord | None) -> None:
        """Begins anew, with the bytes of another representation."""
        remove_part_record(self._record_path)
        with self._open(os.O_CREAT) as file:
            os.ftruncate(file.fileno(), 0)
            self._identity = _identity(os.fstat(file.fileno()))
        self.record, self.size, self.is_recorded = record, 0, False
        self._hash = _new_hash(self._checksum)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Appends. When it raises, `size` says how much of it is in the file."""
        self._write_record()
        with self._open_known() as file:
            self._append(file.fileno(), pieces)

    def finish(self, pieces: Sequence[bytes]) -> None:
        """Appends the last pieces, checks the whole and puts it in its place; raises ChecksumMismatch too.

        Once this has returned, the file survives the machine's sudden end.
        """
        if sum(map(len, pieces)) > _SMALL_BYTES:
            self._write_record()
        with self._open_known() as file:
            self._append(file.fileno(), pieces)
            os.fsync(file.fileno())  # also of what was written through descriptors that are closed by now
            let_go_for_rename(file)
            self._verify()
            mode = self._check_destination()
            if mode is not None:
                os.chmod(self.part_path, mode)  # it stays executable, or private
            os.replace(self.part_path, self._path)
        remove_part_record(self._record_path)
        _sync_folder(os.path.dirname(self._path))

    # --- the file

    @contextlib.contextmanager
    def _open(self, flags: int = 0) -> Iterator[io.FileIO]:
        """The file that has the name, with the lock."""
        file = self._open_locked(flags)
        try:
            yield file
        finally:
            file.close()

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
        raise OSError(errno.EBUSY, _NOT_ALONE, self.part_path)

    def _is_named(self, status: os.stat_result) -> bool:
        """False when who had the lock before has finished: then this is the file in its place, and not ours."""
        try:
            return _identity(os.stat(self.part_path, follow_symlinks=False)) == _identity(status)
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def _open_known(self) -> Iterator[io.FileIO]:
        with self._open() as file:
            status = os.fstat(file.fileno())
            if _identity(status) != self._identity or status.st_size != self.size:
                raise OSError(errno.EBUSY, _NOT_ALONE, self.part_path)
            yield file

    def _write_record(self) -> None:
        if self.record is not None and not self.is_recorded:
            write_part_record(self._record_path, self.record)
            self.is_recorded = True

    def _append(self, descriptor: int, pieces: Sequence[bytes]) -> None:
        os.lseek(descriptor, self.size, os.SEEK_SET)
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                count = os.write(descriptor, rest)
                self.size += count
                if self._hash is not None:
                    self._hash.update(rest[:count])
                rest = rest[count:]

    def _adopt(self, descriptor: int, record: PartRecord, size: int) -> None:
        """Takes over what an earlier attempt has left."""
        self.record, self.size, self.is_recorded = record, size, True
        self._identity = _identity(os.fstat(descriptor))
        while self._hash is not None and (piece := os.read(descriptor, _READ_BYTES)):
            self._hash.update(piece)

    def _verify(self) -> None:
        """Removes a file that is wrong: it would be gone on with for ever."""
        if self._checksum is None or self._hash is None:
            return
        found = Checksum(self._checksum.algorithm, self._hash.hexdigest())
        if found != self._checksum:
            remove_part_record(self._record_path)
            os.unlink(self.part_path)
            self.size = 0
            raise ChecksumMismatch(ERR_INVALID_RESPONSE, f"the body has {found}, not {self._checksum}; it was removed")

    def _check_destination(self) -> int | None:
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


def _new_hash(checksum: Checksum | None) -> Any:
    return None if checksum is None else hashlib.new(checksum.algorithm, usedforsecurity=False)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _sync_folder(path: str) -> None:
    """Makes the file's new name last."""
    with contextlib.suppress(OSError):  # Windows and some file systems cannot; the file itself is in its place
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
