"""Who answers the challenges of a proxy that requests are forwarded by; those of a tunnel are its connect job's."""

from __future__ import annotations

from netstack_sync.http.auth_party import PROXY, AuthParty
from netstack_sync.http.forwarding import has_own_words
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.pool.proxy_route import ProxyHop


def make_proxy_party(
    hop: ProxyHop, info: HttpRequestInfo, session: HttpNetworkSession, net_log: NetLogWithSource
) -> AuthParty | None:
    """None for a proxy that is told nothing, and where the caller has written the header himself.

    Also in privacy mode: a proxy is nobody that the request is for.
    """
    identity = hop.identity
    if identity is None or has_own_words(info):
        return None
    origin = hop.server.origin
    return AuthParty(PROXY, info, identity, origin, "/", session.proxy_auth, session.security, net_log)
