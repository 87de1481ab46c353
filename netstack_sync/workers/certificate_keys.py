"""The hashes by which pins know the keys of a chain (RFC 7469 §2.4)."""

from __future__ import annotations

from collections.abc import Iterable

from netstack_sync.base.der import der_contents
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
        tbs_begin, _ = der_contents(der)  # the library would encode it again
        hashes.append(public_key_hash(der[tbs_begin:]))
    return tuple(hashes)
