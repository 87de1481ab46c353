"""Whether a certificate was revoked: the question to its issuer's responder, and what the answer is worth.

OCSP (RFC 6960) as busy responders serve it (RFC 5019): SHA-1 names the certificate, where nobody gains by a
collision, and there is no nonce, so that answers can be made in advance.

An answer counts when it is about this certificate of this issuer, is current, and was signed by the issuer itself
or by a responder whose certificate the issuer itself has signed for this purpose (RFC 6960 section 4.2.2.2). Whether
that certificate was revoked in turn is not asked, as nowhere: it is short-lived. An answer without nextUpdate counts
for seven days after thisUpdate (Chromium's kMaxRevocationLeafUpdateAge, "which aligns with Microsoft policies");
with one it counts until then, since private authorities sign for longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Final

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.url import Url
from netstack_sync.workers.certificate_faults import key_faults
from netstack_sync.workers.load_certificate import load_certificate

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509 import ocsp

_MAX_RESPONDERS: Final = 2  # each may take seconds to stay silent, while a connection waits
_MAX_SIGNERS: Final = 10  # certificates in an answer that are looked at; there is one, or none
_TOLERANCE: Final = timedelta(minutes=5)  # between the responder's clock and ours
_MAX_AGE: Final = timedelta(days=7)
_FORGEABLE: Final = ("md5", "sha1")
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


class OcspStatus(Enum):
    """What an answer says."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # the responder has never heard of the certificate
    UNUSABLE = "unusable"  # it is no answer, or nobody need believe it


@dataclass(frozen=True, slots=True)
class OcspQuery:
    """What is to be asked, and where."""

    urls: tuple[str, ...]
    """Of responders of the same authority, http: only, in the order of its preference; at least one."""
    body: bytes
    """An OCSPRequest, DER."""


@dataclass(frozen=True, slots=True)
class OcspVerdict:
    """What an answer is worth."""

    status: OcspStatus
    detail: str = ""
    """When and why it was revoked, or why the answer does not help; empty for a good one."""
    valid_until: datetime = _NO_TIME
    """How long the answer counts, aware; in the past for one that is unusable."""


def make_ocsp_query(chain: tuple[bytes, ...]) -> OcspQuery | None:
    """The question about the leaf of a verified chain that also holds its issuer; DER.

    None when the leaf names no responder that can be asked. One behind https: cannot: its own certificate would have
    to be asked for first. Raises what the library raises about extensions that cannot be read, and about an
    issuer who has not signed the leaf.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    leaf, issuer = _load_pair(chain)
    urls = _responders(leaf)
    if not urls:
        return None
    request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA1()).build()
    return OcspQuery(urls, request.public_bytes(Encoding.DER))


def judge_ocsp(response: bytes, chain: tuple[bytes, ...], now: datetime) -> OcspVerdict:
    """What an OCSPResponse (DER) says at `now`, which is aware, about the leaf of that chain. Never raises."""
    try:
        return _judge(response, chain, now)
    except Exception as error:
        # Answers come over plain http from whoever is on the way, and the library complains in many ways.
        return _unusable(f"the answer cannot be understood: {type(error).__name__}: {error}")


def _judge(response: bytes, chain: tuple[bytes, ...], now: datetime) -> OcspVerdict:
    from cryptography.x509 import ocsp

    answer = ocsp.load_der_ocsp_response(response)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        refusal = answer.response_status.name.lower().replace("_", " ")
        return _unusable(f"the responder refuses to answer: {refusal}")
    leaf, issuer = _load_pair(chain)
    fault = _signature_fault(answer, issuer, now)
    if fault:
        return _unusable(fault)
    if any(extension.critical for extension in answer.extensions):
        return _unusable("the answer is bound to a condition that is not known here (critical extension)")
    matching = [single for single in answer.responses if _is_about(single, leaf, issuer)]
    if not matching:
        return _unusable("the answer is about another certificate")
    current = [single for single in matching if _is_current(single, now)]
    if not current:
        return _unusable(f"the answer does not count at this time: {_period(matching[0])}")
    return max((_verdict(single) for single in current), key=_gravity)


def _load_pair(chain: tuple[bytes, ...]) -> tuple[x509.Certificate, x509.Certificate]:
    """ValueError if the second has not issued the first: then it has nothing to say about it."""
    leaf, issuer = load_certificate(chain[0]), load_certificate(chain[1])
    if not _has_issued(issuer, leaf):
        raise ValueError("the certificate was not issued by the next one of its chain")
    return leaf, issuer


def _responders(leaf: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ()
    places = [entry.access_location for entry in access if entry.access_method == AuthorityInformationAccessOID.OCSP]
    urls = [place.value for place in places if isinstance(place, x509.UniformResourceIdentifier)]
    return tuple(filter(_is_plain_http, urls))[:_MAX_RESPONDERS]


def _is_plain_http(url: str) -> bool:
    try:
        return Url.parse(url).scheme == "http"
    except InvalidURL:
        return False


def _signature_fault(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> str:
    """Empty if the answer comes from the issuer or from whom it has appointed."""
    delegates = [each for each in answer.certificates[:_MAX_SIGNERS] if each != issuer]
    signers = [signer for signer in (issuer, *delegates) if _is_named(answer, signer)]
    fault = "the answer was signed neither by the certificate's issuer nor by a responder of its"
    for signer in signers:
        fault = "" if signer is issuer else _delegate_fault(signer, issuer, now)
        if not fault and not _has_signed(signer, answer):
            fault = "the signature under the answer is wrong, or of a kind that does not count"
        if not fault:
            return ""
    return fault


def _is_named(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    """Whether the answer claims to be this one's (responderID); a claim only."""
    from cryptography import x509

    if answer.responder_name is not None:
        return signer.subject == answer.responder_name
    return x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest == answer.responder_key_hash


def _delegate_fault(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> str:
    """Empty if the issuer has appointed `signer` to answer (RFC 6960 section 4.2.2.2)."""
    if not _has_issued(issuer, signer):
        return "the responder's certificate was not issued by the certificate's own issuer"
    if not _may_sign_answers(signer):
        return "the responder's certificate is not meant for that (OCSPSigning)"
    if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        return "the responder's certificate has expired or is not valid yet"
    faults = key_faults(signer)
    return faults[0].text if faults else ""


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def _may_sign_answers(signer: x509.Certificate) -> bool:
    """Said in so many words: neither any purpose nor none at all will do."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    extensions = signer.extensions
    try:
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    if any(each.critical and isinstance(each.value, x509.UnrecognizedExtension) for each in extensions):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes and _has_signing_key(extensions)


def _has_signing_key(extensions: x509.Extensions) -> bool:
    from cryptography import x509

    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _has_signed(signer: x509.Certificate, answer: ocsp.OCSPResponse) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key, algorithm = signer.public_key(), answer.signature_hash_algorithm
    if algorithm is None or algorithm.name in _FORGEABLE:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _is_about(single: ocsp.OCSPSingleResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    from cryptography.x509 import ocsp

    asked = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, single.hash_algorithm).build()
    is_issuer = (single.issuer_name_hash, single.issuer_key_hash) == (asked.issuer_name_hash, asked.issuer_key_hash)
    return is_issuer and single.serial_number == leaf.serial_number


def _is_current(single: ocsp.OCSPSingleResponse, now: datetime) -> bool:
    return single.this_update_utc - _TOLERANCE <= now <= _valid_until(single) + _TOLERANCE


def _valid_until(single: ocsp.OCSPSingleResponse) -> datetime:
    return single.next_update_utc or single.this_update_utc + _MAX_AGE


def _period(single: ocsp.OCSPSingleResponse) -> str:
    begin, end = single.this_update_utc, _valid_until(single)
    return f"it is from {begin:%Y-%m-%d %H:%M} and good until {end:%Y-%m-%d %H:%M} UTC"


def _verdict(single: ocsp.OCSPSingleResponse) -> OcspVerdict:
    from cryptography.x509 import ocsp

    valid_until = _valid_until(single)
    if single.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return OcspVerdict(OcspStatus.GOOD, "", valid_until)
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        return OcspVerdict(OcspStatus.REVOKED, _revocation(single), valid_until)
    return OcspVerdict(OcspStatus.UNKNOWN, "the responder does not know the certificate", valid_until)


def _revocation(single: ocsp.OCSPSingleResponse) -> str:
    try:
        reason = single.revocation_reason
    except ValueError:
        reason = None  # a number without a meaning; revoked it is
    why = "" if reason is None else f": {reason.value}"
    return f"its issuer has revoked the certificate on {single.revocation_time_utc:%Y-%m-%d %H:%M} UTC{why}"


def _gravity(verdict: OcspVerdict) -> int:
    """Of several answers about one certificate the worst counts."""
    return (OcspStatus.GOOD, OcspStatus.UNKNOWN, OcspStatus.REVOKED).index(verdict.status)


def _unusable(detail: str) -> OcspVerdict:
    return OcspVerdict(OcspStatus.UNUSABLE, detail)
