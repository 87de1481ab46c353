"""The hashes by which pins know the keys of a chain (RFC 7469 §2.4)."""

from __future__ import annotations

from collections.abc import Iterable

from netstack_sync.base.x509 import public_key_hash


def public_key_hashes(chain: Iterable[bytes]) -> tuple[bytes, ...]:
    """SHA-256 of the SubjectPublicKeyInfo of each certificate, DER; one that cannot be parsed is left out."""
    from cryptography import x509

    hashes = []
    for der in chain:
        try:
            hashes.append(public_key_hash(x509.load_der_x509_certificate(der).tbs_certificate_bytes))
        except (ValueError, Warning):
            continue
    return tuple(hashes)
