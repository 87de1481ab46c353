"""GroupId: what the pool's key tells apart, and how it reads."""

from __future__ import annotations

from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.pool.group_id import GroupId
from netstack_sync.sockets.tls_config import TlsConfig

ORIGIN = SchemeHostPort("https", "a.test", 443)


def test_equal_parts_make_equal_keys() -> None:
    """Row 40: built anew for every request, it finds the same group."""
    assert GroupId(ORIGIN, TlsConfig(TrustConfig())) == GroupId(ORIGIN, TlsConfig(TrustConfig()))
    assert hash(GroupId(ORIGIN, None)) == hash(GroupId(ORIGIN, None))


def test_its_text_names_origin_and_partition() -> None:
    """For the log."""
    assert str(GroupId(ORIGIN, None)) == "https://a.test"
    assert str(GroupId(ORIGIN, None, "shop.test")) == "https://a.test <shop.test>"
