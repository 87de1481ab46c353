"""ExchangeParties: whom one exchange deals with besides whoever answers it: proxies, and who wants to know who asks."""

from __future__ import annotations

from typing import Final

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_EMPTY_RESPONSE,
    ERR_INVALID_HTTP_RESPONSE,
)
from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.http.auth_party import PROXY
from netstack_sync.http.build_headers import Forwarding
from netstack_sync.http.exchange_auth import ExchangeAuth
from netstack_sync.http.forwarding import forwarding_hop, has_own_words, may_be_left_unread, without_own_words
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.proxy_stream_request import ProxyStreamRequest
from netstack_sync.http.proxy_way import ProxyWay
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.stream import HttpStream
from netstack_sync.http.stream_request import StreamRequest, group_id_for
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.pool.handle import ClientSocketHandle

_NO_ANSWER: Final = frozenset(
    (ERR_CONNECTION_CLOSED, ERR_CONNECTION_RESET, ERR_EMPTY_RESPONSE, ERR_INVALID_HTTP_RESPONSE)
)


def make_parties(
    info: HttpRequestInfo, session: HttpNetworkSession, net_log: NetLogWithSource
) -> ExchangeParties | None:
    """None for a request without credentials that no settings of proxies are for: nobody is dealt with."""
    auth = way = None
    if info.auth is not None or info.url.username is not None:
        auth = ExchangeAuth(info, session, net_log)
    service = session.proxies_for(info.proxy)
    if session.proxies is not None and service is not None:
        way = ProxyWay(session.proxies, service, info.url, info.tls, net_log)
    return ExchangeParties(session, net_log, auth, way) if auth is not None or way is not None else None


class ExchangeParties:
    """Owned by the transaction, for as long as it lives; network thread only. After cancel() no callback comes."""

    __slots__ = (
        "_auth",
        "_has_long_body",
        "_net_log",
        "_own_chain",
        "_session",
        "_way",
        "authorization",
        "forwarding",
        "spoils_connection",
    )

    def __init__(
        self,
        session: HttpNetworkSession,
        net_log: NetLogWithSource,
        auth: ExchangeAuth | None = None,
        way: ProxyWay | None = None,
    ) -> None:
        self._session = session
        self._net_log = net_log
        self._auth = auth  # nobody has to say who he is before he is asked
        self._way = way
        self._has_long_body = False
        self._own_chain: ProxyChain | None = None  # see HttpResponseInfo.own_proxy_chain
        self.authorization: str | None = None
        """What prepare() found that the server is told; None leaves that to the request."""
        self.forwarding: Forwarding | None = None
        """What it found that is different since a proxy gets the request; None where none does."""
        self.spoils_connection = False
        """True once a proxy has said no to a body that it may not have read: nothing else goes over the connection."""

    def request_stream(self, info: HttpRequestInfo) -> StreamRequest | ProxyStreamRequest:
        """An unstarted wait for the next connection of the exchange."""
        session, way = self._session, self._way
        connection = self._auth.take_connection() if self._auth is not None else None
        if way is None or connection is not None:
            claim = connection or ClientSocketHandle(
                session.pools.direct, group_id_for(info), info.priority, self._net_log
            )
            return StreamRequest(claim, info, self._net_log)
        return ProxyStreamRequest(session.pools, info, self._net_log, way, session.thread.clock)

    def prepare(self, stream: HttpStream, info: HttpRequestInfo) -> HttpRequestInfo:
        """The request as it may be sent over the stream. What is for a proxy goes to that proxy, and to nobody else."""
        route, auth = stream.route, self._auth
        hop = forwarding_hop(route, info)
        if route is not None and hop is not None:
            self._has_long_body = may_be_left_unread(info)
            info = self._with_headers_for(route.chain, info)
            if auth is None and hop.identity is not None:
                auth = self._auth = ExchangeAuth(info, self._session, self._net_log)
        if auth is None:
            self.forwarding = None if hop is None else Forwarding()
            return info
        auth.forward_by(hop, info)
        self.authorization = auth.authorization()
        self.forwarding = None if hop is None else Forwarding(auth.proxy_authorization())
        return info

    def heed(self, response: HttpResponseInfo, stream: HttpStream) -> bool:
        """An answer is there, which is told how it came; True when it is a challenge that restart() can meet."""
        head, way = response.head, self._way
        is_refused = head.status == PROXY.status and self.forwarding is not None
        self.spoils_connection = is_refused and self._has_long_body
        if stream.route is not None:
            response.proxy_chain, response.own_proxy_chain = stream.route.chain, self._own_chain
        wants_restart = self._auth is not None and self._auth.wants_restart(head)
        if way is not None:
            way.report_success()
            if is_refused and not wants_restart:
                way.on_refused()
        return wants_restart

    def take_identity(self, identity: AuthIdentity, info: HttpRequestInfo, response: HttpResponseInfo) -> bool:
        """True when the challenge, which could not be met, can be met in that name."""
        info.auth = identity
        if self._auth is None:
            self._auth = ExchangeAuth(info, self._session, self._net_log)
        return self._auth.take_identity(info, response.head)

    def restart(self, stream: HttpStream, on_done: Completion) -> int:
        """See ExchangeAuth.prepare_restart."""
        assert self._auth is not None
        return self._auth.prepare_restart(stream, on_done)

    def on_network_changed(self) -> None:
        """Another network may have other proxies."""
        if self._way is not None:
            self._way.forget()

    def _with_headers_for(self, chain: ProxyChain, info: HttpRequestInfo) -> HttpRequestInfo:
        """What the caller says to a proxy is for the first one that gets it, over all attempts and redirects.

        Whoever comes instead of it is another party, which may be there because somebody keeps the first one from
        answering (rules R5 and R18).
        """
        if not has_own_words(info):
            return info
        if self._own_chain is None:
            self._own_chain = info.own_proxy_chain or chain
        return info if self._own_chain == chain else without_own_words(info)

    @property
    def load_state(self) -> LoadState:
        """What a restart waits for."""
        return self._auth.load_state if self._auth is not None else LoadState.IDLE

    @property
    def error_detail(self) -> str:
        """Why there is no restart, else through whom the exchange goes, in words; may be empty."""
        detail = self._auth.error_detail if self._auth is not None else ""
        return detail or (self._way.in_words if self._way is not None else "")

    def with_way(self, detail: str, error: int) -> str:
        """The words about a failure, with the proxies unless they are named there; whoever was handed the request, and
        does not answer in HTTP, may be no such proxy.
        """
        way, route = self._way, self._way.route if self._way is not None else None
        if way is None or route is None or any([str(server) in detail for server in route.chain.servers]):
            return detail
        words = way.in_words
        if self.forwarding is not None and error in _NO_ANSWER:
            scheme = route.chain.servers[-1].scheme.value
            words += f", which was handed the request; is {scheme}:// the right scheme for it?"
        return f"{detail}, {words}" if detail else words

    def cancel(self) -> None:
        """Ends in any state; idempotent."""
        if self._way is not None:
            self._way.cancel()
        if self._auth is not None:
            self._auth.cancel()
