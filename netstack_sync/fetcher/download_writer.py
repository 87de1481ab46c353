"""DownloadWriter: brings the bytes of a download from the network thread to a worker, in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.workers.part_file import PartFile, Piece
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

BATCH_BYTES: Final = 2 * 1024 * 1024  # as much as one large read brings; handing it over is cheap beside it
# With that much waiting for a slow disk the socket is left alone; with less no batch would ever be full.
HIGH_WATER_BYTES: Final = BATCH_BYTES
_FLUSH_S: Final = 1.0  # of a slow server's bytes no more than this is lost when the process ends suddenly


class WriterOwner(Protocol):
    """Told on the network thread."""

    def on_idle(self, error: BaseException | None) -> None:
        """The work that was under way is done, or failed."""


class DownloadWriter:
    """One piece of work at a time on one PartFile; network thread only. What comes meanwhile is the next batch."""

    __slots__ = ("_flush_timer", "_job", "_next_work", "_owner", "_pieces", "_workers", "part", "pending_bytes")

    def __init__(self, part: PartFile, workers: WorkerPool, timers: TimerQueue, owner: WriterOwner) -> None:
        self.part: Final = part
        """To be looked at while the writer is idle."""
        self._workers = workers
        self._owner: WriterOwner | None = owner
        self._job: WorkerJob[None] | None = None
        self._next_work: Callable[[], None] | None = None
        self._pieces: list[Piece] = []
        self._flush_timer = OneShotTimer(timers, self.flush)
        self.pending_bytes = 0
        """Bytes that no worker has taken yet."""

    @property
    def is_idle(self) -> bool:
        """False while a worker has the file."""
        return self._job is None

    @property
    def is_full(self) -> bool:
        """True when the network is faster than the disk."""
        return self.pending_bytes >= HIGH_WATER_BYTES

    def run(self, work: Callable[[], None]) -> None:
        """Other work on the file; ends with on_idle(), as everything that is begun here."""
        self._post(work)

    def begin(self, work: Callable[[], None]) -> None:
        """The same, but as soon as nothing is under way; what was added before it is not written."""
        self._take()
        if self._job is None:
            self._post(work)
        else:
            self._next_work = work

    def add(self, position: int, data: bytes) -> None:
        """Takes a piece, to be written with others."""
        self._pieces.append(Piece(position, data))
        self.pending_bytes += len(data)
        if self._job is None:
            self.maybe_flush()

    def maybe_flush(self) -> None:
        """Hands a batch over if one is full, and later one that is not; nothing may be under way."""
        if self.pending_bytes >= BATCH_BYTES:
            self.flush()
        elif self._pieces and not self._flush_timer.is_running:
            self._flush_timer.start(_FLUSH_S)

    def flush(self) -> None:
        """Hands over what is here."""
        part, pieces = self.part, self._take()
        if part.gaps is not None:
            self._post(lambda: part.fill(pieces))
        else:
            self._post(lambda: part.write([piece.data for piece in pieces]))

    def finish(self) -> None:
        """Hands over the last pieces of a file that grows; one that is filled has been flushed. See PartFile.finish."""
        part, pieces = self.part, self._take()
        self._post(lambda: part.finish([piece.data for piece in pieces]))

    def drop(self) -> None:
        """Nothing is written any more, but for what a worker is writing just now; final and idempotent."""
        self._owner = None
        self._flush_timer.stop()
        self._pieces.clear()
        self._next_work = None
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _take(self) -> Sequence[Piece]:
        self._flush_timer.stop()
        pieces, self._pieces = self._pieces, []
        self.pending_bytes = 0
        return pieces

    def _post(self, work: Callable[[], None]) -> None:
        assert self._job is None, "one piece of work at a time"
        self._job = self._workers.post_job(work, self._on_reply)

    def _on_reply(self, reply: BaseException | None) -> None:
        self._job = None
        assert self._owner is not None, "a job that was dropped has replied"
        work, self._next_work = self._next_work, None
        if work is not None and reply is None:
            self._post(work)
        else:
            self._owner.on_idle(reply)
