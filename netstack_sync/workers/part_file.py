"""PartFile: the file in which a download grows, and its way to its place. May block; for worker threads."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

from netstack_sync.base.exceptions import ChecksumMismatch
from netstack_sync.base.net_errors import ERR_INVALID_RESPONSE
from netstack_sync.workers.file_room import reserve_room
from netstack_sync.workers.gaps import Gap, filled, missing_bytes
from netstack_sync.workers.part_place import NOT_ALONE, PartPlace
from netstack_sync.workers.part_record import PartRecord, read_part_record, remove_part_record, write_part_record

_READ_BYTES: Final = 1024 * 1024
_SMALL_BYTES: Final = 64 * 1024  # most downloads are small and come in one go; to make a record for these costs more


class Checksum(NamedTuple):
    """What the finished file must hash to; `digest` in lower-case hexadecimal."""

    algorithm: str
    digest: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"


class Piece(NamedTuple):
    """Some bytes and their place in the file."""

    position: int
    data: bytes


class PartFile:
    """NAME.part and its record NAME.part.json, beside the destination. One call at a time; all raise OSError.

    It grows at its end with write(), or has its full length and is filled in several places with fill(); the record
    says which. No descriptor is kept between calls, so that a download can be dropped at any moment, also while a call
    hangs in a dead disk. Each call takes the file's lock and looks whether the file is as the last one left it: of two
    downloads to one place one fails, and neither writes into the other's bytes.
    """

    __slots__ = ("_checksum", "_hash", "_place", "is_recorded", "part_path", "record", "size")

    def __init__(self, path: str, may_replace: bool, checksum: Checksum | None = None) -> None:
        self._place = PartPlace(path, may_replace)
        self._checksum = checksum
        self._hash = _new_hash(checksum)
        self.part_path: Final = self._place.part_path
        self.record: PartRecord | None = None
        """Of what the bytes are a part; None when they are good for nothing but this attempt."""
        self.size = 0
        """Bytes that have come."""
        self.is_recorded = False
        """True once another attempt could go on from them."""

    @property
    def gaps(self) -> tuple[Gap, ...] | None:
        """What is missing of a file that is filled; None of one that grows."""
        return self.record.gaps if self.record is not None else None

    def inspect(self, url: str | None) -> None:
        """Finds out what can be known before anything is sent: whether the file can be written, and what is there.

        Of a part of `url` record and size are set afterwards.
        """
        place = self._place
        place.check_destination()
        with place.open_any() as file:
            length = os.fstat(file.fileno()).st_size
            record = read_part_record(place.record_path) if length and url is not None else None
            if record is not None and record.url == url and _fits(record, length):
                self._adopt(file, record, length)
            elif not length:
                place.remove(file)  # it was a trial

    def begin(self, record: PartRecord | None, gaps: Sequence[Gap] = ()) -> None:
        """Begins anew, with the bytes of another representation; with `gaps` to be filled."""
        place = self._place
        remove_part_record(place.record_path)
        self.record, self.size, self.is_recorded = record, 0, False
        self._hash = _new_hash(self._checksum)
        with place.open_any() as file:
            os.ftruncate(file.fileno(), 0)
            place.adopt(file)
            if gaps:
                self._spread(file, gaps)

    def spread(self, gaps: Sequence[Gap]) -> None:
        """From now on a part that has grown, whose size is known, is filled."""
        with self._open_known() as file:
            self._spread(file, gaps)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Appends. When it raises, `size` says how much of it is in the file."""
        self._write_record()
        with self._open_known() as file:
            self._append(file.fileno(), pieces)

    def fill(self, pieces: Iterable[Piece]) -> None:
        """Writes each piece at the beginning of a gap; the record says afterwards what is left, also when it raises."""
        place = self._place
        with self._open_known() as file:
            if read_part_record(place.record_path) != self.record:
                raise OSError(errno.EBUSY, NOT_ALONE, place.part_path)
            try:
                for position, data in pieces:
                    os.lseek(file.fileno(), position, os.SEEK_SET)
                    self._write_piece(file.fileno(), data, position)
            finally:
                assert self.record is not None, "without a record nothing is filled"
                write_part_record(place.record_path, self.record, is_synced=False)  # with every batch: it must be cheap

    def finish(self, pieces: Sequence[bytes] = ()) -> None:
        """Appends the last pieces, checks the whole and puts it in its place; raises ChecksumMismatch too.

        Once this has returned, the file survives the machine's sudden end.
        """
        assert not self.gaps, "what is filled is full"
        place = self._place
        if sum(map(len, pieces)) > _SMALL_BYTES:
            self._write_record()
        with self._open_known() as file:
            self._append(file.fileno(), pieces)
            os.fsync(file.fileno())  # also of what was written through descriptors that are closed by now
            if self.gaps is not None:
                self._hash_from_disk(file)
            self._verify(file)
            place.move(file)
        remove_part_record(place.record_path)
        place.sync_folder()

    # --- the file

    def _open_known(self) -> AbstractContextManager[io.FileIO]:
        return self._place.open_known(self.size + missing_bytes(self.gaps or ()))

    def _write_record(self) -> None:
        if self.record is not None and not self.is_recorded:
            write_part_record(self._place.record_path, self.record)
            self.is_recorded = True

    def _append(self, descriptor: int, pieces: Iterable[bytes]) -> None:
        os.lseek(descriptor, 0, os.SEEK_END)
        for piece in pieces:
            self._write_piece(descriptor, piece)

    def _write_piece(self, descriptor: int, piece: bytes, position: int | None = None) -> None:
        """With a position it goes into a gap."""
        rest = memoryview(piece)
        while rest:
            count = os.write(descriptor, rest)
            self.size += count
            if position is not None:
                self._fill_gap(position, count)
                position += count
            elif self._hash is not None:
                self._hash.update(rest[:count])
            rest = rest[count:]

    def _fill_gap(self, position: int, count: int) -> None:
        assert self.record is not None and self.record.gaps is not None, "a file that is filled has gaps"
        self.record = self.record._replace(gaps=filled(self.record.gaps, position, count))

    def _spread(self, file: io.FileIO, gaps: Sequence[Gap]) -> None:
        assert self.record is not None and self.record.size is not None, "only what is of known size has gaps"
        reserve_room(file.fileno(), self.record.size)
        self.record, self.is_recorded = self.record._replace(gaps=tuple(gaps)), True
        self._hash = _new_hash(self._checksum)  # at the end, from the disk
        write_part_record(self._place.record_path, self.record)

    def _adopt(self, file: io.FileIO, record: PartRecord, length: int) -> None:
        """Takes over what an earlier attempt has left."""
        self.record, self.is_recorded = record, True
        self.size = length - missing_bytes(record.gaps or ())
        self._place.adopt(file)
        if record.gaps is None:
            self._hash_from_disk(file)

    def _hash_from_disk(self, file: io.FileIO) -> None:
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        while self._hash is not None and (piece := os.read(file.fileno(), _READ_BYTES)):
            self._hash.update(piece)

    def _verify(self, file: io.FileIO) -> None:
        """Removes a file that is wrong: it would be gone on with for ever."""
        if self._checksum is None or self._hash is None:
            return
        found = Checksum(self._checksum.algorithm, self._hash.hexdigest())
        if found != self._checksum:
            remove_part_record(self._place.record_path)
            self._place.remove(file)
            self.size = 0
            raise ChecksumMismatch(ERR_INVALID_RESPONSE, f"the body has {found}, not {self._checksum}; it was removed")


def _fits(record: PartRecord, length: int) -> bool:
    """True when a file of that length can be what the record tells of."""
    if record.gaps is not None:
        return length == record.size
    return record.size is None or length <= record.size


def _new_hash(checksum: Checksum | None) -> Any:
    return None if checksum is None else hashlib.new(checksum.algorithm, usedforsecurity=False)
