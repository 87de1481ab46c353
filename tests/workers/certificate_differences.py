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
    crowded,
    general_time,
    leaf_with,
    malformed_name_below_a_constraint,
    middle_with,
    nameless,
    pss_signed,
    renamed_issuer,
    root_with,
    self_issued_above_a_limit,
    self_issued_with_another_key,
    trusted_below_an_expired_issuer,
    trusted_with_sha1,
    two_ways_of_which_one_is_closed,
    wildcard_over_excluded_name,
    with_serial,
    without_version_3,
)
from tests.workers.certificate_factory import Issued, key_usage, make_authority, permit, unknown
from tests.workers.certificate_rewriter import common_name

_CURVES_AND_RSA = "the engine takes authorities with keys of RSA, P-256, P-384 and P-521 only, as the web's must be"

HALF = bytes.fromhex("3003820101")
MAPPING = bytes.fromhex("300a300806022a0306022a04")


def _dns(name: bytes) -> bytes:
    return b"\x82" + bytes([len(name)]) + name


def _alternative_names(*names: bytes) -> bytes:
    content = b"".join(map(_dns, names))
    return b"\x30" + bytes([len(content)]) + content


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
        "a name constraint with a dot at the end",
        "a host name has none in a certificate",
        lambda: below(root_with((x509.NameConstraints(None, [x509.DNSName("other.")]), False))),
    ),
    (
        "a name constraint that permits all hosts",
        "an empty name is none",
        lambda: below(root_with((permit(x509.DNSName("")), True))),
    ),
    (
        "an empty name constraint",
        "RFC 5280 §4.2.1.10 forbids it",
        lambda: below(root_with((unknown("2.5.29.30", b"\x30\x00"), False))),
    ),
    (
        "a name constraint of a kind that is hardly used",
        "the library cannot read addresses of X.400 and parties of EDI, and so not the others beside them either",
        lambda: below(root_with((unknown("2.5.29.30", bytes.fromhex("3006a1043002a300")), False))),
    ),
    (
        "a leaf with constraints that it breaks itself",
        "the engine holds them against its own names; OpenSSL against those below, of which there are none",
        lambda: leaf_with((permit(x509.DNSName("other.test")), False)),
    ),
    (
        "critical mappings of policies",
        "the engine does not know the extension",
        lambda: below(make_authority(), middle_with((unknown("2.5.29.33", MAPPING), True))),
    ),
    (
        "RSA-PSS with salt of an unusual length",
        "the engine knows that of the hash only, as do the rules of browsers",
        lambda: pss_signed(20),
    ),
    (
        "the issuer's name as another kind of string",
        "the engine compares names byte by byte, as most authorities write them; OpenSSL by what they say",
        lambda: renamed_issuer(common_name(b"root", 0x13)),
    ),
    (
        "the issuer's name in other letters",
        "the same",
        lambda: renamed_issuer(common_name(b"ROOT", 0x0C)),
    ),
    (
        "half an identifier of the issuer",
        "RFC 5280 §4.2.1.1 wants its name and its serial number, or neither",
        lambda: below(make_authority(has_identifiers=False, extensions=[(unknown("2.5.29.35", HALF), False)])),
    ),
    ("years of four digits before 2050", "RFC 5280 §4.1.2.5 wants two there", general_time),
    (
        "an alternative name that is no ASCII",
        "RFC 5280 §4.2.1.6 wants ASCII; the library cannot read the others beside it either",
        lambda: leaf_with(
            (unknown("2.5.29.17", _alternative_names(b"ex\xe4mple.test", b"example.test")), False), san=()
        ),
    ),
    (
        "an address of five bytes",
        "there is no such address; the library cannot read the names beside it either",
        lambda: leaf_with((unknown("2.5.29.17", b"\x30\x15\x87\x0512345" + _dns(b"example.test")), False), san=()),
    ),
    (
        "something behind the alternative names",
        "it is no DER",
        lambda: leaf_with((unknown("2.5.29.17", _alternative_names(b"example.test") + b"\x05\x00"), False), san=()),
    ),
    (
        "a certificate for the use of addresses",
        "registries issue these (RFC 3779) to prove who may use them; no rule about them is known here",
        lambda: leaf_with((unknown("1.3.6.1.5.5.7.1.7", bytes.fromhex("30083006040200010500")), False)),
    ),
    (
        "more than 32 certificates besides the leaf",
        "what a server may have us try has a limit; OpenSSL stops at 100 KiB",
        lambda: crowded(32),
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
    (
        "a trusted leaf that an issuer signed with SHA-1",
        "the same",
        "CA signature digest algorithm too weak",
        trusted_with_sha1,
    ),
    (
        "two authorities of one name",
        "the engine takes the one whose key has signed; OpenSSL the first, where no identifiers tell them apart",
        "certificate signature failure",
        self_issued_with_another_key,
    ),
]
