"""ClientSocketFactory: makes the sockets of connect jobs; the seam that tests replace."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.log.net_log import NetLog, NetLogSource
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.sockets.tcp_client import TcpClientSocket
from netstack_sync.sockets.tls_client import TlsClientSocket, TlsServices
from netstack_sync.sockets.tls_context import TlsConfig


class SecureSocket(StreamSocket, Protocol):
    """A StreamSocket that can say in words why its handshake failed."""

    error_detail: str


class ClientSocketFactory(Protocol):
    """Network thread only; the caller owns what it gets."""

    def create_transport_socket(self, addresses: AddressList, net_log: NetLog, source: NetLogSource) -> StreamSocket:
        """An unconnected socket to the first of `addresses` that answers."""

    def create_secure_socket(self, transport: StreamSocket, host: str, config: TlsConfig) -> SecureSocket:
        """An unconnected TLS socket over a connected transport, which it owns from now on."""


class DefaultSocketFactory:
    """Real sockets."""

    __slots__ = ("_thread", "_tls")

    def __init__(self, thread: NetworkThread, tls: TlsServices) -> None:
        self._thread = thread
        self._tls = tls

    def create_transport_socket(self, addresses: AddressList, net_log: NetLog, source: NetLogSource) -> StreamSocket:
        """See ClientSocketFactory."""
        return TcpClientSocket(self._thread, addresses, net_log, source)

    def create_secure_socket(self, transport: StreamSocket, host: str, config: TlsConfig) -> SecureSocket:
        """See ClientSocketFactory."""
        return TlsClientSocket(transport, host, config, self._tls)
