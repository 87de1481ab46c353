"""StampedCache: keeps what was made of files as long as the files do not change."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import Final, Generic, Protocol, TypeVar

from netstack_sync.base.net_errors import OK

_MAX_ENTRIES: Final = 16  # one for each configuration; what is kept may take megabytes

FileStamp = tuple[int, int, int]
Stamps = tuple[FileStamp | None, ...]


class _Loaded(Protocol):
    """What a file was made into, or why it could not be."""

    @property
    def net_error(self) -> int:
        """OK, or why there is nothing of use."""


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=_Loaded)


def stamp(path: str) -> FileStamp | None:
    """Changes when the file is replaced or written, or the directory gets or loses a file; None without one."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def source_stamps(path: str) -> Stamps:
    """That of a file, or those of a directory and everything in it: a file that is written in place, or behind a link,
    does not show in its directory.
    """
    own = stamp(path)
    try:
        names = sorted(os.listdir(path)) if os.path.isdir(path) else []
    except OSError:
        names = []
    return own, *[stamp(os.path.join(path, name)) for name in names]


class _Entry(Generic[V]):
    """The value of one key, and the lock of whoever makes it."""

    __slots__ = ("lock", "stamps", "value")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: V | None = None
        self.stamps: Stamps = ()


class StampedCache(Generic[K, V]):
    """Values by key. Any worker thread.

    Each key has a lock that is held while its files are read: workers that need the same at the same time should
    parse it once, and a file system that hangs holds nobody up who wants something else.
    """

    __slots__ = ("_entries", "_load", "_lock", "_stamps_of")

    def __init__(self, load: Callable[[K], V], stamps_of: Callable[[K], Stamps]) -> None:
        self._load = load
        self._stamps_of = stamps_of
        self._lock = threading.Lock()
        """Guards the dictionary, and is held for a look at it only."""
        self._entries: dict[K, _Entry[V]] = {}

    def get(self, key: K) -> V:
        """The value of `key`; made when it is new or a file has changed. Errors are not remembered."""
        entry = self._entry_of(key)
        with entry.lock:
            stamps = self._stamps_of(key)
            if entry.value is not None and entry.stamps == stamps:
                return entry.value
            value = self._load(key)
            entry.stamps, entry.value = stamps, value if value.net_error == OK else None
            return value

    def forget(self) -> None:
        """Reads everything anew from now on. Any thread; waits for nobody who reads."""
        with self._lock:
            self._entries = {}

    def _entry_of(self, key: K) -> _Entry[V]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                if len(self._entries) >= _MAX_ENTRIES:
                    del self._entries[next(iter(self._entries))]
                entry = self._entries[key] = _Entry()
            return entry
