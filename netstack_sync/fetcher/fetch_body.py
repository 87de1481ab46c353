"""FetchBody: the body of a fetch, collected piece by piece."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_FILE_TOO_BIG, ERR_OUT_OF_MEMORY, OK
from netstack_sync.fetcher.fetch_facts import FetchFacts
from netstack_sync.fetcher.large_body import LOOSE_BYTES, LargeBody


class FetchBody(FetchFacts):
    """The part of a URLFetcher that keeps the body where there is no sink. Network thread only.

    The URLFetcher sets its values, as it does those of FetchFacts.
    """

    __slots__ = ("_large", "_size_bytes", "body")

    body: list[bytes]
    """The encoded body, when there is no sink."""
    _size_bytes: int
    _large: LargeBody | None  # none while the pieces are few

    def _keep(self, data: bytes) -> int:
        """OK, or why the body is not to be had; then `error_detail` tells."""
        size_bytes = self._size_bytes = self._size_bytes + len(data)
        limit = self.request.max_response_size
        if limit is not None and size_bytes > limit:
            self.error_detail = f"the body exceeds max_response_size={limit}"
            return ERR_FILE_TOO_BIG
        try:
            if size_bytes <= LOOSE_BYTES:  # fast path
                self.body.append(data)
                return OK
            if self._large is None and not self.is_encoded:
                self._large = LargeBody(self.body)
            (self.body if self._large is None else self._large).append(data)
        except MemoryError:
            self.error_detail = f"there is no memory for {size_bytes} bytes of a body; stream it"
            return ERR_OUT_OF_MEMORY
        return OK

    def _drop_body(self) -> None:
        """Another attempt brings another one."""
        self.body, self._large, self._size_bytes = [], None, 0
