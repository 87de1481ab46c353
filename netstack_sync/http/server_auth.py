"""Who answers the challenges of a server."""

from __future__ import annotations

from netstack_sync.auth.identity import identity_of_url
from netstack_sync.http.auth_party import SERVER, AuthParty
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource


def make_server_party(
    info: HttpRequestInfo, session: HttpNetworkSession, net_log: NetLogWithSource
) -> AuthParty | None:
    """None for a request without credentials, and in privacy mode. The caller's go before those of the URL."""
    identity = info.auth
    if identity is None and "authorization" not in info.headers:
        identity = identity_of_url(info.url, sends_basic=True)
    if identity is None or info.privacy_mode:
        return None
    url = info.url
    return AuthParty(SERVER, info, identity, url.origin, url.path, session.auth_cache, session.security, net_log)
