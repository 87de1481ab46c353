"""The second half of the case table: rules of X.509, besides ways to a root, hosts and dates."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from netstack_sync.base.net_errors import (
    ERR_CERT_COMMON_NAME_INVALID,
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
    NETSCAPE_TYPE,
    SAN,
    SERVER_AUTH,
    Chain,
    address_constrained,
    ask_here,
    below,
    key_identifiers,
    keyed,
    leaf_with,
    lists_here,
    middle_with,
    openssl_req,
    policies,
    purposed,
    root_with,
    rsa_root,
    sha1_below_a_curve,
    too_long_for_its_issuer,
)
from tests.workers.certificate_factory import Issued, key_usage, make_authority, permit, unknown

RULES: list[tuple[str, int, Callable[[], Chain]]] = [
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
    (
        "a server of Netscape's kind",
        OK,
        lambda: leaf_with((unknown(NETSCAPE_TYPE, b"\x03\x02\x06\x40"), False)),
    ),
    (
        "a client of Netscape's kind",
        ERR_CERT_INVALID,
        lambda: leaf_with((unknown(NETSCAPE_TYPE, b"\x03\x02\x07\x80"), False)),
    ),
    (
        "no kind of Netscape's",
        ERR_CERT_INVALID,
        lambda: leaf_with((unknown(NETSCAPE_TYPE, b"\x03\x01\x00"), False)),
    ),
    (
        "an intermediate for clients of Netscape's kind",
        OK,
        lambda: below(make_authority(), middle_with((unknown(NETSCAPE_TYPE, b"\x03\x02\x02\x04"), False))),
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
    (
        "a root whose basicConstraints are not critical",
        OK,
        lambda: below(make_authority(is_critical=False, has_identifiers=False)),
    ),
    (
        "a root without any extension",
        ERR_CERT_INVALID,
        lambda: below(make_authority(is_authority=None, has_identifiers=False)),
    ),
    (
        "an authority as leaf, with its key usage",
        ERR_CERT_INVALID,
        lambda: leaf_with((key_usage(sign_certificates=True), True)),
    ),
    ("a root that allows no intermediates", OK, lambda: below(make_authority(path_length=0))),
    # Identifiers of keys.
    (
        "a leaf without identifiers",
        OK,
        lambda: below(make_authority(), leaf=Issued.make(issuer=make_authority(), has_identifiers=False)),
    ),
    ("a root without identifiers", OK, lambda: below(make_authority(has_identifiers=False))),
    (
        "an intermediate without identifiers",
        OK,
        lambda: below(make_authority(), make_authority("middle", make_authority(), number=2, has_identifiers=False)),
    ),
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
    ("P-384", OK, lambda: keyed("P-384")),
    ("P-521", OK, lambda: keyed("P-521")),
    ("Ed25519", OK, lambda: keyed("Ed25519")),
    ("a root on P-384", OK, lambda: below(make_authority(kind="P-384"))),
    ("a root on P-521", OK, lambda: below(make_authority(kind="P-521"))),
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
    (
        "MD5",
        ERR_CERT_WEAK_SIGNATURE_ALGORITHM,
        lambda: below(rsa_root(), leaf=Issued.make(issuer=rsa_root()).resigned_with_md5(rsa_root())),
    ),
    ("SHA-1 on a curve", ERR_CERT_WEAK_SIGNATURE_ALGORITHM, sha1_below_a_curve),
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
    ("critical places of lists", OK, lambda: leaf_with((lists_here(), True))),
    ("critical places of lists of the root", OK, lambda: below(root_with((lists_here(), True)))),
    ("critical exemption from revocation", OK, lambda: leaf_with((x509.OCSPNoCheck(), True))),
    ("critical places of authorities", ERR_CERT_INVALID, lambda: leaf_with((ask_here(), True))),
    (
        "critical places of authorities of the root",
        ERR_CERT_INVALID,
        lambda: below(root_with((ask_here(), True))),
    ),
    ("critical identifier of the issuer's key", ERR_CERT_INVALID, lambda: key_identifiers(critical="issuer")),
    ("critical identifier of the key", ERR_CERT_INVALID, lambda: key_identifiers(critical="own")),
    (
        "an unreadable identifier of the issuer's key",
        ERR_CERT_INVALID,
        lambda: below(make_authority(has_identifiers=False, extensions=[(unknown("2.5.29.35", b"\x04\x01a"), False)])),
    ),
    (
        "an unreadable place of lists",
        ERR_CERT_INVALID,
        lambda: below(make_authority(), middle_with((unknown("2.5.29.31", b"\x04\x01a"), False))),
    ),
    (
        "an unreadable type of Netscape's, of the root",
        ERR_CERT_INVALID,
        lambda: below(root_with((unknown(NETSCAPE_TYPE, b"\x04\x01a"), False))),
    ),
    (
        "a proxy's certificate of an intermediate",
        ERR_CERT_INVALID,
        lambda: below(
            make_authority(),
            middle_with((unknown("1.3.6.1.5.5.7.1.14", bytes.fromhex("300c300a06082b06010505071501")), False)),
        ),
    ),
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
