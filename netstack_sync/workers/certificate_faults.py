"""Says why a chain is bad, once the engine of verify_certificate.py has refused it.

The engine stops at the first fault and knows no error numbers. Here the way to a root is looked for again,
without any policy, and everything that is wrong on it is collected. Nothing here can make a chain good.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from netstack_sync.base.cert_status import CertStatus

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

_MAX_SIGNATURE_CHECKS: Final = 50  # some 5 ms; a server can send chains with millions of ways through them

# OpenSSL's security level 2, Python's default, asks for 112 bits (SP 800-57). It computes the strength of RSA
# (SP 800-56B appendix D) and rounds to a multiple of 8, which lets some odd sizes below 2048 pass.
_MIN_RSA_BITS: Final = 1963
_MIN_CURVE_BITS: Final = 224

_NETSCAPE_TYPE_OID: Final = "2.16.840.1.113730.1.1"
_NETSCAPE_TYPE_DER: Final = bytes.fromhex("06096086480186f8420101")
_NETSCAPE_SERVER_BIT: Final = 0x40

_is_about_names: Final = re.compile(r"name ?constraint", re.IGNORECASE).search


class Fault(NamedTuple):
    """One thing that is wrong."""

    status: CertStatus
    text: str


class CertPath(NamedTuple):
    """Certificates that signed each other, from the leaf upwards."""

    certificates: list[x509.Certificate]
    reaches_root: bool


def find_path(leaf: x509.Certificate, served: list[x509.Certificate], roots: tuple[x509.Certificate, ...]) -> CertPath:
    """The way from `leaf` to a root, or the longest way that there is. Only signatures and names count."""
    return _PathFinder(served, roots).climb([leaf])


class _PathFinder:
    """Depth first, roots before what the server sent, within a budget of signature checks."""

    __slots__ = ("_checks_left", "_roots", "_served")

    def __init__(self, served: list[x509.Certificate], roots: tuple[x509.Certificate, ...]) -> None:
        self._served = served
        self._roots = roots
        self._checks_left = _MAX_SIGNATURE_CHECKS

    def climb(self, path: list[x509.Certificate]) -> CertPath:
        """The best path that begins with `path`."""
        top = path[-1]
        best = CertPath(path, top in self._roots)
        if best.reaches_root:
            return best
        issuer = top.issuer
        for candidate in (*self._roots, *self._served):
            if candidate.subject != issuer or candidate in path or not self._has_signed(candidate, top):
                continue
            found = self.climb([*path, candidate])
            if found.reaches_root:
                return found
            if len(found.certificates) > len(best.certificates):
                best = found
        return best

    def _has_signed(self, issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        if self._checks_left == 0:
            return False
        self._checks_left -= 1
        try:
            _check_signature(certificate, issuer)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            return False
        return True


def _check_signature(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key = issuer.public_key()
    broken_hash = _broken_hash(certificate)
    signature, body = certificate.signature, certificate.tbs_certificate_bytes
    # The library does not look at broken hashes any more; here they are looked at to be able to say what is wrong.
    if broken_hash is not None and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, body, padding.PKCS1v15(), broken_hash)
    elif broken_hash is not None and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, body, ec.ECDSA(broken_hash))
    else:
        certificate.verify_directly_issued_by(issuer)


def _broken_hash(certificate: x509.Certificate) -> hashes.HashAlgorithm | None:
    algorithm = certificate.signature_hash_algorithm
    return algorithm if algorithm is not None and algorithm.name in ("md5", "sha1") else None


def path_faults(path: CertPath, now: datetime) -> list[Fault]:
    """What is wrong with the way to a root: where it ends, dates, keys and signatures."""
    faults = [] if path.reaches_root else [_dead_end(path.certificates[-1], len(path.certificates))]
    for certificate in path.certificates:
        faults += _date_faults(certificate, now)
    for certificate in path.certificates:
        faults += key_faults(certificate)
    top = path.certificates[-1]
    # The signature under what is trusted, or signed by itself, proves nothing, so its strength does not matter.
    is_idle = path.reaches_root or top.issuer == top.subject
    for certificate in path.certificates[: -1 if is_idle else None]:
        faults += _signature_faults(certificate)
    return faults


def key_faults(certificate: x509.Certificate) -> list[Fault]:
    """A key below OpenSSL's security level 2; the engine does not look at the leaf's."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        return [Fault(CertStatus.WEAK_KEY, f"the RSA key of {name_of(certificate)} has only {key.key_size} bits")]
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < _MIN_CURVE_BITS:
        return [Fault(CertStatus.WEAK_KEY, f"the key of {name_of(certificate)} is on a weak curve, {key.curve.name}")]
    return []


def purpose_faults(leaf: x509.Certificate) -> list[Fault]:
    """A leaf that is not for servers by Netscape's extension, which OpenSSL honours and the engine does not know."""
    # Few have it, and to read all extensions is to refuse a leaf for one that nobody needs.
    if _NETSCAPE_TYPE_DER not in leaf.tbs_certificate_bytes:
        return []
    types = [each.value.public_bytes() for each in leaf.extensions if each.oid.dotted_string == _NETSCAPE_TYPE_OID]
    # BIT STRINGs: tag, length, number of unused bits, bits.
    if all(len(each) > 3 and each[3] & _NETSCAPE_SERVER_BIT for each in types):
        return []
    return [Fault(CertStatus.INVALID, f"{name_of(leaf)} may not be used for TLS servers (nsCertType)")]


def policy_fault(engine_text: str) -> Fault:
    """What the engine said about a chain with nothing else wrong with it."""
    text = engine_text.partition(" (encountered processing")[0].partition(": AlgorithmIdentifier {")[0]
    for noise in (
        "validation failed: ",
        "fatal error: ",
        "candidates exhausted: ",
        "Python extension validator failed: ValueError: ",
    ):
        text = text.removeprefix(noise)
    if _is_about_names(text):
        return Fault(CertStatus.NAME_CONSTRAINT_VIOLATION, f"an issuer may not vouch for this name: {text}")
    return Fault(CertStatus.INVALID, text)


def moment_without_date_faults(path: CertPath) -> datetime | None:
    """A time at which every certificate of the path was valid, if there was one."""
    begin = max(certificate.not_valid_before_utc for certificate in path.certificates)
    end = min(certificate.not_valid_after_utc for certificate in path.certificates)
    return begin if begin <= end else None


def _dead_end(top: x509.Certificate, length: int) -> Fault:
    if top.issuer != top.subject:
        who = "the certificate" if length == 1 else name_of(top)
        issuer = top.issuer.rfc4514_string()
        text = f"{who} was issued by {issuer}, which is neither trusted nor vouched for by what the server sent"
    elif length == 1:
        text = "the certificate is self-signed and not among the trusted ones"
    else:
        text = f"the chain ends in {name_of(top)}, which is not among the trusted certificates"
    return Fault(CertStatus.AUTHORITY_INVALID, text)


def _date_faults(certificate: x509.Certificate, now: datetime) -> list[Fault]:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        text = f"{name_of(certificate)} is not valid before {begin:%Y-%m-%d %H:%M} UTC"
        return [Fault(CertStatus.DATE_INVALID, text)]
    if now > end:
        return [Fault(CertStatus.DATE_INVALID, f"{name_of(certificate)} has expired on {end:%Y-%m-%d %H:%M} UTC")]
    return []


def _signature_faults(certificate: x509.Certificate) -> list[Fault]:
    algorithm = _broken_hash(certificate)
    if algorithm is None:
        return []
    status = CertStatus.WEAK_SIGNATURE_ALGORITHM
    if algorithm.name == "sha1":
        status |= CertStatus.SHA1_SIGNATURE_PRESENT
    return [Fault(status, f"{name_of(certificate)} is signed with {algorithm.name.upper()}, which can be forged")]


def name_of(certificate: x509.Certificate) -> str:
    """How texts for users call a certificate."""
    return certificate.subject.rfc4514_string() or f"the certificate {certificate.serial_number:x}"
