"""Uploads that tell how much of them has been sent (URLFetcher's OnURLFetchUploadProgress).

A piece is asked for when the one before it has been handed to the network, so what was given out before is sent.
"""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.clock import TickClock
from netstack_sync.http.upload import BytesUpload, OnUploadData, UploadStream

PROGRESS_S = 0.1  # how often it is told at most (url_fetcher_core.cc); each time costs two crossings

_PIECE_BYTES = 256 * 1024  # of a body in memory: as much as is read of a file at a time

OnUploadProgress = Callable[[int, "int | None"], None]
"""Told the bytes sent and those of the whole, None while that is not known; network thread."""


def metered(upload: UploadStream, on_progress: OnUploadProgress, clock: TickClock) -> UploadStream:
    """The same upload, which tells its beginning at once."""
    pace = ProgressPace(upload.size, on_progress, clock)
    return MeteredBytes(upload.data, pace) if isinstance(upload, BytesUpload) else MeteredUpload(upload, pace)


class ProgressPace:
    """Decides what is told: the beginning, the end, and now and then what lies between. It never goes back, also when
    a body is sent again. Network thread only.
    """

    __slots__ = ("_clock", "_on_progress", "_told", "_told_at", "_total")

    def __init__(self, total: int | None, on_progress: OnUploadProgress, clock: TickClock) -> None:
        self._total = total
        self._on_progress = on_progress
        self._clock = clock
        self._told: tuple[int, int | None] = (0, total)
        self._told_at = clock.now()
        on_progress(0, total)

    def note(self, sent_bytes: int) -> None:
        """So much has been sent."""
        if sent_bytes > self._told[0] and self._clock.now() - self._told_at >= PROGRESS_S:
            self._tell(sent_bytes, self._total)

    def finish(self, sent_bytes: int) -> None:
        """That was all."""
        if sent_bytes >= self._told[0] and self._told != (sent_bytes, sent_bytes):
            self._tell(sent_bytes, sent_bytes)

    def _tell(self, sent_bytes: int, total: int | None) -> None:
        self._told, self._told_at = (sent_bytes, total), self._clock.now()
        self._on_progress(sent_bytes, total)


class MeteredBytes(BytesUpload):
    """A body in memory, given out in pieces. Network thread only."""

    __slots__ = ("_pace", "_position")

    def __init__(self, data: bytes, pace: ProgressPace) -> None:
        super().__init__(data)
        self._pace = pace
        self._position = 0

    def read(self, on_data: OnUploadData) -> bytes | int:
        """See UploadStream."""
        position = self._position
        piece = self.data[position : position + _PIECE_BYTES]
        self._position += len(piece)
        if piece:
            self._pace.note(position)
        else:
            self._pace.finish(position)
        return piece

    def rewind(self) -> int:
        """See UploadStream."""
        self._position = 0
        return super().rewind()


class MeteredUpload:
    """Any other body. Network thread only; owns the upload."""

    __slots__ = ("_given_bytes", "_on_data", "_pace", "_upload", "size")

    def __init__(self, upload: UploadStream, pace: ProgressPace) -> None:
        self._upload = upload
        self._pace = pace
        self._given_bytes = 0
        self._on_data: OnUploadData | None = None
        self.size = upload.size

    def read(self, on_data: OnUploadData) -> bytes | int:
        """See UploadStream."""
        self._pace.note(self._given_bytes)
        self._on_data = on_data
        return self._counted(self._upload.read(self._on_piece))

    def rewind(self) -> int:
        """See UploadStream."""
        self._given_bytes = 0
        return self._upload.rewind()

    def cancel(self) -> None:
        """See UploadStream."""
        self._upload.cancel()

    @property
    def is_pending(self) -> bool:
        """See UploadStream."""
        return self._upload.is_pending

    @property
    def error(self) -> BaseException | None:
        """See UploadStream."""
        return self._upload.error

    def _on_piece(self, piece: bytes | int) -> None:
        on_data, self._on_data = self._on_data, None
        assert on_data is not None, "one answer to each read"
        on_data(self._counted(piece))

    def _counted(self, piece: bytes | int) -> bytes | int:
        if isinstance(piece, bytes):
            self._given_bytes += len(piece)
            if not piece:
                self._pace.finish(self._given_bytes)
        return piece
