"""The hashes by which pins know the keys of a chain (RFC 7469 §2.4)."""

from __future__ import annotations

from collections.abc import Iterable

from netstack_sync.base.x509 import public_key_hash
from netstack_sync.workers.load_certificate import load_certificate


def public_key_hashes(chain: Iterable[bytes]) -> tuple[bytes, ...]:
    """SHA-256 of the SubjectPublicKeyInfo of each certificate, DER; one that cannot be parsed is left out."""
    hashes = []
    for der in chain:
        try:
            load_certificate(der)
        except ValueError:
            continue
        # The library would encode the TBSCertificate again; it follows the frame's tag and length.
        hashes.append(public_key_hash(der[2 + (der[1] & 0x7F if der[1] & 0x80 else 0) :]))
    return tuple(hashes)
