"""TlsPeer: whom a handshake is meant for."""

from __future__ import annotations

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.sockets.tls_peer import TlsPeer

PROXY = ProxyServer(ProxyScheme.HTTP, "p.test", 80)


def test_every_part_makes_another_one() -> None:
    """Row 242, NoSessionResumptionBetweenPrivacyModes: it is half of the key of sessions."""
    peer = TlsPeer("a.test", 443)
    others = [
        TlsPeer("b.test", 443),
        TlsPeer("a.test", 444),
        TlsPeer("a.test", 443, "site"),
        TlsPeer("a.test", 443, privacy_mode=True),
        TlsPeer("a.test", 443, via=((PROXY, None),)),
        TlsPeer("a.test", 443, via=((PROXY, password_identity("me", "p")),)),
    ]
    assert len({peer, *others}) == 7 and peer == TlsPeer("a.test", 443, None, False, ())
