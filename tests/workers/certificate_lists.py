"""Revocation lists for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from tests.workers.certificate_factory import DAY, HOUR, NOW, Extension, Issued

Entry = Sequence[Extension]
REVOKED_AT = NOW - 3 * HOUR


def make_list(
    issuer: Issued,
    revoked: Mapping[Issued, Entry] | Sequence[Issued] = (),
    *,
    this_update: datetime = NOW - HOUR,
    next_update: datetime = NOW + DAY,
    extensions: Sequence[Extension] = (),
    key: Issued | None = None,
) -> x509.CertificateRevocationList:
    """A list of `issuer`, with the extensions of each entry; signed by the key of `key` if that is given."""
    entries = revoked if isinstance(revoked, Mapping) else dict.fromkeys(revoked, ())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(next_update)
    )
    for certificate, entry_extensions in entries.items():
        builder = builder.add_revoked_certificate(_entry(certificate.certificate.serial_number, entry_extensions))
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    signer = (key or issuer).key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm)


def _entry(serial_number: int, extensions: Entry) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial_number).revocation_date(REVOKED_AT)
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    return builder.build()


def scope(
    *uris: str,
    users: bool = False,
    authorities: bool = False,
    attributes: bool = False,
    indirect: bool = False,
    reasons: frozenset[x509.ReasonFlags] | None = None,
    relative: x509.RelativeDistinguishedName | None = None,
) -> Extension:
    """An issuing distribution point, critical as it must be."""
    names = [x509.UniformResourceIdentifier(uri) for uri in uris] or None
    return x509.IssuingDistributionPoint(names, relative, users, authorities, reasons, indirect, attributes), True


def points(
    *uris: str, reasons: frozenset[x509.ReasonFlags] | None = None, issuer: x509.Name | None = None
) -> Extension:
    """Where a certificate says that lists are."""
    names = [x509.UniformResourceIdentifier(uri) for uri in uris]
    issuers = [x509.DirectoryName(issuer)] if issuer is not None else None
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, reasons, issuers)]), False


def pem(*lists: x509.CertificateRevocationList) -> str:
    """The lists, PEM, one after another."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in lists)
