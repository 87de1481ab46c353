"""PartRecord: what an unfinished download is part of, in a small file beside it. May block; for worker threads."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Final, NamedTuple

from netstack_sync.workers.file_io import read_small_file, replace_file
from netstack_sync.workers.gaps import Gap

_MAX_BYTES: Final = 64 * 1024  # URLs are long at times
_FORMAT: Final = 1  # of a part that grows at its end
_FORMAT_WITH_GAPS: Final = 2  # of one that has its full length from the beginning


class PartRecord(NamedTuple):
    """Which representation the bytes are from."""

    url: str
    """As it was asked for, without credentials."""
    validator: str
    """A strong ETag, or a Last-Modified that is as good: what If-Range says."""
    size: int | None
    """Bytes in all, where the server told."""
    gaps: tuple[Gap, ...] | None = None
    """What is missing of a part that has its full length; None of one that grows at its end."""


def read_part_record(path: str) -> PartRecord | None:
    """What was written there; None without one, and for one that makes no sense. Raises OSError."""
    data = read_small_file(path, _MAX_BYTES)
    try:
        values = json.loads(data or b"")
        url, validator, size = values["url"], values["validator"], values["size"]
        has_gaps = values["format"] == _FORMAT_WITH_GAPS
        gaps = _gaps(values["gaps"], size) if has_gaps else None
        is_known = has_gaps or values["format"] == _FORMAT
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not is_known or not isinstance(url, str) or not _is_validator(validator) or not _is_size(size):
        return None
    return PartRecord(url, validator, size, gaps)


def write_part_record(path: str, record: PartRecord, is_synced: bool = True) -> None:
    """Only the owner may read it: URLs hold secrets. Raises OSError.

    What is not synced survives the process, but perhaps not the machine.
    """
    values: dict[str, object] = {"format": _FORMAT, "url": record.url, "validator": record.validator}
    values["size"] = record.size
    if record.gaps is not None:
        values.update(format=_FORMAT_WITH_GAPS, gaps=record.gaps)
    replace_file(path, json.dumps(values, indent=1).encode("ascii"), is_synced)


def remove_part_record(path: str) -> None:
    """It is no error if there is none; raises OSError for everything else."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _is_validator(value: object) -> bool:
    """It goes into a header."""
    return isinstance(value, str) and bool(value) and all(" " <= c <= "\xff" and c != "\x7f" for c in value)


def _is_size(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def _gaps(values: object, size: object) -> tuple[Gap, ...]:
    """In order, none empty, none behind the end; raises ValueError and TypeError."""
    if not isinstance(values, list) or not isinstance(size, int):
        raise TypeError("gaps of a size that is not known")
    gaps = tuple([Gap(*pair) for pair in values])
    end = 0
    for gap in gaps:
        if not _is_size(gap.first) or not _is_size(gap.end) or not end <= gap.first < gap.end <= size:
            raise ValueError(f"no gap: {gap!r}")
        end = gap.end
    return gaps
