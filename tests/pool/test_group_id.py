"""GroupId: what the pool's key tells apart, and how it reads."""

from __future__ import annotations

import ssl

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.pool.group_id import GroupId
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig

ORIGIN = SchemeHostPort("https", "a.test", 443)


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


def test_everything_that_makes_a_connection_another_ones_is_part_of_it() -> None:
    """R1 (CVE-2026-1965, CVE-2024-35195): partition, privacy mode, who is logged in, the TLS terms as a whole."""
    tls = TlsConfig(TrustConfig())
    others = [
        GroupId(ORIGIN, tls, "site"),
        GroupId(ORIGIN, tls, privacy_mode=True),
        GroupId(ORIGIN, tls, identity=AuthIdentity("me", "p", ("ntlm",))),
        GroupId(ORIGIN, tls, identity=AuthIdentity("me", "other", ("ntlm",))),
        GroupId(ORIGIN, tls, identity=AuthIdentity("me", "p", ("ntlm",), domain="d")),
        GroupId(ORIGIN, tls, identity=AuthIdentity("me", "p", ("negotiate",))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(verify=False))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(ca_file="ca.pem"))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), ClientCertificate("me.pem"))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), ClientCertificate("me.pem", "me.key"))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), min_version=ssl.TLSVersion.TLSv1_3)),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), alpn=("h2",))),
        GroupId(ORIGIN, TlsConfig(TrustConfig(), resumes=False)),
    ]
    assert len({GroupId(ORIGIN, tls), *others}) == len(others) + 1
