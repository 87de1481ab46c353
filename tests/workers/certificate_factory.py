"""Certificates for tests, good and bad, and OpenSSL's opinion on them."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(timezone.utc)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SERVER_AUTH = (ExtendedKeyUsageOID.SERVER_AUTH,)

_CURVES: dict[str, ec.EllipticCurve] = {
    "P-192": ec.SECP192R1(),
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "brainpool": ec.BrainpoolP256R1(),
}

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Extension = tuple[x509.ExtensionType, bool]


@cache
def make_key(kind: str = "P-256", number: int = 0) -> PrivateKey:
    """A key of a kind: a curve, "Ed25519" or the bits of an RSA key; the same number gives the same key."""
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    return rsa.generate_private_key(65537, int(kind))


def key_usage(
    *, server: bool = False, sign_certificates: bool = False, sign_lists: bool | None = None
) -> x509.KeyUsage:
    """A key usage for servers, for authorities, or for neither (CRLs only)."""
    return x509.KeyUsage(
        digital_signature=server,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=not server if sign_lists is None else sign_lists,
        encipher_only=False,
        decipher_only=False,
    )


def permit(*names: x509.GeneralName) -> x509.NameConstraints:
    """Name constraints that permit nothing but `names`."""
    return x509.NameConstraints(names, None)


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @classmethod
    def make(
        cls,
        name: str = "example.test",
        *,
        issuer: Issued | None = None,
        san: Iterable[str] = ("example.test",),
        is_authority: bool | None = False,
        is_critical: bool = True,
        path_length: int | None = None,
        not_before: datetime = NOW - DAY,
        not_after: datetime = NOW + 30 * DAY,
        purposes: Sequence[x509.ObjectIdentifier] = SERVER_AUTH,
        extensions: Sequence[Extension] = (),
        key: PrivateKey | None = None,
        digest: type[hashes.HashAlgorithm] = hashes.SHA256,
        has_identifiers: bool = True,
    ) -> Issued:
        """A leaf by default, self-signed without issuer; `is_authority=None` omits basicConstraints."""
        key = key if key is not None else make_key()
        signer = issuer.key if issuer is not None else key
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer is not None else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
        )
        entries = [general_name(entry) for entry in san]
        if entries:
            builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
        if is_authority is not None:
            builder = builder.add_extension(x509.BasicConstraints(is_authority, path_length), is_critical)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if has_identifiers:
            own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
            above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
            builder = builder.add_extension(own, critical=False).add_extension(above, critical=False)
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest()
        # The types of sign() name the hashes one by one.
        certificate = builder.sign(signer, algorithm)  # type: ignore[arg-type]
        return cls(certificate, key)

    def resigned_with_sha1(self, issuer: Issued) -> Issued:
        """The same certificate signed by an RSA key with SHA-1, which the library refuses to do."""
        return self._resigned(issuer, hashes.SHA1(), bytes.fromhex("06092a864886f70d010105"))

    def resigned_with_md5(self, issuer: Issued) -> Issued:
        """The same with MD5."""
        return self._resigned(issuer, hashes.MD5(), bytes.fromhex("06092a864886f70d010104"))

    def _resigned(self, issuer: Issued, digest: hashes.HashAlgorithm, oid: bytes) -> Issued:
        assert isinstance(issuer.key, rsa.RSAPrivateKey)
        sha256_rsa = bytes.fromhex("06092a864886f70d01010b")
        body = self.certificate.tbs_certificate_bytes.replace(sha256_rsa, oid)
        signature = issuer.key.sign(body, padding.PKCS1v15(), digest)
        der = self.der.replace(sha256_rsa, oid)[: -len(signature)] + signature
        return Issued(x509.load_der_x509_certificate(der), self.key)

    @property
    def der(self) -> bytes:
        """The certificate, DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate, PEM."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The private key, PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def make_authority(
    name: str = "root",
    issuer: Issued | None = None,
    *,
    number: int = 1,
    kind: str = "P-256",
    is_authority: bool | None = True,
    is_critical: bool = True,
    path_length: int | None = None,
    not_before: datetime = NOW - DAY,
    not_after: datetime = NOW + 30 * DAY,
    extensions: Sequence[Extension] = (),
    digest: type[hashes.HashAlgorithm] = hashes.SHA256,
    has_identifiers: bool = True,
) -> Issued:
    """A root without an issuer, else an intermediate; each number has its own key."""
    return Issued.make(
        name,
        issuer=issuer,
        san=(),
        is_authority=is_authority,
        is_critical=is_critical,
        path_length=path_length,
        not_before=not_before,
        not_after=not_after,
        purposes=(),
        extensions=extensions,
        key=make_key(kind, number),
        digest=digest,
        has_identifiers=has_identifiers,
    )


def unknown(oid: str, value: bytes = b"\x05\x00") -> x509.UnrecognizedExtension:
    """An extension that is only bytes."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def general_name(entry: str) -> x509.GeneralName:
    """A host name, or an address after "IP:"."""
    if entry.startswith("IP:"):
        return x509.IPAddress(ipaddress.ip_address(entry[3:]))
    return x509.DNSName(entry)


def openssl_complaint(
    leaf: Issued, served: Sequence[Issued], trusted: Sequence[Issued], host: str, directory: Path, lists: str = ""
) -> str:
    """What a real handshake in memory says about a chain; empty if OpenSSL takes it.

    With revocation `lists`, PEM, the leaf must be on none of them and its issuer must have one.
    """
    chain_file = directory / "chain.pem"
    chain_file.write_text(leaf.key_pem + leaf.pem + "".join(each.pem for each in served))
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.set_ciphers("ALL:@SECLEVEL=0")  # or it would not even load what the client shall refuse
    server_context.load_cert_chain(chain_file)
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Not VERIFY_X509_STRICT, which create_default_context() adds from Python 3.13 on.
    client_context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    client_context.hostname_checks_common_name = False
    client_context.load_verify_locations(cadata="".join(each.pem for each in trusted))
    if lists:
        lists_file = directory / "lists.pem"
        lists_file.write_text(lists)
        client_context.load_verify_locations(lists_file)
        client_context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    assert client.cipher() is not None, "the handshake must get as far as a verdict"
    return ""
