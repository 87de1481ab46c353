"""ClientSocketFactory: makes the sockets of connect jobs; the seam that tests replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.log.net_log import NetLog, NetLogSource
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions
from netstack_sync.sockets.stream_socket import StreamSocket, TransportSocket
from netstack_sync.sockets.tcp_client import TcpClientSocket, no_limit

if TYPE_CHECKING:
    from netstack_sync.sockets.tls_config import TlsConfig
    from netstack_sync.sockets.tls_peer import TlsPeer
    from netstack_sync.workers.worker_job import WorkerJob


class SecureSocket(StreamSocket, Protocol):
    """A StreamSocket that can say in words why its handshake failed."""

    @property
    def error_detail(self) -> str:
        """In words; empty when nothing is wrong."""

    @property
    def has_offered_session(self) -> bool:
        """True when the server was asked to go on from an earlier connection."""


class SecureSocketSource(Protocol):
    """Makes TLS sockets; what they are made from is read when somebody wants the first one. Network thread only."""

    def load(self, on_loaded: Callable[[BaseException | None], None]) -> WorkerJob[Any] | None:
        """None when create_socket() may be called; else the job after which it may, unless its reply is an error."""

    def create_socket(self, transport: StreamSocket, peer: TlsPeer, config: TlsConfig) -> SecureSocket:
        """An unconnected TLS socket over a connected transport, which it owns from now on."""


class ClientSocketFactory(Protocol):
    """Network thread only; the caller owns what it gets."""

    def create_transport_socket(self, addresses: AddressList, net_log: NetLog, source: NetLogSource) -> TransportSocket:
        """An unconnected socket to the first of `addresses` that answers."""

    @property
    def secure_sockets(self) -> SecureSocketSource:
        """Who puts TLS over them."""


class DefaultSocketFactory:
    """Real sockets: all with the same options, and each attempt to connect within `attempt_limit` (seconds)."""

    __slots__ = ("_attempt_limit", "_options", "_thread", "secure_sockets")

    def __init__(
        self,
        thread: NetworkThread,
        secure_sockets: SecureSocketSource,
        options: TcpOptions = DEFAULT_TCP_OPTIONS,
        attempt_limit: Callable[[], float | None] = no_limit,
    ) -> None:
        self._thread = thread
        self.secure_sockets = secure_sockets
        self._options = options
        self._attempt_limit = attempt_limit

    def create_transport_socket(self, addresses: AddressList, net_log: NetLog, source: NetLogSource) -> TransportSocket:
        """See ClientSocketFactory."""
        return TcpClientSocket(self._thread, addresses, net_log, source, self._options, self._attempt_limit)
