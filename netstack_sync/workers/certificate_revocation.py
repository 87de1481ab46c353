"""Whether certificates were taken back by their issuers, as revocation lists tell (RFC 5280 §6.3).

The rules are those of OpenSSL with X509_V_FLAG_CRL_CHECK: the leaf's issuer must have a list that is signed, in
time and about certificates like the leaf. Intermediates are looked up too, where their issuer has a list.
Lists of changes (delta), and those that are old or not understood, can take certificates back but prove nothing
good; of two lists of the same second the one counts that takes a certificate back. Whose key a list says it was
signed with (authorityKeyIdentifier) is a hint, which the signature proves or not. Lists of other issuers about these
certificates (indirect) and for some reasons only are as good as not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.workers.certificate_faults import Fault, name_of
from netstack_sync.workers.revocation_lists import RevocationList, RevocationLists

if TYPE_CHECKING:
    from cryptography import x509

# CRLReason (RFC 5280 §5.3.1), by the names of x509.ReasonFlags.
_REASONS: Final = {
    "key_compromise": "its key was compromised",
    "ca_compromise": "the key of its issuer was compromised",
    "aa_compromise": "the key of its attribute authority was compromised",
    "affiliation_changed": "its owner's affiliation changed",
    "superseded": "it was replaced by another",
    "cessation_of_operation": "it is not needed any more",
    "certificate_hold": "it is on hold",
    "privilege_withdrawn": "its owner lost a privilege",
}


def crl_faults(chain: Sequence[x509.Certificate], now: datetime, lists: RevocationLists) -> list[Fault]:
    """Which certificates of `chain`, leaf first and the trusted one last, were revoked or may have been."""
    faults: list[Fault] = []
    # The trusted one is trusted, whatever its issuer may say; but where it is the leaf there is nobody else.
    for position, certificate in enumerate(chain[:-1] or chain):
        issuer = chain[min(position + 1, len(chain) - 1)]
        own = [each for each in lists.lists if _is_about(each, certificate) and each.is_signed_by(issuer)]
        usable, complaints = _sift(own, issuer, now)
        if position == 0 and not complaints:
            complaints = [f"there is none of {certificate.issuer.rfc4514_string()}"]
        faults += _faults_by(own, usable, complaints, certificate)
    return faults


def _sift(
    lists: list[RevocationList], issuer: x509.Certificate, now: datetime
) -> tuple[list[RevocationList], list[str]]:
    """The complete ones of `lists` that can prove something good, and why others cannot."""
    usable, complaints = [], []
    for each in lists:
        complaint = each.complaint or _signer_complaint(issuer) or _date_complaint(each.crl, now)
        if complaint:
            complaints.append(f"{each.source!r} cannot be used, {complaint}")
        elif not each.is_delta:
            usable.append(each)
    return usable, complaints


def _faults_by(
    signed: list[RevocationList], usable: list[RevocationList], complaints: list[str], certificate: x509.Certificate
) -> list[Fault]:
    """What the lists say; the `complaints` count when none is `usable`."""
    # To take a certificate back, the signature is enough, unless a later list that can be used says otherwise.
    newest = max((each.crl.last_update_utc for each in usable), default=None)
    serial_number = certificate.serial_number
    for each in signed:
        if serial_number in each.serial_numbers and (newest is None or each.crl.last_update_utc >= newest):
            entry = each.crl.get_revoked_certificate_by_serial_number(serial_number)
            text = _revocation_text(entry) if entry is not None else ""
            if text:
                return [Fault(CertStatus.REVOKED, f"{name_of(certificate)} {text}")]
    if usable:
        return []
    text = f"no revocation list tells about {name_of(certificate)}"
    return [Fault(CertStatus.UNABLE_TO_CHECK_REVOCATION, f"{text}: {complaint}") for complaint in complaints]


def _revocation_text(entry: x509.RevokedCertificate) -> str:
    """When and why; empty if the entry says that it is over."""
    from cryptography import x509

    text = f"was revoked by its issuer on {entry.revocation_date_utc:%Y-%m-%d %H:%M} UTC"
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except Exception:
        return text  # there is none, or none that can be read: the library complains in many ways
    if reason is x509.ReasonFlags.remove_from_crl:
        return ""
    return f"{text}: {_REASONS[reason.name]}" if reason.name in _REASONS else text


def _signer_complaint(issuer: x509.Certificate) -> str:
    from cryptography import x509

    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return "" if usage.crl_sign else f"the key of {name_of(issuer)} may not sign revocation lists"


def _date_complaint(crl: x509.CertificateRevocationList, now: datetime) -> str:
    begin, end = crl.last_update_utc, crl.next_update_utc
    if now < begin:
        return f"it is not valid before {begin:%Y-%m-%d %H:%M} UTC"
    if end is not None and now >= end:
        return f"it should have been renewed on {end:%Y-%m-%d %H:%M} UTC"
    return ""


def _is_about(each: RevocationList, certificate: x509.Certificate) -> bool:
    """True if a certificate like this would be on the list were it revoked (RFC 5280 §5.2.5)."""
    scope = each.scope
    if each.crl.issuer != certificate.issuer:
        return False
    if scope is None:
        return True
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs:
        return False
    if scope.only_contains_user_certs if _is_authority(certificate) else scope.only_contains_ca_certs:
        return False
    if scope.relative_name is not None:
        return False
    return scope.full_name is None or any(name in scope.full_name for name in _distribution_names(certificate))


def _is_authority(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _distribution_names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """Where the certificate says that its issuer's complete lists are."""
    from cryptography import x509

    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    own = [point for point in points if point.crl_issuer is None and point.reasons is None]
    return [name for point in own for name in point.full_name or ()]
