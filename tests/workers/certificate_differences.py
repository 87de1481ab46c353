"""Where verdicts are not those of OpenSSL: the documented list, each with its reason."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from tests.workers.certificate_chains import (
    HOST,
    NETSCAPE_TYPE,
    Chain,
    below,
    contradicting_hints,
    leaf_with,
    malformed_name_below_a_constraint,
    nameless,
    root_with,
    self_issued_above_a_limit,
    trusted_below_an_expired_issuer,
    two_ways_of_which_one_is_closed,
    wildcard_over_excluded_name,
    with_serial,
    without_version_3,
)
from tests.workers.certificate_factory import Issued, key_usage, make_authority, permit, unknown

_CURVES_AND_RSA = "the engine takes authorities with keys of RSA, P-256, P-384 and P-521 only, as the web's must be"

STRICTER: list[tuple[str, str, Callable[[], Chain]]] = [
    ("an authority with an Edwards key", _CURVES_AND_RSA, lambda: below(make_authority(kind="Ed25519"))),
    ("an authority on another curve", _CURVES_AND_RSA, lambda: below(make_authority(kind="brainpool"))),
    (
        "an authority with an odd RSA key",
        "the engine wants 2048 bits of authorities; OpenSSL rounds the strength of somewhat less up to 112 bits",
        lambda: below(make_authority(kind="2000")),
    ),
    (
        "SHA-224",
        "the engine knows SHA-256, SHA-384 and SHA-512 only",
        lambda: below(make_authority(), leaf=Issued.make(issuer=make_authority(), digest=hashes.SHA224)),
    ),
    (
        "a name constraint with a leading dot",
        "RFC 5280 has that form for URIs only; for host names it is read in different ways",
        lambda: below(root_with((permit(x509.DNSName(".test")), True))),
    ),
    (
        "a constraint on directory names",
        "the engine cannot check it, and what it cannot check it refuses",
        lambda: below(
            root_with((permit(x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]))), True))
        ),
    ),
    (
        "a wildcard for an excluded host, among others",
        "a wildcard stands for the excluded host too (CVE-2025-61727); OpenSSL compares it as a name",
        wildcard_over_excluded_name,
    ),
    (
        "a root of version 1",
        "it cannot say that it is an authority; OpenSSL takes its word for it",
        without_version_3,
    ),
    (
        "a root with keyUsage only",
        "without basicConstraints it does not say that it is an authority; OpenSSL guesses from the usage",
        lambda: below(make_authority(is_authority=None, extensions=[(key_usage(sign_certificates=True), True)])),
    ),
    (
        "a self-issued certificate above a limit of the path",
        "the engine counts each certificate; RFC 5280 does not count those that an authority issued to itself",
        self_issued_above_a_limit,
    ),
    ("a negative serial number", "RFC 5280 §4.1.2.2 forbids it", lambda: with_serial(b"\x80\x01")),
    ("a serial number of 22 bytes", "RFC 5280 §4.1.2.2 allows 20", lambda: with_serial(b"\x01" * 22)),
    (
        "a self-signed leaf without a name",
        "RFC 5280 §4.1.2.4 wants a name of every issuer, as the way to a root goes over names",
        nameless,
    ),
    (
        "a malformed name below a constraint",
        "what is no host name cannot be compared with one",
        malformed_name_below_a_constraint,
    ),
    (
        "a critical type of Netscape's",
        "the engine does not know the extension",
        lambda: leaf_with((unknown(NETSCAPE_TYPE, b"\x03\x02\x06\x40"), True)),
    ),
]

LENIENT: list[tuple[str, str, str, Callable[[], Chain]]] = [
    (
        "identifiers of keys that contradict each other",
        "they are hints for finding an issuer (RFC 5280 §4.2.1.1); the signature proves who it is",
        "unable to get local issuer certificate",
        contradicting_hints,
    ),
    (
        "another certificate of the issuer leads nowhere",
        "the engine tries every way to a root, each by all rules; OpenSSL takes one and stays on it",
        "unable to get local issuer certificate",
        two_ways_of_which_one_is_closed,
    ),
    (
        "a trusted leaf with an expired issuer",
        "who is trusted needs nobody; OpenSSL looks at whoever was sent besides",
        "certificate has expired",
        trusted_below_an_expired_issuer,
    ),
]
