"""GroupId: what the pool's key tells apart, and how it reads."""

from __future__ import annotations

import ssl

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig

ORIGIN = SchemeHostPort("https", "a.test", 443)
HTTP, SOCKS = ProxyScheme.HTTP, ProxyScheme.SOCKS5


def route(*schemes: ProxyScheme, identity: AuthIdentity | None = None, tls: TlsConfig | None = None) -> ProxyRoute:
    """Through proxies at p.test of these schemes."""
    return ProxyRoute(tuple([ProxyHop(ProxyServer(scheme, "p.test", 3128), identity, tls) for scheme in schemes]))


def test_equal_parts_make_equal_keys() -> None:
    """Row 40: built anew for every request, it finds the same group."""
    assert GroupId(ORIGIN, TlsConfig(TrustConfig())) == GroupId(ORIGIN, TlsConfig(TrustConfig()))
    assert hash(GroupId(ORIGIN, None)) == hash(GroupId(ORIGIN, None))


def test_its_text_names_origin_and_partition() -> None:
    """For the log."""
    assert str(GroupId(ORIGIN, None)) == "https://a.test"
    assert str(GroupId(ORIGIN, None, "shop.test")) == "https://a.test <shop.test>"
    assert str(GroupId(ORIGIN, None, "shop.test", privacy_mode=True)) == "pm/https://a.test <shop.test>"
    assert str(GroupId(ORIGIN, None, identity=AuthIdentity("me", "p", ("ntlm",)))) == "auth/https://a.test"


def test_its_text_names_the_proxies_and_not_as_whom_they_are_spoken_to() -> None:
    """Row 178: GroupIdForHTTPProxyConnections; it is logged."""
    group_id = GroupId(ORIGIN, None, proxy=route(HTTP, SOCKS, identity=password_identity("me", "secret")))
    assert str(group_id) == "http://p.test:3128 -> socks5://p.test:3128/https://a.test"


def test_everything_that_makes_a_connection_another_ones_is_part_of_it() -> None:
    """R1 (CVE-2026-1965, CVE-2026-3784, CVE-2024-35195): partition, privacy mode, who is logged in, the TLS terms as a
    whole, the proxies, as whom they are spoken to and how.
    """
    tls = TlsConfig(TrustConfig())
    others = [
        GroupId(ORIGIN, tls, "site"),
        GroupId(ORIGIN, tls, privacy_mode=True),
        GroupId(ORIGIN, tls, identity=AuthIdentity("me", "p", ("ntlm",))),
        GroupId(ORIGIN, tls, identity=AuthIdentity("me", "other", ("ntlm",))),
        GroupId(ORIGIN, tls, identity=AuthIdentity("me", "p", ("ntlm",), domain="d")),
        GroupId(ORIGIN, tls, identity=AuthIdentity("me", "p", ("negotiate",))),
        GroupId(ORIGIN, tls, proxy=route(HTTP)),
        GroupId(ORIGIN, tls, proxy=route(SOCKS)),
        GroupId(ORIGIN, tls, proxy=route(HTTP, SOCKS)),
        GroupId(ORIGIN, tls, proxy=route(SOCKS, HTTP)),
        GroupId(ORIGIN, tls, proxy=route(HTTP, identity=password_identity("me", "p"))),
        GroupId(ORIGIN, tls, proxy=route(HTTP, identity=password_identity("me", "other"))),
        GroupId(ORIGIN, tls, proxy=route(HTTP, tls=tls)),
        GroupId(ORIGIN, TlsConfig(TrustConfig(verify=False))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(ca_file="ca.pem"))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), ClientCertificate("me.pem"))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), ClientCertificate("me.pem", "me.key"))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), min_version=ssl.TLSVersion.TLSv1_3)),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), alpn=("h2",))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), resumes=False)),
    ]
    assert len({GroupId(ORIGIN, tls), *others}) == len(others) + 1
