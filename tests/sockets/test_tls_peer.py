"""TlsPeer: whom a handshake is meant for."""

from __future__ import annotations

from netstack_sync.sockets.tls_peer import TlsPeer


def test_every_part_makes_another_one() -> None:
    """Row 242, NoSessionResumptionBetweenPrivacyModes: it is half of the key of sessions."""
    peer = TlsPeer("a.test", 443)
    others = [
        TlsPeer("b.test", 443),
        TlsPeer("a.test", 444),
        TlsPeer("a.test", 443, "site"),
        TlsPeer("a.test", 443, privacy_mode=True),
    ]
    assert len({peer, *others}) == 5 and peer == TlsPeer("a.test", 443, None, False)
