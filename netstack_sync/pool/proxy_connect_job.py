"""ProxyConnectJob: what connections through proxies of all kinds have in common."""

from __future__ import annotations

from abc import ABC
from typing import Final

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_FAILED,
    ERR_NO_SSL_VERSIONS_ENABLED,
    ERR_PROXY_AUTH_REQUESTED,
    ERR_PROXY_AUTH_UNSUPPORTED,
    ERR_PROXY_CERTIFICATE_INVALID,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_SOCKET_NOT_CONNECTED,
    ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
    ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY,
    ERR_SSL_CLIENT_AUTH_PRIVATE_KEY_ACCESS_DENIED,
    ERR_SSL_CLIENT_AUTH_SIGNATURE_FAILED,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_TIMED_OUT,
    is_certificate_error,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.pool.connect_job import ConnectJobDelegate, CreateConnectJob
from netstack_sync.pool.layered_connect_job import LayeredConnectJob
from netstack_sync.pool.params import HttpProxyParams, SocksParams
from netstack_sync.pool.transport_connect_job import ConnectServices

# The word of the proxy before this one in a chain, or about it. That it could not connect to this one is no such word:
# this one is not reached.
_OF_ANOTHER_PROXY: Final = frozenset(
    (
        ERR_PROXY_AUTH_REQUESTED,
        ERR_PROXY_AUTH_UNSUPPORTED,
        ERR_PROXY_CERTIFICATE_INVALID,
        ERR_PROXY_CONNECTION_FAILED,
    )
)

# What comes of TLS with somebody who speaks another protocol.
_NO_TLS: Final = frozenset((ERR_CONNECTION_CLOSED, ERR_CONNECTION_RESET, ERR_SSL_PROTOCOL_ERROR, ERR_TIMED_OUT))

# Another proxy would not help: a certificate or a file of the user's cannot be used, descriptors ran out, the owner has
# ended it. Beside these they are all numbers above those of connections but for a few that networks cause.
_OF_THIS_MACHINE: Final = frozenset(
    (
        ERR_NO_SSL_VERSIONS_ENABLED,
        ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
        ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY,
        ERR_SSL_CLIENT_AUTH_PRIVATE_KEY_ACCESS_DENIED,
        ERR_SSL_CLIENT_AUTH_SIGNATURE_FAILED,
    )
)
_OF_NETWORKS: Final = (ERR_FAILED, ERR_SOCKET_NOT_CONNECTED, ERR_TIMED_OUT)


class ProxyConnectJob(LayeredConnectJob, ABC):
    """Steps: nested job to the proxy, then what it is told. What the way to the proxy costs, TLS included, counts as
    connecting (see ConnectTiming).
    """

    __slots__ = ("_hop",)

    _layer_state = LoadState.ESTABLISHING_PROXY_TUNNEL

    def __init__(
        self,
        services: ConnectServices,
        params: HttpProxyParams | SocksParams,
        create_job: CreateConnectJob,
        source_type: NetLogSourceType,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(services, params.below, create_job, source_type, priority, delegate)
        self._hop = params.hop

    def _nested_error(self, result: int) -> int:
        self.has_reached_server = False  # what was reached is at most this proxy
        if result in _OF_ANOTHER_PROXY:
            return result
        is_local = _is_of_this_machine(result)
        words = (str(self._hop.server), "" if is_local else meaning(result), self.error_detail)
        self.error_detail = ": ".join([word for word in words if word]) + self._advice(result)
        if is_local:
            return result
        return ERR_PROXY_CERTIFICATE_INVALID if is_certificate_error(result) else ERR_PROXY_CONNECTION_FAILED

    def _advice(self, result: int) -> str:
        if result == ERR_CERT_AUTHORITY_INVALID:
            return "; if you trust it, pass the certificate of its authority: extra_ca, or --cacert"
        if result == ERR_CONNECTION_REFUSED:
            return "; is it running, and is that its port?"
        if result in _NO_TLS and self.timing.ssl_start is not None:
            return "; is https:// the right scheme for it? Most proxies are spoken to as http://, also for https URLs"
        return ""

    @property
    def _where_it_broke(self) -> str:
        """Of an error of the connection's own, about which a handshake has nothing to say."""
        return f"while the proxy {self._hop.server} was asked to connect"

    def _finish_connect(self, result: int) -> int:
        self.timing.ssl_start = self.timing.ssl_end = None  # that of the proxy
        return super()._finish_connect(result)

    def _what_took_too_long(self) -> str:
        return f"the proxy {self._hop.server} did not connect within {self.layer_limit_s:g} s"


def _is_of_this_machine(result: int) -> bool:
    return result in _OF_THIS_MACHINE or (result > ERR_CONNECTION_CLOSED and result not in _OF_NETWORKS)
