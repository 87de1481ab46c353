"""ChunkedUpload: a body that is made while it is being sent."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.http.upload import OnUploadData


class ChunkedUpload:
    """See UploadStream. Network thread only; owned by the fetch whose `upload` it becomes before that starts.

    All chunks are kept, so that it can be sent again (net/base/chunked_upload_data_stream.h).
    """

    __slots__ = ("_chunks", "_is_complete", "_next", "_on_data", "error", "size")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._is_complete = False
        self._next = 0
        self._on_data: OnUploadData | None = None
        self.size: int | None = None
        self.error: BaseException | None = None

    def append(self, data: bytes, is_last: bool = False) -> None:
        """Adds a chunk, before the start or at any time after it; harmless when the fetch is over.

        Raises ValueError after the last one.
        """
        if self._is_complete:
            raise ValueError("data: the last chunk has been appended")
        if data:
            self._chunks.append(bytes(data))
        self._is_complete = is_last
        on_data = self._on_data
        if on_data is not None and (data or is_last):
            self._on_data = None
            on_data(self._take())

    @property
    def is_pending(self) -> bool:
        """See UploadStream."""
        return self._on_data is not None

    def read(self, on_data: OnUploadData) -> bytes | int:
        """See UploadStream."""
        if self._next < len(self._chunks) or self._is_complete:
            return self._take()
        self._on_data = on_data
        return ERR_IO_PENDING

    def rewind(self) -> int:
        """See UploadStream."""
        self.cancel()
        self._next = 0
        return OK

    def cancel(self) -> None:
        """See UploadStream."""
        self._on_data = None

    def _take(self) -> bytes:
        if self._next == len(self._chunks):
            return b""
        self._next += 1
        return self._chunks[self._next - 1]
