"""Judges the chain of a server's certificate.

The engine is cryptography.x509.verification, which alone can call a chain good; the checks here and in
the files beside can only make it bad. Its policy is as permissive as it gets, with OpenSSL's rules for key
usage put back in, so that verdicts are those of `ssl` with VERIFY_X509_PARTIAL_CHAIN and without
VERIFY_X509_STRICT: private authorities made with a few lines of openssl go on working.

What remains: some chains that OpenSSL takes are refused, each listed with its reason in the tests
(certificate_differences.py). Authorities of X.509 version 1, or with keyUsage but no basicConstraints; authorities with
Edwards or DSA keys, with RSA keys of not quite 2048 bits, or on curves other than P-256, P-384 and P-521; signatures
with SHA-224, or RSA-PSS with unusual salt; what is no DER, such as an explicit FALSE, or a year written in another
form; serial numbers that are negative or too long; issuers without a name, or whose name is not spelled byte by byte
as in their own certificate; critical extensions of Netscape, critical mappings of policies, half an
authorityKeyIdentifier, certificates for the use of addresses; name constraints that are empty, with a dot at an end,
critical and about directory names, broken by the very leaf that has them, or with wildcards or malformed names below;
alternative names of which one cannot be read; a path too long by certificates that an authority issued to itself; more
than 32 certificates besides the leaf, or too many names below too many constraints. Who needs one of those brings an
SSLContext. A second way for them would be a second engine, and is not worth its risk.

The engine tries all ways to a root where OpenSSL tries one, takes chains whose hints (authorityKeyIdentifier)
contradict what the signatures prove, looks at nobody above a leaf that is trusted itself, and takes the last second of
a validity. The engine bounds its own work on chains made to be slow from version 49 of cryptography on.
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
from netstack_sync.workers.certificate_constraints import comparison_fault, constraint_faults
from netstack_sync.workers.certificate_faults import (
    Fault,
    key_faults,
    moment_without_date_faults,
    path_faults,
    policy_fault,
    purpose_faults,
)
from netstack_sync.workers.certificate_host import host_fault, is_non_unique
from netstack_sync.workers.certificate_keys import public_key_hashes
from netstack_sync.workers.certificate_path import MAX_SERVED, CertPath, encode_chain, find_path, load_readable
from netstack_sync.workers.certificate_revocation import crl_faults
from netstack_sync.workers.load_certificate import load_certificate
from netstack_sync.workers.revocation_lists import RevocationLists
from netstack_sync.workers.trust_roots import TrustRoots

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.verification import ExtensionPolicy, Policy, Store, VerifiedClient

_MAX_CHAIN_DEPTH: Final = 100  # OpenSSL's default; the engine's own is 8

# What OpenSSL takes for a server besides serverAuth: "server gated cryptography" of Microsoft and Netscape.
_SERVER_PURPOSES: Final = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1")


# With faults of these kinds only, the engine can be asked again as if there were none.
_CURABLE: Final = CertStatus.DATE_INVALID | CertStatus.AUTHORITY_INVALID


def verify_certificate(
    chain: Sequence[bytes], hostname: str, now: datetime, roots: TrustRoots, lists: RevocationLists | None = None
) -> CertVerifyResult:
    """The verdict on `chain`, DER with the leaf first, for `hostname` at `now`, which is aware. Never raises.

    `net_error` is OK, a certificate error, ERR_SSL_SERVER_CERT_BAD_FORMAT for a leaf that is not X.509,
    ERR_INVALID_ARGUMENT without chain or host, or the error of roots or lists that could not be loaded.
    Without `lists` nobody asks whether certificates were revoked.
    """
    served = tuple(chain)
    if not served or not hostname:
        return _without_verdict(ERR_INVALID_ARGUMENT, served, "there is no certificate, or no host, to verify")
    if roots.net_error != OK:
        return _without_verdict(roots.net_error, served, roots.detail)
    if lists is not None and lists.net_error != OK:
        return _without_verdict(lists.net_error, served, lists.detail)
    try:
        return _judge(served, hostname, now, roots, lists)
    except Exception as error:
        # Certificates come from strangers, and the libraries that read them lazily complain in many ways.
        detail = f"the certificate cannot be understood: {type(error).__name__}: {error}"
        return _result(ERR_CERT_INVALID, CertStatus.INVALID, served, False, (detail,))


def describe_chain(chain: Sequence[bytes]) -> CertVerifyResult:
    """The answer for who does not want a verdict: OK, whose keys `chain` holds, and nobody vouches for it."""
    return _result(OK, CertStatus(0), tuple(chain), False, ())


def _judge(
    served: tuple[bytes, ...], hostname: str, now: datetime, roots: TrustRoots, lists: RevocationLists | None
) -> CertVerifyResult:
    from cryptography.x509.verification import VerificationError

    try:
        leaf = load_certificate(served[0])
    except ValueError as error:
        return _without_verdict(ERR_SSL_SERVER_CERT_BAD_FORMAT, served, f"the certificate is not X.509: {error}")
    taken = served[: 1 + MAX_SERVED]
    others = load_readable(taken[1:])
    information = CertStatus.NON_UNIQUE_NAME if is_non_unique(hostname) else CertStatus(0)
    bomb = comparison_fault(taken, [leaf, *others])
    if bomb is not None:
        return _verdict([bomb], information, served, False)
    try:
        verified = _run_engine(leaf, others, now, _store_of(roots))
    except VerificationError as error:
        path, names = find_path(leaf, others, roots.certificates), _names_of(leaf)
        encoded = encode_chain(path.certificates)
        faults = path_faults(path, now) or [policy_fault(str(error))]
        faults += _hidden_faults(faults, path, others, roots)
        verified_chain = served
    else:
        path, names, faults = CertPath(verified.chain, True), verified.subjects, key_faults(leaf)
        encoded = verified_chain = encode_chain(path.certificates)
        faults += constraint_faults(path.certificates, encoded)
    faults += purpose_faults(path.certificates, encoded)
    mismatch = host_fault(names, hostname)
    if mismatch:
        faults.append(Fault(CertStatus.COMMON_NAME_INVALID, mismatch))
    if lists is not None and path.reaches_root:
        faults += crl_faults(path.certificates, now, lists)
        information |= CertStatus.REV_CHECKING_ENABLED
    # A leaf that is trusted by itself was issued by none, wherever it is kept.
    is_known = path.reaches_root and len(encoded) > 1 and roots.is_known_root(encoded[-1])
    return _verdict(faults, information, verified_chain, is_known)


def _run_engine(leaf: x509.Certificate, others: list[x509.Certificate], now: datetime, store: Store) -> VerifiedClient:
    """The chain from `leaf` to a root in `store`, and the leaf's names; VerificationError if every one has a fault."""
    from cryptography.x509.verification import PolicyBuilder

    authorities, servers = _extension_policies()
    builder = PolicyBuilder().store(store).time(now).max_chain_depth(_MAX_CHAIN_DEPTH)
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


def _store_of(roots: TrustRoots) -> Store:
    assert roots.store is not None, "roots that were loaded"
    return roots.store


def _hidden_faults(
    known: list[Fault], path: CertPath, others: list[x509.Certificate], roots: TrustRoots
) -> list[Fault]:
    """What the engine, which stops at the first fault, would have said with other dates and the top trusted."""
    from cryptography.x509.verification import Store, VerificationError

    moment = moment_without_date_faults(path)
    if moment is None or any(fault.status & ~_CURABLE for fault in known):
        return []
    store = _store_of(roots) if path.reaches_root else Store([path.certificates[-1]])
    try:
        _run_engine(path.certificates[0], others, moment, store)
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
    # Policies and revocation do not matter to OpenSSL unless asked for, but may be critical.
    known: tuple[type[x509.ExtensionType], ...] = (x509.CertificatePolicies, x509.PolicyConstraints)
    known += (x509.InhibitAnyPolicy, x509.OCSPNoCheck)
    # These the engine knows and OpenSSL does not: it refuses them when they are critical.
    unknown = (x509.SubjectKeyIdentifier, x509.AuthorityInformationAccess)
    policies = []
    for policy in (authorities, servers):
        policy = policy.may_be_present(x509.ExtendedKeyUsage, either, _check_purpose)
        for kind in known:
            policy = policy.may_be_present(kind, either, None)
        for kind in unknown:
            policy = policy.may_be_present(kind, Criticality.NON_CRITICAL, None)
        policy = policy.may_be_present(x509.AuthorityKeyIdentifier, Criticality.NON_CRITICAL, _check_form)
        policy = policy.may_be_present(x509.CRLDistributionPoints, either, _check_form)
        policies.append(policy)
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


def _check_form(_: Policy, __: x509.Certificate, ___: x509.ExtensionType | None) -> None:
    """It has been read: OpenSSL refuses a certificate where it cannot be."""


def _verdict(
    faults: list[Fault], information: CertStatus, chain: tuple[bytes, ...], is_issued_by_known_root: bool
) -> CertVerifyResult:
    status = information
    for fault in faults:
        status |= fault.status
    reasons = tuple(fault.text for fault in faults)
    return _result(map_cert_status_to_net_error(status), status, chain, is_issued_by_known_root, reasons)


def _without_verdict(net_error: int, served: tuple[bytes, ...], detail: str) -> CertVerifyResult:
    """Nobody has vouched for the chain, for a reason that does not lie in a certificate."""
    return _result(net_error, CertStatus.AUTHORITY_INVALID, served, False, (detail,))


def _result(
    net_error: int,
    status: CertStatus,
    chain: tuple[bytes, ...],
    is_issued_by_known_root: bool,
    reasons: tuple[str, ...],
) -> CertVerifyResult:
    hashes = public_key_hashes(chain)
    return CertVerifyResult(net_error, status, chain, is_issued_by_known_root, reasons, hashes)
