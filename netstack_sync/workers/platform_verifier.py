"""Lets macOS or Windows judge a chain, as everything else on such a machine does.

The system's interface says the first thing that is wrong, and not which way it took to a root. So a good chain is put
together here, of certificates that were served, are authorities and signed each other: what a server sends besides,
whoever it is of, vouches for nothing and has no key that counts for pins. The host is compared here, as on every
platform and as Chromium does, who does not ask the system either (cert_verify_proc.cc).
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.net_errors import ERR_INVALID_ARGUMENT, ERR_SSL_SERVER_CERT_BAD_FORMAT, OK
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.workers.certificate_faults import Fault, key_faults
from netstack_sync.workers.certificate_host import host_fault, is_non_unique
from netstack_sync.workers.certificate_keys import public_key_hashes
from netstack_sync.workers.certificate_path import MAX_SERVED, encode_chain, find_path, load_readable, may_issue
from netstack_sync.workers.load_certificate import load_certificate
from netstack_sync.workers.system_trust import SystemCheck
from netstack_sync.workers.trust_roots import TrustRoots
from netstack_sync.workers.verify_certificate import verify_certificate

if TYPE_CHECKING:
    from cryptography import x509

# OSStatus of SecTrustEvaluateWithError (cert_verify_proc_ios.cc), SecTrustResultType of macOS before 10.14, and
# dwError of CertVerifyCertificateChainPolicy, which names the worst. What is not here is INVALID.
_STATUS_BY_CODE: Final = {
    -67818: CertStatus.DATE_INVALID,  # errSecCertificateExpired
    -67819: CertStatus.DATE_INVALID,  # errSecCertificateNotValidYet
    -25318: CertStatus.AUTHORITY_INVALID,  # errSecCreateChainFailed
    -67843: CertStatus.AUTHORITY_INVALID,  # errSecNotTrusted
    -67825: CertStatus.AUTHORITY_INVALID,  # errSecVerifyActionFailed: certificate transparency
    -67815: CertStatus.WEAK_SIGNATURE_ALGORITHM | CertStatus.INVALID,  # errSecInvalidDigestAlgorithm
    -67735: CertStatus.WEAK_KEY | CertStatus.INVALID,  # errSecUnsupportedKeySize
    -67820: CertStatus.REVOKED,  # errSecCertificateRevoked
    -67901: CertStatus.VALIDITY_TOO_LONG,  # errSecCertificateValidityPeriodTooLong
    2: CertStatus.AUTHORITY_INVALID,  # the user was to be asked
    3: CertStatus.AUTHORITY_INVALID,  # the user does not trust it
    5: CertStatus.AUTHORITY_INVALID,  # recoverable, which an unknown root is
    0x800B0101: CertStatus.DATE_INVALID,  # CERT_E_EXPIRED
    0x800B0102: CertStatus.DATE_INVALID,  # CERT_E_VALIDITYPERIODNESTING
    0x800B0109: CertStatus.AUTHORITY_INVALID,  # CERT_E_UNTRUSTEDROOT
    0x800B010A: CertStatus.AUTHORITY_INVALID,  # CERT_E_CHAINING
    0x800B010D: CertStatus.AUTHORITY_INVALID,  # CERT_E_UNTRUSTEDTESTROOT
    0x800B0111: CertStatus.AUTHORITY_INVALID,  # TRUST_E_EXPLICIT_DISTRUST
    0x800B0112: CertStatus.AUTHORITY_INVALID,  # CERT_E_UNTRUSTEDCA
    0x800B010C: CertStatus.REVOKED,  # CERT_E_REVOKED
    0x80092010: CertStatus.REVOKED,  # CRYPT_E_REVOKED
}


class _Question(NamedTuple):
    """What truststore looks at of an SSLContext. A real one may be of its own class, which answers less."""

    check_hostname: bool = False
    verify_mode: ssl.VerifyMode = ssl.CERT_REQUIRED
    verify_flags: ssl.VerifyFlags = ssl.VERIFY_DEFAULT

    def get_ca_certs(self, binary_form: bool) -> list[bytes]:
        """None besides the system's."""
        return []


def verify_with_platform(chain: Sequence[bytes], hostname: str, now: datetime, roots: TrustRoots) -> CertVerifyResult:
    """The verdict of the verifier of `roots`; our own about chains that lead to one of them, which are the user's.

    See verify_certificate() for what comes out. The system has its own clock, so `now` is for our verdict only.
    What the system took has as `verified_chain` what was served of it, often without the root. What the system raises
    that is no verdict comes through.
    """
    assert roots.verifier is not None, "roots that leave it to the system"
    check = roots.verifier.check
    if not roots.certificates:
        return _ask(tuple(chain), hostname, check)
    own = verify_certificate(chain, hostname, now, roots)
    if own.net_error == OK:
        return own
    answer = _ask(tuple(chain), hostname, check)
    leads_to_users = not own.cert_status & CertStatus.AUTHORITY_INVALID
    return own if leads_to_users and answer.net_error != OK else answer


def _ask(served: tuple[bytes, ...], hostname: str, check: SystemCheck) -> CertVerifyResult:
    if not served or not hostname:
        return _without_verdict(ERR_INVALID_ARGUMENT, served, "there is no certificate, or no host, to verify")
    try:
        leaf = load_certificate(served[0])
    except ValueError as error:
        return _without_verdict(ERR_SSL_SERVER_CERT_BAD_FORMAT, served, f"the certificate is not X.509: {error}")
    faults = [*_system_faults(served, hostname, check), *_leaf_faults(leaf, hostname)]
    status = CertStatus.NON_UNIQUE_NAME if is_non_unique(hostname) else CertStatus(0)
    for fault in faults:
        status |= fault.status
    reasons = tuple(fault.text for fault in faults)
    net_error = map_cert_status_to_net_error(status)
    if net_error != OK:
        return _result(net_error, status, served, False, reasons)
    chain, is_known = _linked(leaf, served)
    return _result(OK, status, chain, is_known, reasons)


def _linked(leaf: x509.Certificate, served: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], bool]:
    """Those of `served` that lead from `leaf` upwards, and whether a root of the system's is above them."""
    authorities = [each for each in load_readable(served[1 : 1 + MAX_SERVED]) if may_issue(each)]
    try:
        chain = encode_chain(find_path(leaf, authorities, ()).certificates)
        # No list of public roots has a self-signed leaf: somebody has put it there.
        return chain, len(chain) > 1 or leaf.issuer != leaf.subject
    except Exception:
        return served[:1], True  # names or keys that cannot be read, as below


def _system_faults(served: tuple[bytes, ...], hostname: str, check: SystemCheck) -> list[Fault]:
    try:
        check(_Question(), list(served), hostname)
    except ssl.SSLCertVerificationError as error:
        code: int = getattr(error, "verify_code", 0)  # absent when no certificate was there to be judged
        return [Fault(_STATUS_BY_CODE.get(code, CertStatus.INVALID), f"the system refuses it: {error.args[-1]}")]
    return []


def _leaf_faults(leaf: x509.Certificate, hostname: str) -> list[Fault]:
    from cryptography import x509

    try:
        weaknesses = key_faults(leaf)
        names = list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        names = None
    except Exception as error:
        # Certificates come from strangers, and the library that reads them lazily complains in many ways.
        return [Fault(CertStatus.INVALID, f"the certificate cannot be understood: {type(error).__name__}: {error}")]
    mismatch = host_fault(names, hostname)
    return [*weaknesses, *([Fault(CertStatus.COMMON_NAME_INVALID, mismatch)] if mismatch else [])]


def _without_verdict(net_error: int, served: tuple[bytes, ...], detail: str) -> CertVerifyResult:
    """Nobody has vouched for the chain, for a reason that does not lie in a certificate."""
    return _result(net_error, CertStatus.AUTHORITY_INVALID, served, False, (detail,))


def _result(
    net_error: int, status: CertStatus, chain: tuple[bytes, ...], is_known: bool, reasons: tuple[str, ...]
) -> CertVerifyResult:
    return CertVerifyResult(net_error, status, chain, is_known, reasons, public_key_hashes(chain))
