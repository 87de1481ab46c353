"""ProxyWay: the ways out for one exchange, found once, and gone one after the other."""

from __future__ import annotations

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_IO_PENDING,
    ERR_MANDATORY_PROXY_CONFIGURATION_FAILED,
    ERR_NO_SUPPORTED_PROXIES,
    OK,
)
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.http.proxy_fallback import can_fall_back, final_error
from netstack_sync.http.proxy_source import ProxyResolution, ProxyResolver, ProxySource
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from netstack_sync.proxy.info import ProxyInfo
from netstack_sync.sockets.tls_config import TlsConfig


class ProxyWay(StepMachine):
    """Steps of find(): resolve the proxies, learn as whom each of them is spoken to. Network thread only.

    Lives as long as the exchange, whose later connections go where the first one went: a proxy that has challenged is
    the one that is answered, and one that has failed is not tried again. After cancel() no callback comes.
    """

    __slots__ = (
        "_error_detail",
        "_hops",
        "_is_found",
        "_net_log",
        "_request",
        "_service",
        "_source",
        "_tls",
        "_url",
        "info",
        "route",
    )

    def __init__(
        self, source: ProxySource, service: ProxyResolver, url: Url, tls: TlsConfig, net_log: NetLogWithSource
    ) -> None:
        super().__init__()
        self._source = source
        self._service = service
        self._url = url
        self._tls = tls
        self._net_log = net_log
        self._request: ProxyResolution | None = None
        self._hops: list[ProxyHop] = []
        self._is_found = False
        self._error_detail = ""
        self.info: ProxyInfo | None = None
        """What there is to be tried; None before it is known."""
        self.route: ProxyRoute | None = None
        """The way to go now, once find() is through with OK; None for a direct connection."""

    def find(self, on_done: Completion) -> int:
        """OK and `route` is there, an error, or ERR_IO_PENDING and one later callback."""
        if self._is_found:
            return OK
        return self._begin(self._resolve, on_done)

    def fall_back(self, error: int, now: float, is_server_s: bool = False) -> int:
        """After a failure to connect: OK when find() leads elsewhere now, else the error of the exchange.

        What is the server's fault is held against no proxy: else a server could have others leave a good one, and go
        directly where the list allows it.
        """
        info = self.info
        if info is None or not can_fall_back(error):
            return final_error(error)
        failed = info.chain
        if not info.fallback(error, now, is_held_against=not is_server_s):
            return error
        self._is_found = False
        params = {"bad_proxy_chain": str(failed), "net_error": error}
        self._net_log.event(NetLogEventType.PROXY_LIST_FALLBACK, lambda _: params)
        return OK

    def forget(self) -> None:
        """The network is another one: what was found out does not count any more."""
        self.info, self.route, self._is_found = None, None, False

    def report_success(self) -> None:
        """The exchange was answered; the service is told what failed on the way there."""
        if self.info is not None:
            self._service.report_success(self.info)

    def on_refused(self) -> None:
        """A proxy did not take whom it was told; in a chain nobody says which one."""
        if self.route is not None:
            for hop in self.route.hops:
                self._source.forget_identity(hop.server)

    @property
    def load_state(self) -> LoadState:
        """What find() waits for."""
        if self._request is not None:
            return self._request.load_state
        return LoadState.WAITING_FOR_DELEGATE if self.is_pending else LoadState.IDLE

    @property
    def error_detail(self) -> str:
        """Why find() failed, in words; may be empty."""
        return self._error_detail

    @property
    def in_words(self) -> str:
        """The way that was found last, for messages; empty before that, and for a direct connection."""
        return f"through {self.route.chain}" if self.route is not None else ""

    def cancel(self) -> None:
        """Ends a find(); idempotent."""
        if self.is_pending:
            self._source.stop_asking(self._on_identity)
        self._stop()
        if self._request is not None:
            self._request.cancel()
            self._request = None

    # --- steps

    def _resolve(self, _: int) -> int:
        self._hops = []
        if self.info is not None:
            self._step = self._identify
            return OK
        self._step = self._take_proxies
        self._request = self._service.create_request(self._url, self._net_log)
        return self._request.start(self._on_io_complete)

    def _take_proxies(self, result: int) -> int:
        request, self._request = self._request, None
        assert request is not None
        if result != OK:
            self._error_detail = request.error_detail
            return result
        info = request.info
        assert info is not None, "there after OK"
        if info.is_empty:
            self._error_detail = f"the proxy settings leave no way to {self._url.host}"
            return ERR_MANDATORY_PROXY_CONFIGURATION_FAILED if info.config.pac_mandatory else ERR_NO_SUPPORTED_PROXIES
        self.info = info
        self._step = self._identify
        return OK

    def _identify(self, result: int) -> int:
        info = self.info
        assert info is not None
        if result != OK:
            self._error_detail = self._source.identity_error(info.chain.servers[len(self._hops)])
            return result
        for server in info.chain.servers[len(self._hops) :]:
            identity = self._source.identity_of(server, info, self._on_identity)
            if isinstance(identity, int):
                self._step = self._identify
                return identity
            self._add_hop(server, identity)
        self.route = ProxyRoute(tuple(self._hops)) if self._hops else None
        self._is_found = True
        if self._net_log.is_capturing:
            params = {"proxy_chain": str(info.chain)}
            self._net_log.event(NetLogEventType.HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED, lambda _: params)
        return OK

    def _on_identity(self, identity: AuthIdentity | int | None) -> None:
        info = self.info
        assert info is not None and identity != ERR_IO_PENDING
        if isinstance(identity, int):
            self._on_io_complete(identity)
            return
        self._add_hop(info.chain.servers[len(self._hops)], identity)
        self._on_io_complete(OK)

    def _add_hop(self, server: ProxyServer, identity: AuthIdentity | None) -> None:
        tls = _tls_to_proxy(self._tls) if server.scheme is ProxyScheme.HTTPS else None
        self._hops.append(ProxyHop(server, identity, tls))


def _tls_to_proxy(tls: TlsConfig) -> TlsConfig:
    """On the terms of the request, but for the certificate that is for its server (rule R5)."""
    return tls if tls.client_certificate is None else tls.replaced(client_certificate=None)
