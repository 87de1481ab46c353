"""Judges the chain of a server's certificate.

The engine is cryptography.x509.verification, which alone can call a chain good; the checks here and in
certificate_host.py can only make it bad. Its policy is as permissive as it gets, with OpenSSL's rules for key
usage put back in, so that verdicts are those of `ssl` with VERIFY_X509_PARTIAL_CHAIN and without
VERIFY_X509_STRICT: private authorities made with a few lines of openssl go on working.

What remains: the engine refuses some chains that OpenSSL takes. Authorities of X.509 version 1, or with keyUsage
but no basicConstraints; authorities with Edwards keys or on curves other than P-256, P-384 and P-521; SHA-224
signatures; serial numbers that are negative or have more than 20 bytes; name constraints with a leading dot or
about directory names. Who needs one of those brings an SSLContext. The engine also takes chains whose hints
(authorityKeyIdentifier, Netscape certificate type) contradict what the signatures prove.

The engine bounds its own work on chains made to be slow from version 49 of cryptography on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Final

from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.net_errors import (
    ERR_CERT_INVALID,
    ERR_INVALID_ARGUMENT,
    ERR_SSL_SERVER_CERT_BAD_FORMAT,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.workers.certificate_faults import (
    Fault,
    find_path,
    key_faults,
    moment_without_date_faults,
    path_faults,
    policy_fault,
)
from netstack_sync.workers.certificate_host import host_fault
from netstack_sync.workers.trust_roots import TrustRoots

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.verification import ExtensionPolicy, Policy, VerifiedClient

_MAX_CHAIN_DEPTH: Final = 100  # OpenSSL's default; the engine's own is 8

# What OpenSSL takes for a server besides serverAuth: "server gated cryptography" of Microsoft and Netscape.
_SERVER_PURPOSES: Final = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1")


def verify_certificate(chain: Sequence[bytes], hostname: str, now: datetime, roots: TrustRoots) -> CertVerifyResult:
    """The verdict on `chain`, DER with the leaf first, for `hostname` at `now`, which is aware. Never raises.

    `net_error` is OK, a certificate error, ERR_SSL_SERVER_CERT_BAD_FORMAT for a leaf that is not X.509,
    ERR_INVALID_ARGUMENT without chain or host, or the error of roots that could not be loaded.
    """
    served = tuple(chain)
    if not served or not hostname:
        return _without_verdict(ERR_INVALID_ARGUMENT, served, "there is no certificate, or no host, to verify")
    if roots.net_error != OK:
        return _without_verdict(roots.net_error, served, roots.detail)
    try:
        return _judge(served, hostname, now, roots)
    except Exception as error:
        # Certificates come from strangers, and the libraries that read them lazily complain in many ways.
        detail = f"the certificate cannot be understood: {type(error).__name__}: {error}"
        return CertVerifyResult(ERR_CERT_INVALID, CertStatus.INVALID, served, False, (detail,))


def _judge(served: tuple[bytes, ...], hostname: str, now: datetime, roots: TrustRoots) -> CertVerifyResult:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.verification import VerificationError

    try:
        leaf = x509.load_der_x509_certificate(served[0])
    except ValueError as error:
        return _without_verdict(ERR_SSL_SERVER_CERT_BAD_FORMAT, served, f"the certificate is not X.509: {error}")
    others = _load_others(served[1:])
    try:
        verified = _run_engine(leaf, others, now, roots)
    except VerificationError as error:
        path = find_path(leaf, others, roots.certificates)
        faults = path_faults(path, now) or [policy_fault(str(error))]
        if all(fault.status == CertStatus.DATE_INVALID for fault in faults):
            faults += _faults_besides_dates(leaf, others, moment_without_date_faults(path), roots)
        names, verified_chain, reaches_root = _names_of(leaf), served, path.reaches_root
    else:
        faults = key_faults(leaf)
        names, reaches_root = verified.subjects, True
        verified_chain = tuple(certificate.public_bytes(Encoding.DER) for certificate in verified.chain)
    mismatch = host_fault(names, hostname)
    if mismatch:
        faults.append(Fault(CertStatus.COMMON_NAME_INVALID, mismatch))
    return _result(faults, verified_chain, reaches_root and roots.is_default)


def _load_others(served: Sequence[bytes]) -> list[x509.Certificate]:
    from cryptography import x509

    others = []
    for der in served:
        try:
            others.append(x509.load_der_x509_certificate(der))
        except ValueError:
            continue  # whether it was needed the engine will tell
    return others


def _run_engine(
    leaf: x509.Certificate, others: list[x509.Certificate], now: datetime, roots: TrustRoots
) -> VerifiedClient:
    """The chain from `leaf` to a root, and the leaf's names; VerificationError if every chain has a fault."""
    from cryptography.x509.verification import PolicyBuilder

    assert roots.store is not None, "roots that were loaded"
    authorities, servers = _extension_policies()
    builder = PolicyBuilder().store(roots.store).time(now).max_chain_depth(_MAX_CHAIN_DEPTH)
    builder = builder.extension_policies(ca_policy=authorities, ee_policy=servers)
    # The engine's verifier for clients differs from that for servers in one thing: it does not match a host.
    # The engine's way to do that takes `*.com` and refuses underscores.
    return builder.build_client_verifier().verify(leaf, others)


def _names_of(leaf: x509.Certificate) -> list[x509.GeneralName] | None:
    from cryptography import x509

    try:
        return list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return None


def _faults_besides_dates(
    leaf: x509.Certificate, others: list[x509.Certificate], moment: datetime | None, roots: TrustRoots
) -> list[Fault]:
    """What the engine would have said had the dates been right: it stops at the first fault."""
    from cryptography.x509.verification import VerificationError

    if moment is None:
        return []
    try:
        _run_engine(leaf, others, moment, roots)
    except VerificationError as error:
        return [policy_fault(str(error))]
    return []


@cache
def _extension_policies() -> tuple[ExtensionPolicy, ExtensionPolicy]:
    """For authorities and for servers: any extension in any form, but for what OpenSSL insists on."""
    from cryptography import x509
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    either = Criticality.AGNOSTIC
    authorities = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, either, None)
    authorities = authorities.may_be_present(x509.KeyUsage, either, _check_authority_key_usage)
    servers = ExtensionPolicy.permit_all().may_be_present(x509.KeyUsage, either, _check_server_key_usage)
    policies = []
    for policy in (authorities, servers):
        policy = policy.may_be_present(x509.ExtendedKeyUsage, either, _check_purpose)
        # Certificate policies do not matter to OpenSSL unless asked for; they may be critical nevertheless.
        policy = policy.may_be_present(x509.CertificatePolicies, either, None)
        policy = policy.may_be_present(x509.PolicyConstraints, either, None)
        policies.append(policy.may_be_present(x509.InhibitAnyPolicy, either, None))
    return policies[0], policies[1]


def _check_authority_key_usage(_: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError(f"the key of {certificate.subject.rfc4514_string()} may not sign certificates")


def _check_server_key_usage(_: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is None or usage.digital_signature or usage.key_encipherment or usage.key_agreement:
        return
    raise ValueError(f"the key of {certificate.subject.rfc4514_string()} may not be used for TLS")


def _check_purpose(_: Policy, certificate: x509.Certificate, purposes: x509.ExtendedKeyUsage | None) -> None:
    if purposes is None or any(purpose.dotted_string in _SERVER_PURPOSES for purpose in purposes):
        return
    raise ValueError(f"{certificate.subject.rfc4514_string()} may not be used for TLS servers (extendedKeyUsage)")


def _result(faults: list[Fault], chain: tuple[bytes, ...], is_issued_by_known_root: bool) -> CertVerifyResult:
    status = CertStatus(0)
    for fault in faults:
        status |= fault.status
    net_error = map_cert_status_to_net_error(status)
    reasons = tuple(fault.text for fault in faults)
    return CertVerifyResult(net_error, status, chain, is_issued_by_known_root, reasons)


def _without_verdict(net_error: int, served: tuple[bytes, ...], detail: str) -> CertVerifyResult:
    """Nobody has vouched for the chain, for a reason that does not lie in a certificate."""
    return CertVerifyResult(net_error, CertStatus.AUTHORITY_INVALID, served, False, (detail,))
