"""HeadCollector: the heads of one exchange where there is more than one, or one that comes in pieces."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.net_errors import ERR_CONNECTION_CLOSED, ERR_INVALID_HTTP_RESPONSE, ERR_IO_PENDING
from netstack_sync.http.interim import problem_with_interim
from netstack_sync.loop.completion import Task
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser


class HeadCollector:
    """Passes over 1xx responses. Network thread only; owned by the stream parser until it has the final head."""

    __slots__ = ("_count", "_on_begun", "_on_interim", "_parser", "error_detail", "in_doubt", "surplus")

    def __init__(self, on_begun: Task | None, on_interim: Callable[[ResponseHead], bool]) -> None:
        """`on_begun` as for HttpStream.read_headers; `on_interim` says whether to go on."""
        self._on_begun = on_begun
        self._on_interim = on_interim
        self._parser = ResponseHeadParser()
        self._count = 0  # of the 1xx responses
        self.in_doubt = False
        """True when one of those was such that the connection must not be used again."""
        self.surplus = b""
        """What came behind the last head."""
        self.error_detail = ""
        """What was wrong, in words."""

    def receive(self, data: bytes) -> ResponseHead | int:
        """The final head, ERR_IO_PENDING or an error; may raise `WireError`."""
        while True:
            is_first = not self._parser.received_bytes
            head = self._parser.receive(data)
            if is_first and (head is None or self._count) and self._on_begun is not None:
                self._on_begun()
            if head is None:
                return ERR_IO_PENDING
            data = self.surplus = self._parser.surplus
            if head.status >= 200:
                return head
            self._count += 1
            self.error_detail = problem_with_interim(head.status, self._count)
            if self.error_detail:
                return ERR_INVALID_HTTP_RESPONSE
            self.in_doubt |= head.in_doubt
            self._parser = ResponseHeadParser()
            if not self._on_interim(head) or not data:
                return ERR_IO_PENDING

    @property
    def is_inside_head(self) -> bool:
        """True when the end of a head that has begun is still to come."""
        return self._parser.received_bytes > 0

    def finish(self, is_secure: bool) -> ResponseHead | int:
        """Takes the end of the connection inside a head: the final head or an error; may raise `WireError`."""
        self.surplus = b""
        head = self._parser.finish(is_secure)
        if head.status >= 200:
            return head
        self.error_detail = f"the connection was closed after informational response {head.status}"
        return ERR_CONNECTION_CLOSED
