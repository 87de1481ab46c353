"""TransportSecurityPersister: keeps what servers said about HSTS in a file.

After net/http/transport_security_persister.cc. Several processes may share the file: who writes reads it first and
keeps the newer entry of each host. Two that write within the same milliseconds may lose what one of them learned just
then; it has it in memory still, and writes it the next time.

A file that is somebody else's is left alone. Of one that is ours and damaged a copy is made; the file stays until the
next write, as another process may have written a good one meanwhile.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Mapping
from typing import Final

from netstack_sync.base.clock import WallClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.http.hsts_store import MAX_ENTRIES, TransportSecurityState, newest_of, without_least
from netstack_sync.loop.completion import Task
from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.wire.hsts import (
    MAX_AGE_S,
    DamagedHostsError,
    HstsEntry,
    format_known_hosts,
    parse_known_hosts,
)
from netstack_sync.workers.file_io import is_pipe, read_small_file, replace_file
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

WRITE_PERIOD_S: Final = 10.0
"""Between writes; Chromium's ImportantFileWriter waits as long before each."""
LOAD_LIMIT_S: Final = 5.0
"""How long requests wait for the file: a disk that hangs must not hold all of them to their deadlines."""
FLUSH_LIMIT_S: Final = 2.0
"""How long the end waits for the last write."""

_MAX_FILE_BYTES: Final = 1 << 24  # ten times what MAX_ENTRIES take
_MAX_COPIES: Final = 9  # of damaged files; who has as many has a reason that one more does not tell

_logger: Final = logging.getLogger(__name__)


def check_known_hosts_file(path: str) -> None:
    """Whether a file, if there is one, can be used; may block.

    Raises ValueError for one that is somebody else's, and OSError for one that cannot be read.
    """
    try:
        parse_known_hosts(_read(path))
    except DamagedHostsError:
        pass  # whoever loads it tells


class KnownHostsFile:
    """The file; its methods run on workers, one at a time."""

    __slots__ = ("_is_failing", "_path")

    def __init__(self, path: str) -> None:
        self._path = path
        self._is_failing = False

    def load(self, now: float) -> dict[bytes, HstsEntry]:
        """What it holds, no more than a store keeps; nothing, and a warning, when it cannot be read. Never raises."""
        try:
            return without_least(self._read(now), now, MAX_ENTRIES)
        except OSError as error:
            _logger.warning("HSTS: cannot read %s: %s", self._path, error)
            return {}

    def store(self, entries: Mapping[bytes, HstsEntry], now: float) -> dict[bytes, HstsEntry]:
        """Writes the entries together with what others have written; gives all of them. Raises OSError.

        Of failures in a row the first is worth a warning.
        """
        try:
            merged = without_least(newest_of(entries, self._read(now)), now, MAX_ENTRIES)
            replace_file(self._path, format_known_hosts(merged))
        except OSError as error:
            if not self._is_failing:
                _logger.warning("HSTS: cannot write %s: %s", self._path, error)
            self._is_failing = True
            raise
        self._is_failing = False
        return merged

    def _read(self, now: float) -> dict[bytes, HstsEntry]:
        data = _read(self._path)
        try:
            entries = parse_known_hosts(data)
        except DamagedHostsError as error:
            copy = _keep_copy(self._path, data)
            _logger.warning("HSTS: %s cannot be used, and what it holds is kept in %s: %s", self._path, copy, error)
            return {}
        except ValueError as error:
            raise OSError(f"{error}, so it is left alone") from None
        return {key: _not_after(entry, now) for key, entry in entries.items()}


class TransportSecurityPersister:
    """Fills a TransportSecurityState once and writes down its changes. Network thread only.

    The first change is written at once, so that a program that ends soon after has it kept, and those that follow
    together, ten seconds after the last write. A write that failed is tried again then.
    """

    __slots__ = (
        "_clock",
        "_file",
        "_is_closing",
        "_is_dirty",
        "_is_loading",
        "_job",
        "_on_done",
        "_state",
        "_timer",
        "_workers",
    )

    def __init__(
        self, state: TransportSecurityState, path: str, workers: WorkerPool, timers: TimerQueue, clock: WallClock
    ) -> None:
        """From now on the state has requests wait, until start() has brought what is in the file."""
        self._state = state
        self._file = KnownHostsFile(path)
        self._workers = workers
        self._clock = clock
        self._job: WorkerJob[dict[bytes, HstsEntry]] | None = None
        self._timer = OneShotTimer(timers, self._on_timer)
        self._is_loading = self._is_dirty = self._is_closing = False
        self._on_done: list[Task] = []
        state.loaded.is_open = False
        state.on_changed = self._on_changed

    def start(self) -> None:
        """Reads the file, once."""
        file, now = self._file, self._clock.now()
        self._is_loading = True
        self._timer.start(LOAD_LIMIT_S)
        self._job = self._workers.post_job(lambda: file.load(now), self._on_loaded)

    def shut_down(self, on_done: Task) -> int:
        """OK when there is nothing left to write; else ERR_IO_PENDING, and one call when it is written, or cannot be.

        Nobody waits for the file any more. The workers are needed until the call.
        """
        if not self._is_closing:
            self._begin_to_close()
        if self._job is None:
            return OK
        self._on_done.append(on_done)
        return ERR_IO_PENDING

    # --- reading

    def _on_loaded(self, reply: dict[bytes, HstsEntry] | BaseException) -> None:
        self._job = None
        self._is_loading = False
        self._timer.stop()
        if not isinstance(reply, BaseException):  # else there was no thread or no memory
            self._state.merge(reply)
        self._state.loaded.open()
        self._maybe_write()

    # --- writing

    def _on_changed(self) -> None:
        self._is_dirty = True
        self._maybe_write()

    def _maybe_write(self) -> None:
        if self._is_dirty and self._job is None and not self._timer.is_running:
            self._timer.start(WRITE_PERIOD_S)
            self._write()

    def _write(self) -> None:
        file, entries, now = self._file, self._state.entries(), self._clock.now()
        self._is_dirty = False
        self._job = self._workers.post_job(lambda: file.store(entries, now), self._on_written)

    def _on_written(self, reply: dict[bytes, HstsEntry] | BaseException) -> None:
        self._job = None
        if isinstance(reply, BaseException):
            self._is_dirty = not self._is_closing  # at the end there is no next time
        else:
            self._state.merge(reply)
        if not self._is_closing:
            self._maybe_write()
        elif self._is_dirty:
            self._write()  # what came while this write was under way
        else:
            self._finish()

    def _on_timer(self) -> None:
        if self._is_closing:
            self._finish()
        elif self._is_loading:
            self._state.loaded.open()  # the load goes on, for whoever comes later
        else:
            self._maybe_write()

    # --- the end

    def _begin_to_close(self) -> None:
        self._is_closing = True
        self._state.on_changed = None
        self._timer.stop()
        if self._is_loading and self._job is not None:
            self._job.cancel()
            self._job = None
        self._state.loaded.open()
        if self._is_dirty and self._job is None:
            self._write()
        if self._job is not None:
            self._timer.start(FLUSH_LIMIT_S)

    def _finish(self) -> None:
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        waiting, self._on_done = self._on_done, []
        for on_done in waiting:
            on_done()


def _read(path: str) -> bytes:
    """Empty when there is no file; raises OSError."""
    if is_pipe(path):  # opening it might take for ever
        raise OSError(errno.EINVAL, "it is a pipe or a device")
    return read_small_file(path, _MAX_FILE_BYTES) or b""


def _keep_copy(path: str, data: bytes) -> str:
    """Writes `data` beside the file, under a name that is free or has it already; gives the name. Raises OSError."""
    for number in range(_MAX_COPIES):
        copy = f"{path}.bad{number or ''}"
        try:
            descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if os.path.isfile(copy) and os.path.getsize(copy) == len(data) and _read(copy) == data:
                return copy
            continue
        with open(descriptor, "wb") as file:
            file.write(data)
        return copy
    raise OSError(errno.EEXIST, f"it is damaged, and so were those of which copies are kept in {path}.bad...")


def _not_after(entry: HstsEntry, now: float) -> HstsEntry:
    """As if it had been observed now at the latest: a clock that was wrong once must not win for years."""
    return entry._replace(observed=min(entry.observed, now), expiry=min(entry.expiry, now + MAX_AGE_S))
