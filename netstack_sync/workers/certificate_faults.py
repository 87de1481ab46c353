"""Says why a chain is bad, once the engine of verify_certificate.py has refused it.

The engine stops at the first fault and knows no error numbers. Here everything that is wrong on a way to a root is
collected. Nothing here can make a chain good.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.shown_text import shown
from netstack_sync.workers.certificate_path import CertPath, broken_hash

if TYPE_CHECKING:
    from cryptography import x509

# OpenSSL's security level 2, Python's default, asks for 112 bits (SP 800-57). It computes the strength of RSA
# (SP 800-56B appendix D) and rounds to a multiple of 8, which lets some odd sizes below 2048 pass.
_MIN_RSA_BITS: Final = 1963
_MIN_CURVE_BITS: Final = 224

_NETSCAPE_TYPE_OID: Final = "2.16.840.1.113730.1.1"
_NETSCAPE_SERVER_BIT: Final = 0x40
_BIT_STRING: Final = b"\x03"
_NOT_FOR_TLS: Final = {
    "1.3.6.1.5.5.7.1.14": "a proxy's (RFC 3820): whom it is from may be no authority",
    "1.3.6.1.5.5.7.1.7": "for the use of addresses (RFC 3779), not for TLS",
    "1.3.6.1.5.5.7.1.8": "for the use of numbers of networks (RFC 3779), not for TLS",
}
_ODD_DER: Final = (
    bytes.fromhex("06096086480186f8420101"),  # Netscape's type
    bytes.fromhex("06082b0601050507010e"),
    bytes.fromhex("06082b06010505070107"),
    bytes.fromhex("06082b06010505070108"),
)

_is_about_names: Final = re.compile(r"name ?constraint", re.IGNORECASE).search


class Fault(NamedTuple):
    """One thing that is wrong."""

    status: CertStatus
    text: str


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


def purpose_faults(chain: Sequence[x509.Certificate], encoded: Sequence[bytes]) -> list[Fault]:
    """What makes certificates unfit that OpenSSL looks at and the engine does not know; `encoded` is the chain in DER.

    A leaf that is not for servers by Netscape's extension, and certificates that users issued to their programs or
    that registries issued for addresses.
    """
    faults = []
    for position, (certificate, der) in enumerate(zip(chain, encoded, strict=True)):
        # Few have these, and to read all extensions is to refuse a certificate for one that nobody needs.
        if any(oid in der for oid in _ODD_DER):
            faults += _odd_faults(certificate, position == 0)
    return faults


def _odd_faults(certificate: x509.Certificate, is_leaf: bool) -> list[Fault]:
    texts = []
    for each in certificate.extensions:
        what = _NOT_FOR_TLS.get(each.oid.dotted_string)
        if what is not None:
            texts.append(f"{name_of(certificate)} is {what}")
        elif each.oid.dotted_string == _NETSCAPE_TYPE_OID and not _is_good_type(each.value.public_bytes(), is_leaf):
            texts.append(f"{name_of(certificate)} may not be used for TLS servers (nsCertType)")
    return [Fault(CertStatus.INVALID, text) for text in texts]


def _is_good_type(value: bytes, is_leaf: bool) -> bool:
    """BIT STRINGs: tag, length, number of unused bits, bits. Of authorities, the bits are for those of version 1."""
    if value[:1] != _BIT_STRING or len(value) < 3 or value[1] != len(value) - 2:
        return False
    return not is_leaf or (len(value) > 3 and bool(value[3] & _NETSCAPE_SERVER_BIT))


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
    text = shown(text)
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
        issuer = shown(top.issuer.rfc4514_string())
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
    algorithm = broken_hash(certificate)
    if algorithm is None:
        return []
    status = CertStatus.WEAK_SIGNATURE_ALGORITHM
    if algorithm.name == "sha1":
        status |= CertStatus.SHA1_SIGNATURE_PRESENT
    return [Fault(status, f"{name_of(certificate)} is signed with {algorithm.name.upper()}, which can be forged")]


def name_of(certificate: x509.Certificate) -> str:
    """How texts for users call a certificate."""
    return shown(certificate.subject.rfc4514_string()) or f"the certificate {certificate.serial_number:x}"
