"""ProxyConnectJob: what connections through proxies of all kinds have in common."""

from __future__ import annotations

from abc import ABC
from typing import Final

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_NETWORK_CHANGED,
    ERR_PROXY_AUTH_REQUESTED,
    ERR_PROXY_AUTH_UNSUPPORTED,
    ERR_PROXY_CERTIFICATE_INVALID,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_UNEXPECTED,
    is_certificate_error,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.pool.connect_job import ConnectJobDelegate, CreateConnectJob
from netstack_sync.pool.layered_connect_job import LayeredConnectJob
from netstack_sync.pool.params import HttpProxyParams, SocksParams
from netstack_sync.pool.transport_connect_job import ConnectServices

_AS_THEY_ARE: Final = frozenset(
    (
        # Nothing that a proxy has to do with: this machine's, the owner's, or a bug.
        ERR_ABORTED,
        ERR_CONTEXT_SHUT_DOWN,
        ERR_INSUFFICIENT_RESOURCES,
        ERR_NETWORK_CHANGED,
        ERR_UNEXPECTED,
        # The word of the proxy before this one in a chain, or about it. That it could not connect to this one is no
        # such word: this one is not reached.
        ERR_PROXY_AUTH_REQUESTED,
        ERR_PROXY_AUTH_UNSUPPORTED,
        ERR_PROXY_CERTIFICATE_INVALID,
        ERR_PROXY_CONNECTION_FAILED,
    )
)


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
        if result in _AS_THEY_ARE:
            return result
        words = (str(self._hop.server), meaning(result), self.error_detail)
        self.error_detail = ": ".join([word for word in words if word])
        return ERR_PROXY_CERTIFICATE_INVALID if is_certificate_error(result) else ERR_PROXY_CONNECTION_FAILED

    def _finish_connect(self, result: int) -> int:
        self.timing.ssl_start = self.timing.ssl_end = None  # that of the proxy
        return super()._finish_connect(result)

    def _what_took_too_long(self) -> str:
        return f"the proxy {self._hop.server} did not connect within {self.layer_limit_s:g} s"
