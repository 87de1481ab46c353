"""Request bodies: bytes in memory, and files or iterators that are read on a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from netstack_sync.base.net_errors import (
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_UPLOAD_FILE_CHANGED,
    ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED,
    OK,
)
from netstack_sync.workers.read_ahead import BodySource, ReadAhead
from netstack_sync.workers.turn import Turn
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

OnUploadData = Callable[["bytes | int"], None]

_READ_BYTES = 256 * 1024
_SENT_ONCE = (
    "content: this body was sent before and cannot be read again; prepare the request anew, "
    "or pass bytes, a file that can seek, or an iterable that is no iterator"
)


class UploadStream(Protocol):
    """The body of one request; network thread only, owned by the request."""

    size: int | None
    """Bytes in all; None when only the end will tell, and the body is sent in chunks."""

    @property
    def is_pending(self) -> bool:
        """True while a read() waits for the user's file or iterator."""

    @property
    def error(self) -> BaseException | None:
        """What the user's file or iterator raised, when read() answered with an error."""

    def read(self, on_data: OnUploadData) -> bytes | int:
        """The next piece, b"" at the end, an error, or ERR_IO_PENDING and one later callback with one of these."""

    def rewind(self) -> int:
        """Starts over for a resend: OK or ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED."""

    def cancel(self) -> None:
        """No callback comes any more; idempotent."""


class BytesUpload:
    """A body in memory."""

    is_pending = False
    __slots__ = ("_is_read", "data", "error", "size")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._is_read = False
        self.size: int | None = len(data)
        self.error: BaseException | None = None

    def read(self, on_data: OnUploadData) -> bytes | int:
        """All of it, then b""."""
        if self._is_read:
            return b""
        self._is_read = True
        return self.data

    def rewind(self) -> int:
        """OK: bytes can be sent as often as need be."""
        self._is_read = False
        return OK

    def cancel(self) -> None:
        """Nothing is under way."""


class FileSource:
    """A binary file object from its present position on; it stays the user's and is not closed."""

    __slots__ = ("_file", "_is_begun", "can_restart", "start")

    def __init__(self, file: Any) -> None:
        self._file = file
        self.can_restart = _is_seekable(file)
        self.start: int = file.tell() if self.can_restart else 0
        self._is_begun = False

    def read_piece(self) -> bytes:
        """See BodySource."""
        self._is_begun = True
        return _as_bytes(self._file.read(_READ_BYTES))

    def restart(self) -> None:
        """See BodySource."""
        if self.can_restart:
            self._file.seek(self.start)
        elif self._is_begun:
            raise ValueError(_SENT_ONCE)


class IterableSource:
    """An iterable of bytes; one that is not its own iterator can be iterated again."""

    __slots__ = ("_iterable", "_iterator")

    def __init__(self, iterable: Iterable[bytes]) -> None:
        self._iterable = iterable
        self._iterator: Iterator[bytes] | None = None

    def read_piece(self) -> bytes:
        """See BodySource; empty pieces are passed over, because an empty one means the end."""
        if self._iterator is None:
            self._iterator = iter(self._iterable)
        for piece in self._iterator:
            if piece:
                return _as_bytes(piece)
        return b""

    def restart(self) -> None:
        """See BodySource."""
        if self._iterator is not None and not self.can_restart:
            raise ValueError(_SENT_ONCE)
        self._iterator = None

    @property
    def can_restart(self) -> bool:
        """See BodySource."""
        return not isinstance(self._iterable, Iterator)


class WorkerUpload:
    """A body whose source may block or runs the user's code, so it is read on a worker, some pieces ahead.

    It begins at the source's beginning, also when another upload has read the source before, but not meanwhile. A
    read that was given up while it ran is over before the next one begins.
    """

    __slots__ = (
        "_ahead",
        "_is_started",
        "_job",
        "_on_data",
        "_source",
        "_turn",
        "_unread",
        "_workers",
        "error",
        "size",
    )

    def __init__(self, source: BodySource, size: int | None, workers: WorkerPool) -> None:
        self._source = source
        self._workers = workers
        self._ahead: ReadAhead | None = None  # none before the first read and after the last
        self._job: WorkerJob[None] | None = None
        self._on_data: OnUploadData | None = None
        self._is_started = False
        self._turn = Turn()
        self._unread = size
        self.size = size
        self.error: BaseException | None = None

    def read(self, on_data: OnUploadData) -> bytes | int:
        """See UploadStream. Of a source that turns out longer than announced only the announced part is sent."""
        if self._unread == 0:
            return b""
        if self.error is not None:
            return ERR_FAILED
        self._is_started = True
        data = self._next()
        if data == ERR_IO_PENDING:
            self._on_data = on_data
        return data

    def rewind(self) -> int:
        """See UploadStream."""
        if not self._is_started:
            return OK
        if not self._source.can_restart:
            return ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
        self.cancel()
        self._unread = self.size
        self.error = None
        return OK

    @property
    def is_pending(self) -> bool:
        """See UploadStream."""
        return self._on_data is not None

    def cancel(self) -> None:
        """See UploadStream."""
        self._on_data = None
        if self._ahead is not None:
            self._ahead.give_up()
            self._ahead = None
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _next(self) -> bytes | int:
        if self._ahead is None:
            self._ahead = ReadAhead(self._source, self.size, self._tell)
        data = self._ahead.take()
        if data is None:
            if self._job is None:
                turn, ahead = self._turn, self._ahead
                self._job = self._workers.post_job(lambda: turn.run(ahead.fill), self._on_job_done)
            return ERR_IO_PENDING
        if isinstance(data, BaseException):
            self.error = data
            return ERR_FAILED
        if self._unread is not None:
            if not data:
                return ERR_UPLOAD_FILE_CHANGED  # shorter than the Content-Length that has been sent
            data = data[: self._unread]
            self._unread -= len(data)
        return data

    def _tell(self) -> None:
        """Worker: there is something to take."""
        self._workers.task_runner.post_task(self._maybe_answer)

    def _on_job_done(self, reply: BaseException | None) -> None:
        self._job = None
        if reply is not None and self._ahead is not None:
            self._ahead.end(reply)  # there was no thread for it
        self._maybe_answer()

    def _maybe_answer(self) -> None:
        """Also when nobody waits any more, or for another attempt's data: then there is nothing to do."""
        on_data = self._on_data
        if on_data is None:
            return
        data = self._next()
        if data != ERR_IO_PENDING:
            self._on_data = None
            on_data(data)


def _is_seekable(file: Any) -> bool:
    try:
        return bool(file.seekable())
    except AttributeError:
        return False


def _as_bytes(piece: object) -> bytes:
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise TypeError(
        f"content, or data: a request body is made of bytes, not {type(piece).__name__}; open files in binary mode"
    )
