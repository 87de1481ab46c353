"""What a connect job is to connect to, and through what: each layer names the one below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from netstack_sync.base.host_port import HostPortPair
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import TlsPeer

if TYPE_CHECKING:
    from netstack_sync.pool.proxy_route import ProxyHop


class TransportParams(NamedTuple):
    """The other end of a TCP connection."""

    host: str
    """A canonical name, or an IP literal without brackets."""
    port: int
    partition: str | None = None
    """Names are resolved within it; see ResolveParameters.partition."""


class SslParams(NamedTuple):
    """TLS over a connection."""

    below: ConnectParams
    peer: TlsPeer
    config: TlsConfig


class SocksParams(NamedTuple):
    """A SOCKS proxy, and whom it is to connect to."""

    below: ConnectParams
    hop: ProxyHop
    destination: HostPortPair
    partition: str | None = None
    """As for TransportParams; only SOCKS4 needs names resolved."""


class HttpProxyParams(NamedTuple):
    """A proxy that understands HTTP, and whom it is to connect to."""

    below: ConnectParams
    hop: ProxyHop
    destination: HostPortPair | None
    """None when it is sent the requests themselves: the connection ends at the proxy."""


ConnectParams: TypeAlias = TransportParams | SslParams | SocksParams | HttpProxyParams
