"""The hashes of keys."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from netstack_sync.workers.certificate_keys import public_key_hashes
from tests.workers.certificate_factory import Issued, make_authority, make_key
from tests.workers.certificate_rewriter import of_version, rewritten

ROOT = make_authority()


def _hash(issued: Issued) -> bytes:
    key = issued.key.public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


@pytest.mark.parametrize("kind", ["P-256", "P-521", "2048", "Ed25519"])
def test_each_certificate_has_the_hash_of_its_key(kind: str) -> None:
    """In the order of the chain, whatever the kind of the key."""
    leaf = Issued.make(issuer=ROOT, key=make_key(kind))
    assert public_key_hashes([leaf.der, ROOT.der]) == (_hash(leaf), _hash(ROOT))


def test_certificates_of_version_1_have_keys_too() -> None:
    """They lack a field in front of it."""
    assert public_key_hashes([rewritten(ROOT, ROOT, is_version_1=True).der]) == (_hash(ROOT),)


def test_what_cannot_be_parsed_is_left_out() -> None:
    """The others keep their order."""
    leaf = Issued.make(issuer=ROOT)
    assert public_key_hashes([b"junk", leaf.der, leaf.der[:-1], b"", of_version(4, ROOT), ROOT.der]) == (
        _hash(leaf),
        _hash(ROOT),
    )
    assert public_key_hashes([]) == ()
