"""ClientSocketFactory: makes the sockets of connect jobs; the seam that tests replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.log.net_log import NetLog, NetLogSource
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions
from netstack_sync.sockets.stream_socket import StreamSocket, TransportSocket
from netstack_sync.sockets.tcp_client import TcpClientSocket, no_limit
from netstack_sync.sockets.tls_client import TlsClientSocket
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import TlsPeer
from netstack_sync.sockets.tls_services import TlsServices


class SecureSocket(StreamSocket, Protocol):
    """A StreamSocket that can say in words why its handshake failed."""

    @property
    def error_detail(self) -> str:
        """In words; empty when nothing is wrong."""

    @property
    def has_offered_session(self) -> bool:
        """True when the server was asked to go on from an earlier connection."""


class ClientSocketFactory(Protocol):
    """Network thread only; the caller owns what it gets."""

    def create_transport_socket(self, addresses: AddressList, net_log: NetLog, source: NetLogSource) -> TransportSocket:
        """An unconnected socket to the first of `addresses` that answers."""

    def create_secure_socket(self, transport: StreamSocket, peer: TlsPeer, config: TlsConfig) -> SecureSocket:
        """An unconnected TLS socket over a connected transport, which it owns from now on."""


class DefaultSocketFactory:
    """Real sockets: all with the same options, and each attempt to connect within `attempt_limit` (seconds)."""

    __slots__ = ("_attempt_limit", "_options", "_thread", "_tls")

    def __init__(
        self,
        thread: NetworkThread,
        tls: TlsServices,
        options: TcpOptions = DEFAULT_TCP_OPTIONS,
        attempt_limit: Callable[[], float | None] = no_limit,
    ) -> None:
        self._thread = thread
        self._tls = tls
        self._options = options
        self._attempt_limit = attempt_limit

    def create_transport_socket(self, addresses: AddressList, net_log: NetLog, source: NetLogSource) -> TransportSocket:
        """See ClientSocketFactory."""
        return TcpClientSocket(self._thread, addresses, net_log, source, self._options, self._attempt_limit)

    def create_secure_socket(self, transport: StreamSocket, peer: TlsPeer, config: TlsConfig) -> SecureSocket:
        """See ClientSocketFactory."""
        return TlsClientSocket(transport, peer, config, self._tls)
