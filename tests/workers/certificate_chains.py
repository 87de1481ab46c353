"""Chains for tests: a leaf with what the server sends, whom the client trusts and whom it asked for."""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from tests.workers.certificate_factory import (
    DAY,
    HOUR,
    NOW,
    Extension,
    Issued,
    make_authority,
    make_key,
    permit,
)
from tests.workers.certificate_rewriter import ISSUER, VALIDITY, rewritten

HOST = "example.test"
CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH
ANY_PURPOSE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
NETSCAPE_TYPE = "2.16.840.1.113730.1.1"
PLACE = x509.UniformResourceIdentifier("http://ca.test/here")
SAN = ("-addext", f"subjectAltName=DNS:{HOST},IP:127.0.0.1")


class Chain(NamedTuple):
    """What a server sends, what the client trusts and whom it asked for."""

    leaf: Issued
    served: Sequence[Issued]
    trusted: Sequence[Issued]
    host: str = HOST


def below(
    root: Issued,
    *middle: Issued,
    host: str = HOST,
    served: Sequence[Issued] | None = None,
    leaf: Issued | None = None,
) -> Chain:
    """A leaf below `middle`, the lowest first, below the trusted `root`."""
    issuer = middle[0] if middle else root
    return Chain(leaf or Issued.make(issuer=issuer), middle if served is None else served, [root], host)


def old_root() -> Issued:
    return make_authority(not_before=NOW - 9 * DAY, not_after=NOW - HOUR)


def rsa_root() -> Issued:
    return make_authority(kind="2048")


def expired_middle() -> Issued:
    return make_authority("middle", make_authority(), number=2, not_before=NOW - 9 * DAY, not_after=NOW - HOUR)


def root_with(*extensions: Extension) -> Issued:
    return make_authority(extensions=extensions)


def middle_with(*extensions: Extension, root: Issued | None = None) -> Issued:
    return make_authority("middle", root or make_authority(), number=2, extensions=extensions)


def leaf_with(*extensions: Extension, san: Sequence[str] = (HOST,)) -> Chain:
    """A leaf with extensions, below a plain root."""
    root = make_authority()
    leaf = Issued.make(issuer=root, san=san, purposes=(), extensions=extensions)
    return Chain(leaf, [], [root], san[0] if san else HOST)


def named(entry: str, host: str) -> Chain:
    root = make_authority()
    return Chain(Issued.make(issuer=root, san=[entry]), [], [root], host)


def dated(begin: datetime, end: datetime, host: str = HOST) -> Chain:
    root = make_authority()
    return Chain(Issued.make(issuer=root, not_before=begin, not_after=end), [], [root], host)


def keyed(kind: str) -> Chain:
    root = make_authority()
    return Chain(Issued.make(issuer=root, key=make_key(kind)), [], [root])


def purposed(*purposes: x509.ObjectIdentifier) -> Chain:
    root = make_authority()
    return Chain(Issued.make(issuer=root, purposes=purposes), [], [root])


def self_signed(**options: bool | None) -> Chain:
    leaf = Issued.make(**options)  # type: ignore[arg-type]  # only is_authority is passed
    return Chain(leaf, [], [leaf])


def openssl_req(*arguments: str, key: str = "rsa:2048") -> Chain:
    """`openssl req -x509`, as found in every README, trusted as it is."""
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", key, "-keyout", "-", "-days", "9"]
    command += ["-subj", f"/CN={HOST}", *arguments]
    return _from_pem(subprocess.run(command, check=True, capture_output=True).stdout)


def _from_pem(pem: bytes) -> Chain:
    key = load_pem_private_key(pem, None)
    leaf = Issued(x509.load_pem_x509_certificate(pem), key)  # type: ignore[arg-type]  # one of the kinds we make
    return Chain(leaf, [], [leaf])


def deep(depth: int) -> Chain:
    root = make_authority()
    chain = [root]
    for number in range(depth):
        chain.append(make_authority(f"level {number}", chain[-1], number=2 + number % 2))
    return Chain(Issued.make(issuer=chain[-1]), chain[1:], [root])


def two_roots_of_one_name() -> Chain:
    root = make_authority()
    return Chain(Issued.make(issuer=root), [], [make_authority(number=7), root])


def pinned_leaf() -> Chain:
    leaf = Issued.make(issuer=make_authority())
    return Chain(leaf, [], [leaf])


def too_long_for_its_issuer() -> Chain:
    root = make_authority()
    upper = make_authority("upper", root, number=2, path_length=0)
    lower = make_authority("lower", upper, number=3)
    return below(root, lower, upper)


def both_expired_and_constrained() -> Chain:
    root = root_with((permit(x509.DNSName("other.test")), True))
    return Chain(Issued.make(issuer=root, not_before=NOW - 2 * HOUR, not_after=NOW - HOUR), [], [root])


def address_constrained(address: str) -> Chain:
    root = root_with((permit(x509.IPAddress(ipaddress.ip_network("127.0.0.0/8"))), True))
    return Chain(Issued.make(issuer=root, san=[f"IP:{address}"]), [], [root], address)


def policies() -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)])


def lists_here() -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints([x509.DistributionPoint([PLACE], None, None, None)])


def ask_here() -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, PLACE)])


def key_identifiers(critical: str) -> Chain:
    """A leaf with both identifiers of keys, one of them critical: its "own" or its "issuer"'s."""
    root = make_authority()
    own = x509.SubjectKeyIdentifier.from_public_key(make_key().public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
    extensions: list[Extension] = [(own, critical == "own"), (above, critical == "issuer")]
    return below(root, leaf=Issued.make(issuer=root, has_identifiers=False, extensions=extensions))


def sha1_below_a_curve() -> Chain:
    root = make_authority()
    return below(root, leaf=rewritten(Issued.make(issuer=root), root, digest="SHA1"))


def with_serial(serial: bytes) -> Chain:
    root = make_authority()
    return below(root, leaf=rewritten(Issued.make(issuer=root), root, serial=serial))


def without_version_3() -> Chain:
    root = make_authority()
    return below(rewritten(root, root, is_version_1=True))


def cross_signed(
    *, trusts_old: bool = False, trusts_new: bool = False, old: Issued | None = None, cross_end: datetime = NOW + DAY
) -> Chain:
    """A leaf of a new root that an old one has vouched for; the server sends that word."""
    old = old or make_authority("old", number=4)
    new = make_authority("new", number=5)
    cross = make_authority("new", old, number=5, not_before=NOW - 9 * DAY, not_after=cross_end)
    trusted = [each for each, is_trusted in ((old, trusts_old), (new, trusts_new)) if is_trusted]
    return Chain(Issued.make(issuer=new), [cross], trusted)


def wildcard_over_excluded_name() -> Chain:
    root = root_with((x509.NameConstraints(None, [x509.DNSName("secret.example.test")]), True))
    return Chain(Issued.make(issuer=root, san=["*.example.test"]), [], [root], "a.example.test")


def self_issued_above_a_limit() -> Chain:
    root = make_authority()
    upper = make_authority("same", root, number=2, path_length=0)
    lower = make_authority("same", upper, number=3)
    return below(root, lower, upper)


def contradicting_hints() -> Chain:
    """The leaf gives the identifier of a key that its issuer does not have."""
    root = make_authority()
    wrong = x509.AuthorityKeyIdentifier(b"somebody else", None, None)
    return below(root, leaf=Issued.make(issuer=root, has_identifiers=False, extensions=[(wrong, False)]))


def two_ways_of_which_one_is_closed() -> Chain:
    """The issuer has certificates of two roots; the one that is sent first is of a root that nobody trusts."""
    root, stranger = make_authority(), make_authority("stranger", number=6)
    ways = [make_authority("middle", each, number=2) for each in (stranger, root)]
    return Chain(Issued.make(issuer=ways[0]), ways, [root])


def nameless() -> Chain:
    leaf = Issued.make("")
    return Chain(leaf, [], [leaf])


def malformed_name_below_a_constraint() -> Chain:
    root = root_with((permit(x509.DNSName("test")), True))
    return Chain(Issued.make(issuer=root, san=[HOST, "a b.test"]), [], [root])


def trusted_below_an_expired_issuer() -> Chain:
    middle = expired_middle()
    leaf = Issued.make(issuer=middle)
    return Chain(leaf, [middle], [leaf])


def pss_signed(salt_length: int) -> Chain:
    """A leaf whose issuer has signed with RSA-PSS and salt of that length; that of the hash is the usual one."""
    root = rsa_root()
    assert isinstance(root.key, rsa.RSAPrivateKey)
    builder = x509.CertificateBuilder().subject_name(root.certificate.subject).issuer_name(root.certificate.subject)
    builder = builder.public_key(make_key().public_key()).serial_number(7)
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length)
    return below(root, leaf=Issued(builder.sign(root.key, hashes.SHA256(), rsa_padding=pss), make_key()))


def self_issued_with_another_key() -> Chain:
    """Root and intermediate have one name, and nothing but their keys to be told apart by."""
    root = make_authority(has_identifiers=False)
    middle = make_authority("root", root, number=2, has_identifiers=False)
    return below(root, middle, leaf=Issued.make(issuer=middle, has_identifiers=False))


def trusted_with_sha1() -> Chain:
    """A leaf that is trusted by itself, and is signed with SHA-1 by somebody whom the server sends."""
    root = rsa_root()
    leaf = Issued.make(issuer=root).resigned_with_sha1(root)
    return Chain(leaf, [root], [leaf])


def renamed_issuer(name: tuple[int, bytes]) -> Chain:
    """The leaf spells its issuer's name in another way than the issuer does."""
    root = make_authority()
    return below(root, leaf=rewritten(Issued.make(issuer=root), root, replaced={ISSUER: name}))


def general_time() -> Chain:
    """Years before 2050 with four digits."""
    times = b"\x18\x0f20200101000000Z\x18\x0f20400101000000Z"
    root = make_authority()
    return below(root, leaf=rewritten(Issued.make(issuer=root), root, replaced={VALIDITY: (0x30, times)}))


def crowded(authorities: int) -> Chain:
    """A chain whose root is sent last, behind many who have nothing to do with it."""
    middle = middle_with()
    strangers = [make_authority("stranger", number=7)] * authorities
    return Chain(Issued.make(issuer=middle), [*strangers, middle], [make_authority()])
