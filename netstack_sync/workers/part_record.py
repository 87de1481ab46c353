"""PartRecord: what an unfinished download is part of, in a small file beside it. May block; for worker threads."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from typing import Final

from netstack_sync.workers.file_io import read_small_file, replace_file

_MAX_BYTES: Final = 64 * 1024  # URLs are long at times
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class PartRecord:
    """Which representation the bytes are from."""

    url: str
    """As it was asked for, without credentials."""
    validator: str
    """A strong ETag, or a Last-Modified that is as good: what If-Range says."""
    size: int | None
    """Bytes in all, where the server told."""


def read_part_record(path: str) -> PartRecord | None:
    """What was written there; None without one, and for one that makes no sense. Raises OSError."""
    data = read_small_file(path, _MAX_BYTES)
    try:
        values = json.loads(data or b"")
        url, validator, size = values["url"], values["validator"], values["size"]
        is_known = values["format"] == _FORMAT
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not is_known or not isinstance(url, str) or not _is_validator(validator) or not _is_size(size):
        return None
    return PartRecord(url, validator, size)


def write_part_record(path: str, record: PartRecord) -> None:
    """Only the owner may read it: URLs hold secrets. Raises OSError."""
    values = {"format": _FORMAT, "url": record.url, "validator": record.validator, "size": record.size}
    replace_file(path, json.dumps(values, indent=1).encode("ascii"))


def remove_part_record(path: str) -> None:
    """It is no error if there is none; raises OSError for everything else."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _is_validator(value: object) -> bool:
    """It goes into a header."""
    return isinstance(value, str) and bool(value) and all(" " <= c <= "\xff" and c != "\x7f" for c in value)


def _is_size(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
