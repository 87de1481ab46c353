"""A throw-away certificate authority and the certificates it issues, for servers and clients in tests."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from netstack_sync.base.clock import SystemWallClock

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its private key, both PEM."""

    cert_pem: bytes
    key_pem: bytes = field(repr=False)

    def write(self, folder: str | Path, stem: str = "identity") -> tuple[str, str]:
        """Writes both into `folder` and gives the paths of certificate and key."""
        cert_file, key_file = Path(folder, f"{stem}.pem"), Path(folder, f"{stem}-key.pem")
        cert_file.write_bytes(self.cert_pem)
        key_file.touch(mode=0o600)
        key_file.write_bytes(self.key_pem)
        return str(cert_file), str(key_file)


class CertificateAuthority:
    """Issues certificates that anybody trusts who was told to; its key never leaves the process."""

    __slots__ = ("_certificate", "_key", "pem")

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = _name("netstack_sync throw-away CA")
        usage = _key_usage(is_authority=True)
        builder = _builder(name, name, self._key, _now() - 30 * _DAY, _now() + 30 * _DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self._certificate = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.pem = self._certificate.public_bytes(Encoding.PEM)

    def issue(self, names: Sequence[str], *, is_expired: bool = False, is_client: bool = False) -> Identity:
        """A certificate for host names and IP addresses, good from yesterday for a week, or until yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self._certificate.subject
        builder = _leaf_builder(issuer, names, key, is_expired, is_client)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return _sign(builder.add_extension(authority, critical=False), key, self._key)


def self_signed(names: Sequence[str]) -> Identity:
    """A server's certificate that nobody issued but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _sign(_leaf_builder(_name(names[0]), names, key, is_expired=False, is_client=False), key, key)


@lru_cache(maxsize=1)
def process_authority() -> CertificateAuthority:
    """The authority that all servers of this process share."""
    return CertificateAuthority()


def _now() -> datetime:
    return datetime.fromtimestamp(SystemWallClock().now(), timezone.utc)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _leaf_builder(
    issuer: x509.Name,
    names: Sequence[str],
    key: ec.EllipticCurvePrivateKey,
    is_expired: bool,
    is_client: bool,
) -> x509.CertificateBuilder:
    end = _now() + (-_DAY if is_expired else 6 * _DAY)
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if is_client else ExtendedKeyUsageOID.SERVER_AUTH
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    return (
        _builder(_name(names[0]), issuer, key, end - 7 * _DAY, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(alternatives, critical=False)
    )


def _key_usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> Identity:
    certificate = builder.sign(signer, hashes.SHA256())
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Identity(certificate.public_bytes(Encoding.PEM), key_pem)
