"""The throw-away authority and what it issues."""

from __future__ import annotations

import stat
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from netstack_sync.testing.certificates import CertificateAuthority, Identity, process_authority, self_signed


def verify(authority: CertificateAuthority, identity: Identity, name: str) -> None:
    """Raises VerificationError unless the leaf is good for `name` now."""
    store = Store([x509.load_pem_x509_certificate(authority.pem)])
    verifier = PolicyBuilder().store(store).time(datetime.now(timezone.utc)).build_server_verifier(x509.DNSName(name))
    verifier.verify(x509.load_pem_x509_certificate(identity.cert_pem), [])


def test_a_leaf_is_good_for_its_names_only() -> None:
    """By the strict rules of the web's PKI."""
    authority = process_authority()
    leaf = authority.issue(["a.test", "127.0.0.1"])
    verify(authority, leaf, "a.test")
    with pytest.raises(VerificationError):
        verify(authority, leaf, "b.test")
    with pytest.raises(VerificationError):
        verify(CertificateAuthority(), leaf, "a.test")


def test_bad_leaves_are_bad() -> None:
    """Expired, for clients only, issued by nobody."""
    authority = process_authority()
    for bad in (
        authority.issue(["a.test"], is_expired=True),
        authority.issue(["a.test"], is_client=True),
        self_signed(["a.test"]),
    ):
        with pytest.raises(VerificationError):
            verify(authority, bad, "a.test")


def test_an_identity_is_written_as_two_files(tmp_path: Path) -> None:
    """The key is for its owner's eyes, and not shown by repr."""
    identity = process_authority().issue(["a.test"])
    cert_file, key_file = identity.write(tmp_path)
    assert Path(cert_file).read_bytes() == identity.cert_pem
    assert Path(key_file).read_bytes() == identity.key_pem
    assert stat.S_IMODE(Path(key_file).stat().st_mode) & 0o077 == 0
    assert "PRIVATE" not in repr(identity)


def test_a_process_has_one_authority() -> None:
    """Servers of one process trust each other's certificates."""
    assert process_authority() is process_authority()
