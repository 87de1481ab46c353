"""CertificateFacts: what a certificate says, in plain values.

The library that reads certificates is heavy; it is loaded when the first one is asked for.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from netstack_sync.base.der import tbs_fields

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate (RFC 5280). Names are in the notation of RFC 4514: "CN=example.com,O=Example".

    What does not print is escaped there, as in "CN=a\\0Ab"; in `common_name` and in the alternative names it is as the
    server sent it.
    """

    der: bytes = field(repr=False)
    subject: str
    issuer: str
    common_name: str
    """Of the subject; empty without. No verifier looks at it."""
    subject_alternative_names: tuple[str, ...]
    """Whom it is for: host names, addresses as text, URIs and mail addresses."""
    not_before: datetime
    not_after: datetime
    serial_number: str
    """Hexadecimal."""
    public_key: str
    """Kind and size: "RSA 2048", "EC secp256r1", "Ed25519"."""
    signature_algorithm: str
    """What the issuer signed with: "ECDSA with SHA256"."""
    public_key_hash: bytes
    """SHA-256 of the SubjectPublicKeyInfo as it is encoded: what `pins` are compared with (RFC 7469 section 2.4)."""
    fingerprint_sha256: str
    """Hexadecimal, of the whole certificate."""
    is_self_signed: bool

    @classmethod
    def from_der(cls, der: bytes) -> CertificateFacts | None:
        """None for what is no certificate; never raises. Any thread, but not the network's: this takes 0.1 ms."""
        from cryptography import x509

        try:
            return _read(x509.load_der_x509_certificate(der), der)
        except Exception:
            # Certificates come from strangers, and the library reads them lazily and complains in many ways.
            return None

    @property
    def pin(self) -> str:
        """The public key's hash in the notation of `pins`: "sha256/BASE64="."""
        return pin_text(self.public_key_hash)

    @property
    def pem(self) -> str:
        """The certificate as a file holds it."""
        return pem_text(self.der)


def chain_facts(chain: tuple[bytes, ...]) -> tuple[CertificateFacts, ...]:
    """Of each certificate that can be read, in their order."""
    return tuple(facts for facts in map(CertificateFacts.from_der, chain) if facts is not None)


def public_key_hash(tbs_certificate: bytes) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo in a TBSCertificate that has been parsed before."""
    return hashlib.sha256(tbs_fields(tbs_certificate, 6)[-1]).digest()


def pin_text(public_key_hash: bytes) -> str:
    """A hash in the notation of `pins`: "sha256/BASE64="."""
    return f"sha256/{base64.b64encode(public_key_hash).decode()}"


def pem_text(der: bytes) -> str:
    """A DER certificate in PEM (RFC 7468)."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def _read(certificate: x509.Certificate, der: bytes) -> CertificateFacts:
    return CertificateFacts(
        der=der,
        subject=_name_text(certificate.subject),
        issuer=_name_text(certificate.issuer),
        common_name=_common_name(certificate.subject),
        subject_alternative_names=_alternative_names(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        serial_number=f"{certificate.serial_number:x}",
        public_key=_key_text(certificate),
        signature_algorithm=_signature_text(certificate),
        public_key_hash=public_key_hash(certificate.tbs_certificate_bytes),
        fingerprint_sha256=hashlib.sha256(der).hexdigest(),
        is_self_signed=certificate.subject == certificate.issuer and _has_signed_itself(certificate),
    )


def _name_text(name: x509.Name) -> str:
    """In the notation of RFC 4514, what does not print escaped by its section 2.4, which the library leaves undone."""
    text = name.rfc4514_string()
    return text if text.isprintable() else "".join([c if c.isprintable() else _hex_pairs(c) for c in text])


def _hex_pairs(character: str) -> str:
    return "".join([f"\\{byte:02X}" for byte in character.encode("utf-8", "surrogatepass")])


def _common_name(subject: x509.Name) -> str:
    from cryptography.x509.oid import NameOID

    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return ()  # a verifier will say so; the rest can be shown all the same
    kinds = (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier, x509.RFC822Name)
    return tuple(str(name.value) for name in names if isinstance(name, kinds))


def _key_text(certificate: x509.Certificate) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
    from cryptography.x509.oid import PublicKeyAlgorithmOID

    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return f"of the unknown kind {certificate.public_key_algorithm_oid.dotted_string}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    oid = certificate.public_key_algorithm_oid
    names = [name for name, value in vars(PublicKeyAlgorithmOID).items() if value == oid]
    return names[0].capitalize().replace("_", "-") if names else oid.dotted_string


def _signature_text(certificate: x509.Certificate) -> str:
    from cryptography.x509.oid import SignatureAlgorithmOID

    oid = certificate.signature_algorithm_oid
    names = [name for name, value in vars(SignatureAlgorithmOID).items() if value == oid]
    return names[0].replace("_WITH_", " with ").replace("_", "-") if names else oid.dotted_string


def _has_signed_itself(certificate: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        return False  # its issuer has the same name and another key
    except (UnsupportedAlgorithm, TypeError, ValueError):
        return True  # most likely SHA-1, which the library does not check any more; the names say so
    return True
