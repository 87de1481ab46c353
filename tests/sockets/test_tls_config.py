"""TlsConfig: what makes one TLS connection differ from another, as a value."""

from __future__ import annotations

import pickle
import ssl

import pytest

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig

CONFIG = TlsConfig(TrustConfig(ca_file="ca.pem"), ClientCertificate("me.pem", "key.pem", "secret"))


def test_every_part_makes_another_one() -> None:
    """Row 40: it is part of the pool's key, and its hash is that of its parts."""
    others = [
        CONFIG.replaced(trust=TrustConfig()),
        CONFIG.replaced(client_certificate=ClientCertificate("me.pem", "key.pem", "other")),
        CONFIG.replaced(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
        CONFIG.replaced(alpn=("h2",)),
        CONFIG.replaced(min_version=ssl.TLSVersion.TLSv1_3),
        CONFIG.replaced(max_version=ssl.TLSVersion.TLSv1_2),
        CONFIG.replaced(ciphers="ECDHE+AESGCM"),
        CONFIG.replaced(keylog_file="keys"),
        CONFIG.replaced(resumes=False),
    ]
    assert len({CONFIG, *others}) == 1 + len(TlsConfig.__slots__) == 1 + len(others)
    again = CONFIG.replaced()
    assert again == CONFIG and again is not CONFIG and hash(again) == hash(CONFIG)


def test_it_does_not_change() -> None:
    """Else its hash would be a lie."""
    with pytest.raises(AttributeError, match="ciphers: a TlsConfig does not change"):
        CONFIG.ciphers = "ALL"  # type: ignore[misc]


def test_it_is_pickled_without_its_hash() -> None:
    """Which another process reckons otherwise."""
    assert pickle.loads(pickle.dumps(CONFIG)) == CONFIG
    assert b"_hash" not in pickle.dumps(CONFIG)


def test_a_password_is_not_shown() -> None:
    assert repr(CONFIG.client_certificate) == "ClientCertificate(cert_file='me.pem', key_file='key.pem')"
    assert "secret" not in repr(CONFIG)


def test_what_advice_depends_on() -> None:
    """Limits of the caller's, or a context that we know nothing of."""
    terms = CONFIG.replaced(ciphers="x", min_version=ssl.TLSVersion.TLSv1_3).terms
    assert (terms.has_own_context, terms.ciphers, terms.min_version) == (False, "x", ssl.TLSVersion.TLSv1_3)
    assert CONFIG.replaced(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).terms.has_own_context
