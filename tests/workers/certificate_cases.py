"""The case table: chains good and bad, and the verdict each must get."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_INVALID,
    ERR_CERT_NAME_CONSTRAINT_VIOLATION,
    ERR_CERT_WEAK_KEY,
    ERR_CERT_WEAK_SIGNATURE_ALGORITHM,
    OK,
)
from tests.workers.certificate_chains import (
    ANY_PURPOSE,
    CLIENT_AUTH,
    HOST,
    SAN,
    SERVER_AUTH,
    Chain,
    address_constrained,
    below,
    both_expired_and_constrained,
    dated,
    deep,
    expired_middle,
    keyed,
    leaf_with,
    middle_with,
    named,
    old_root,
    openssl_req,
    pinned_leaf,
    policies,
    purposed,
    root_with,
    rsa_root,
    self_signed,
    too_long_for_its_issuer,
    two_roots_of_one_name,
)
from tests.workers.certificate_factory import (
    DAY,
    HOUR,
    NOW,
    Issued,
    key_usage,
    make_authority,
    permit,
    unknown,
)

ROWS: list[tuple[str, int, Callable[[], Chain]]] = [
    # Ways to a root.
    ("issued by the root", OK, lambda: below(make_authority())),
    ("over an intermediate", OK, lambda: below(make_authority(), middle_with())),
    (
        "the root is sent too",
        OK,
        lambda: below(make_authority(), middle_with(), served=[middle_with(), make_authority()]),
    ),
    ("sent in the wrong order", OK, lambda: deep(4)._replace(served=list(reversed(deep(4).served)))),
    ("twelve intermediates", OK, lambda: deep(12)),
    (
        "an intermediate is missing",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: below(make_authority(), middle_with(), served=[]),
    ),
    ("only an intermediate is trusted", OK, lambda: below(middle_with())),
    (
        "an unknown root",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: below(make_authority())._replace(trusted=[make_authority("x")]),
    ),
    (
        "another root of the same name",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: below(make_authority())._replace(trusted=[make_authority(number=7)]),
    ),
    ("two roots of the same name", OK, two_roots_of_one_name),
    (
        "self-signed, not trusted",
        ERR_CERT_AUTHORITY_INVALID,
        lambda: self_signed()._replace(trusted=[make_authority()]),
    ),
    ("self-signed with CA:FALSE, trusted", OK, lambda: self_signed(is_authority=False)),
    ("self-signed with CA:TRUE, trusted", OK, lambda: self_signed(is_authority=True)),
    ("self-signed without basicConstraints, trusted", OK, lambda: self_signed(is_authority=None)),
    ("an issued leaf that is trusted itself", OK, pinned_leaf),
    (
        "an authority as leaf",
        OK,
        lambda: below(make_authority(), leaf=Issued.make(issuer=make_authority(), is_authority=True)),
    ),
    # Hosts; the finer points are in test_certificate_host.py.
    ("wrong host", ERR_CERT_COMMON_NAME_INVALID, lambda: named(HOST, "other.test")),
    ("common name only", ERR_CERT_COMMON_NAME_INVALID, lambda: leaf_with(san=())),
    ("wildcard", OK, lambda: named("*.example.test", "a.example.test")),
    (
        "wildcard, two labels",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("*.example.test", "a.b.example.test"),
    ),
    ("wildcard, no label", ERR_CERT_COMMON_NAME_INVALID, lambda: named("*.example.test", HOST)),
    (
        "wildcard within a label",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("f*.example.test", "foo.example.test"),
    ),
    ("wildcard below a top level", ERR_CERT_COMMON_NAME_INVALID, lambda: named("*.test", HOST)),
    (
        "wildcard for an underscore",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("*.example.test", "a_b.example.test"),
    ),
    (
        "wildcard above an underscore",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("*.a_b.example.test", "x.a_b.example.test"),
    ),
    ("wildcard above a hyphen", ERR_CERT_COMMON_NAME_INVALID, lambda: named("*.a-.test", "x.a-.test")),
    ("wildcard and IDNA", OK, lambda: named("*.example.test", "xn--bcher-kva.example.test")),
    (
        "wildcard in IDNA",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named("xn--*.example.test", "xn--bcher-kva.example.test"),
    ),
    ("underscore", OK, lambda: named("a_b.example.test", "a_b.example.test")),
    ("IDNA, ASCII", OK, lambda: named("xn--bcher-kva.example.test", "xn--bcher-kva.example.test")),
    ("IDNA, Unicode", OK, lambda: named("xn--bcher-kva.example.test", "bücher.example.test")),
    ("upper case in the certificate", OK, lambda: named("EXAMPLE.Test", HOST)),
    ("trailing dot in the certificate", ERR_CERT_COMMON_NAME_INVALID, lambda: named("example.test.", HOST)),
    (
        "leading dot in the certificate",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: named(".example.test", "a.example.test"),
    ),
    ("IPv4", OK, lambda: named("IP:127.0.0.1", "127.0.0.1")),
    ("another IPv4", ERR_CERT_COMMON_NAME_INVALID, lambda: named("IP:127.0.0.1", "127.0.0.2")),
    ("IPv4 as a name", ERR_CERT_COMMON_NAME_INVALID, lambda: named("127.0.0.1", "127.0.0.1")),
    ("IPv6", OK, lambda: named("IP:::1", "::1")),
    ("IPv6 written out", OK, lambda: named("IP:::1", "0:0:0:0:0:0:0:1")),
    ("IPv4 mapped to IPv6", ERR_CERT_COMMON_NAME_INVALID, lambda: named("IP:127.0.0.1", "::ffff:127.0.0.1")),
    # Dates.
    ("expired", ERR_CERT_DATE_INVALID, lambda: dated(NOW - 9 * DAY, NOW - HOUR)),
    ("not valid yet", ERR_CERT_DATE_INVALID, lambda: dated(NOW + HOUR, NOW + DAY)),
    ("valid for ten years", OK, lambda: dated(NOW - DAY, NOW + 3650 * DAY)),
    (
        "expired and for another host",
        ERR_CERT_COMMON_NAME_INVALID,
        lambda: dated(NOW - 9 * DAY, NOW - HOUR, "b.test"),
    ),
    ("expired root", ERR_CERT_DATE_INVALID, lambda: below(old_root())),
    (
        "expired intermediate",
        ERR_CERT_DATE_INVALID,
        lambda: below(make_authority(), expired_middle()),
    ),
    ("expired and not allowed", ERR_CERT_NAME_CONSTRAINT_VIOLATION, both_expired_and_constrained),
    # Purposes.
    ("no extendedKeyUsage", OK, lambda: purposed()),
    ("for clients only", ERR_CERT_INVALID, lambda: purposed(CLIENT_AUTH)),
    ("for clients and servers", OK, lambda: purposed(CLIENT_AUTH, SERVER_AUTH)),
    ("for any purpose", ERR_CERT_INVALID, lambda: purposed(ANY_PURPOSE)),
    ("server gated cryptography", OK, lambda: purposed(x509.ObjectIdentifier("2.16.840.1.113730.4.1"))),
    (
        "an intermediate for clients",
        ERR_CERT_INVALID,
        lambda: below(make_authority(), middle_with((x509.ExtendedKeyUsage([CLIENT_AUTH]), False))),
    ),
    (
        "a root for clients",
        ERR_CERT_INVALID,
        lambda: below(root_with((x509.ExtendedKeyUsage([CLIENT_AUTH]), False))),
    ),
    ("a key for signatures", OK, lambda: leaf_with((key_usage(server=True), True))),
    ("a key for nothing of use", ERR_CERT_INVALID, lambda: leaf_with((key_usage(), True))),
    ("a root's key for certificates", OK, lambda: below(root_with((key_usage(sign_certificates=True), True)))),
    ("a root's key not for certificates", ERR_CERT_INVALID, lambda: below(root_with((key_usage(), True)))),
    (
        "an intermediate's key not for certificates",
        ERR_CERT_INVALID,
        lambda: below(make_authority(), middle_with((key_usage(), True))),
    ),
    # What an authority is.
    ("a root without basicConstraints", ERR_CERT_INVALID, lambda: below(make_authority(is_authority=None))),
    (
        "an intermediate with CA:FALSE",
        ERR_CERT_INVALID,
        lambda: below(make_authority(), make_authority("middle", make_authority(), number=2, is_authority=False)),
    ),
    ("a path longer than allowed", ERR_CERT_INVALID, too_long_for_its_issuer),
    ("a root that allows no intermediates", OK, lambda: below(make_authority(path_length=0))),
    # Constraints on names.
    ("the name is permitted", OK, lambda: below(root_with((permit(x509.DNSName("test")), True)))),
    (
        "the name is not permitted",
        ERR_CERT_NAME_CONSTRAINT_VIOLATION,
        lambda: below(root_with((permit(x509.DNSName("other.test")), True))),
    ),
    (
        "the same, not critical",
        ERR_CERT_NAME_CONSTRAINT_VIOLATION,
        lambda: below(root_with((permit(x509.DNSName("other.test")), False))),
    ),
    (
        "the name is excluded",
        ERR_CERT_NAME_CONSTRAINT_VIOLATION,
        lambda: below(root_with((x509.NameConstraints(None, [x509.DNSName(HOST)]), True))),
    ),
    ("the address is permitted", OK, lambda: address_constrained("127.0.0.1")),
    (
        "the address is not permitted",
        ERR_CERT_NAME_CONSTRAINT_VIOLATION,
        lambda: address_constrained("10.0.0.1"),
    ),
    # Keys and signatures.
    ("RSA, 2048 bits", OK, lambda: keyed("2048")),
    ("RSA, 2000 bits", OK, lambda: keyed("2000")),
    ("RSA, 1024 bits", ERR_CERT_WEAK_KEY, lambda: keyed("1024")),
    ("Ed25519", OK, lambda: keyed("Ed25519")),
    ("RSA root, 1024 bits", ERR_CERT_WEAK_KEY, lambda: below(make_authority(kind="1024"))),
    (
        "SHA-512",
        OK,
        lambda: below(make_authority(), leaf=Issued.make(issuer=make_authority(), digest=hashes.SHA512)),
    ),
    (
        "SHA-1",
        ERR_CERT_WEAK_SIGNATURE_ALGORITHM,
        lambda: below(rsa_root(), leaf=Issued.make(issuer=rsa_root()).resigned_with_sha1(rsa_root())),
    ),
    ("a root that signed itself with SHA-1", OK, lambda: below(rsa_root().resigned_with_sha1(rsa_root()))),
    # Extensions.
    ("an unknown critical extension", ERR_CERT_INVALID, lambda: leaf_with((unknown("1.2.3.4.5"), True))),
    ("an unknown extension", OK, lambda: leaf_with((unknown("1.2.3.4.5"), False))),
    (
        "an unknown critical extension of the root",
        ERR_CERT_INVALID,
        lambda: below(root_with((unknown("1.2.3.4.5"), True))),
    ),
    ("critical policies", OK, lambda: leaf_with((policies(), True))),
    (
        "critical policies of an intermediate",
        OK,
        lambda: below(make_authority(), middle_with((policies(), True))),
    ),
    (
        "critical policy constraints of an intermediate",
        OK,
        lambda: below(make_authority(), middle_with((x509.PolicyConstraints(0, None), True))),
    ),
    ("critical inhibitAnyPolicy", OK, lambda: leaf_with((x509.InhibitAnyPolicy(0), True))),
    (
        "an unreadable extension that nobody needs",
        OK,
        lambda: leaf_with((unknown("1.3.6.1.5.5.7.1.1", b"\x04\x01a"), False)),
    ),
    # From the command line.
    ("openssl req -x509, RSA", OK, lambda: openssl_req(*SAN)),
    ("openssl req -x509, Ed25519", OK, lambda: openssl_req(*SAN, key="ed25519")),
    ("openssl req -x509, no names", ERR_CERT_COMMON_NAME_INVALID, lambda: openssl_req()),
]

STRICTER: list[tuple[str, Callable[[], Chain]]] = [
    ("an authority with an Edwards key", lambda: below(make_authority(kind="Ed25519"))),
    ("an authority on another curve", lambda: below(make_authority(kind="brainpool"))),
    (
        "SHA-224",
        lambda: below(make_authority(), leaf=Issued.make(issuer=make_authority(), digest=hashes.SHA224)),
    ),
    (
        "a name constraint with a leading dot",
        lambda: Chain(
            Issued.make(issuer=root_with((permit(x509.DNSName(".test")), True))),
            [],
            [root_with((permit(x509.DNSName(".test")), True))],
        ),
    ),
    (
        "a constraint on directory names",
        lambda: below(
            root_with((permit(x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]))), True))
        ),
    ),
]
