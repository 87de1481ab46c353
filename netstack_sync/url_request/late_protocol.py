"""LateProtocol: the handler of a scheme that few ask for, made with its first job."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.protocol_handler import ProtocolHandler

if TYPE_CHECKING:
    from netstack_sync.url_request.job import URLRequestJob


class LateProtocol(ProtocolHandler):
    """See ProtocolHandler. `make` reads the handler's files, which must be few and small."""

    __slots__ = ("_handler", "_make")

    def __init__(self, make: Callable[[], ProtocolHandler]) -> None:
        self._make = make
        self._handler: ProtocolHandler | None = None

    def create_job(self, hop: Hop) -> URLRequestJob:
        """See ProtocolHandler."""
        if self._handler is None:
            self._handler = self._make()
        return self._handler.create_job(hop)
