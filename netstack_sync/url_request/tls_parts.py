"""What a context has for TLS, put together."""

from __future__ import annotations

from netstack_sync.base.clock import WallClock
from netstack_sync.cert.caching import CachingCertVerifier
from netstack_sync.cert.coalescing import CoalescingCertVerifier
from netstack_sync.cert.ocsp import OcspCertVerifier
from netstack_sync.cert.pins import PinningCertVerifier, PinStore
from netstack_sync.cert.threaded import ThreadedCertVerifier
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.sockets.tls_client import TlsClientSocket
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_context import TlsContexts
from netstack_sync.sockets.tls_peer import TlsPeer
from netstack_sync.sockets.tls_services import HandshakeLoad, TlsServices
from netstack_sync.sockets.tls_session_cache import TlsSessionCache
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.ocsp_fetcher import UrlRequestOcspFetcher
from netstack_sync.workers.trust_roots import TrustRootsCache
from netstack_sync.workers.worker_pool import WorkerPool


class TlsParts:
    """Makes the TLS sockets of a context, and what they share: the chain of verifiers, contexts, sessions."""

    __slots__ = ("services",)

    def __init__(
        self,
        thread: NetworkThread,
        workers: WorkerPool,
        pins: PinStore | None,
        ocsp_context: URLRequestContext,
        clock: WallClock,
    ) -> None:
        """OCSP is asked in `ocsp_context`, which has connections of its own."""
        pins = pins or PinStore({})
        threaded = ThreadedCertVerifier(workers, TrustRootsCache(), clock)
        revocation = OcspCertVerifier(threaded, workers, UrlRequestOcspFetcher(ocsp_context), clock, thread.timers)
        coalescing = CoalescingCertVerifier(revocation, thread.task_runner.post_task)
        self.services = TlsServices(
            TlsContexts(workers),
            PinningCertVerifier(CachingCertVerifier(coalescing, clock), pins, clock),
            workers,
            thread.task_runner.post_task,
            TlsSessionCache(thread.clock),
            HandshakeLoad(),
            pins.has_pins,
        )

    def create_socket(self, transport: StreamSocket, peer: TlsPeer, config: TlsConfig) -> TlsClientSocket:
        """See SecureSocketSource.create_socket."""
        return TlsClientSocket(transport, peer, config, self.services)
