"""LateTlsParts: what a context has for TLS, read and made when the first connection is to be secured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from netstack_sync.base.clock import WallClock
    from netstack_sync.cert.pins import PinStore
    from netstack_sync.sockets.factory import SecureSocket
    from netstack_sync.sockets.stream_socket import StreamSocket
    from netstack_sync.sockets.tls_config import TlsConfig
    from netstack_sync.sockets.tls_peer import TlsPeer
    from netstack_sync.url_request.context import URLRequestContext
    from netstack_sync.url_request.tls_parts import TlsParts

_OnLoaded = Callable[[BaseException | None], None]


def load_tls_rooms() -> type[TlsParts]:
    """Reads the files that TLS needs, some thirty; worker thread, so that the network thread has none to read.

    They are asked for what is in them: who has waited while another thread read a file in vain is given what there is
    of its module, and no error.
    """
    from netstack_sync.url_request.tls_parts import TlsParts
    from netstack_sync.wire.hsts import parse_strict_transport_security  # noqa: F401  # which counts over TLS only

    return TlsParts


class LateTlsParts:
    """See SecureSocketSource; owns the TlsParts, which it makes once. Network thread only."""

    __slots__ = ("_clock", "_make", "_ocsp_context", "_parts", "_pins", "_thread", "_workers")

    def __init__(self, thread: NetworkThread, workers: WorkerPool, pins: PinStore | None, clock: WallClock) -> None:
        self._thread = thread
        self._workers = workers
        self._pins = pins
        self._clock = clock
        self._ocsp_context: URLRequestContext | None = None
        self._make: type[TlsParts] | None = None  # once it has been read
        self._parts: TlsParts | None = None

    def attach(self, ocsp_context: URLRequestContext) -> None:
        """Says where OCSP is asked, once, before the first connection; that context needs the sockets made of this."""
        self._ocsp_context = ocsp_context

    def load(self, on_loaded: _OnLoaded) -> WorkerJob[type[TlsParts]] | None:
        """See SecureSocketSource."""
        if self._make is not None:
            return None

        def note(reply: type[TlsParts] | BaseException) -> None:
            if isinstance(reply, BaseException):
                on_loaded(reply)
            else:
                self._make = reply
                on_loaded(None)

        return self._workers.post_job(load_tls_rooms, note)

    def create_socket(self, transport: StreamSocket, peer: TlsPeer, config: TlsConfig) -> SecureSocket:
        """See SecureSocketSource."""
        if self._parts is None:
            assert self._make is not None and self._ocsp_context is not None, "load() and attach() come first"
            self._parts = self._make(self._thread, self._workers, self._pins, self._ocsp_context, self._clock)
        return self._parts.create_socket(transport, peer, config)

    def on_trust_changed(self) -> None:
        """See TlsServices.on_trust_changed."""
        if self._parts is not None:
            self._parts.services.on_trust_changed()
