"""The search for a way to a root, and what certificates say that matters to it."""

from __future__ import annotations

import pytest
from cryptography import x509

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.workers.certificate_faults import path_faults
from netstack_sync.workers.certificate_path import (
    CertPath,
    broken_hash,
    encode_chain,
    find_path,
    load_readable,
    may_issue,
)
from tests.workers.certificate_factory import DAY, NOW, Issued, key_usage, make_authority, unknown
from tests.workers.certificate_rewriter import ISSUER, SUBJECT, common_name, of_version, rewritten

UTF8, PRINTABLE = 0x0C, 0x13


def _names(path: CertPath) -> list[str]:
    return [certificate.subject.rfc4514_string() for certificate in path.certificates]


def test_the_path_goes_over_intermediates_in_any_order_to_the_root() -> None:
    """What the server sent needs no order and may hold what is of no use."""
    root = make_authority()
    upper = make_authority("upper", root, number=2)
    lower = make_authority("lower", upper, number=3)
    leaf = Issued.make(issuer=lower).certificate
    served = [make_authority("stranger").certificate, upper.certificate, lower.certificate, root.certificate]
    path = find_path(leaf, served, (root.certificate,))
    assert path.reaches_root
    assert _names(path) == ["CN=example.test", "CN=lower", "CN=upper", "CN=root"]


def test_a_trusted_leaf_is_its_own_path() -> None:
    """Nobody else is needed."""
    leaf = Issued.make().certificate
    assert find_path(leaf, [], (leaf,)) == CertPath([leaf], True)


def test_without_a_root_the_longest_path_is_found() -> None:
    """A dead end at the first candidate does not hide the longer way at the second."""
    top = make_authority("top", number=4)
    short = make_authority("same", number=2, not_after=NOW + DAY)
    long = make_authority("same", top, number=2)
    leaf = Issued.make(issuer=long).certificate
    for served in ([short, long, top], [top, long, short]):
        path = find_path(leaf, [each.certificate for each in served], ())
        assert not path.reaches_root
        assert _names(path)[-1] == "CN=top"


def test_an_issuer_of_the_same_name_but_another_key_is_no_issuer() -> None:
    """Names prove nothing."""
    leaf = Issued.make(issuer=make_authority(number=2)).certificate
    assert find_path(leaf, [], (make_authority(number=3).certificate,)).certificates == [leaf]


def test_a_chain_made_to_be_slow_is_given_up() -> None:
    """Certificates that all sign each other have factorially many paths; the search has a budget."""
    bombs = [make_authority("bomb", not_after=NOW + (number + 1) * DAY) for number in range(12)]
    leaf = Issued.make(issuer=bombs[0]).certificate
    path = find_path(leaf, [bomb.certificate for bomb in bombs], (make_authority(number=9).certificate,))
    assert not path.reaches_root
    assert path_faults(path, NOW)[0].status == CertStatus.AUTHORITY_INVALID


def test_weak_signatures_are_looked_at() -> None:
    """The library refuses to, so that without care the way to the root would be lost; a stranger's do not count."""
    rsa, curve = make_authority(kind="2048"), make_authority()
    by_rsa = Issued.make(issuer=rsa).resigned_with_sha1(rsa)
    by_curve = rewritten(Issued.make(issuer=curve), curve, digest="SHA1")
    for leaf, root in ((by_rsa, rsa), (by_curve, curve)):
        assert find_path(leaf.certificate, [], (root.certificate,)).reaches_root
        stranger = make_authority(kind="2048" if root is rsa else "P-256", number=3)
        assert not find_path(leaf.certificate, [], (stranger.certificate,)).reaches_root
        algorithm = broken_hash(leaf.certificate)
        assert algorithm is not None and algorithm.name == "sha1"
    assert broken_hash(curve.certificate) is None
    assert broken_hash(make_authority(kind="Ed25519").certificate) is None


def test_a_root_of_version_1() -> None:
    """It lacks a field in front of its names."""
    root = make_authority()
    old = rewritten(root, root, is_version_1=True)
    leaf = Issued.make(issuer=root).certificate
    assert find_path(leaf, [old.certificate], ()).certificates == [leaf, old.certificate]
    assert find_path(leaf, [], (old.certificate,)).reaches_root


def test_names_are_compared_as_they_are_encoded() -> None:
    """As the engine does it: what it does not take for an issuer is none here, be it a root or sent."""
    root = make_authority()
    leaf = rewritten(Issued.make(issuer=root), root, replaced={ISSUER: common_name(b"root", PRINTABLE)}).certificate
    assert leaf.issuer == root.certificate.subject
    assert find_path(leaf, [root.certificate], (root.certificate,)) == CertPath([leaf], False)
    same = rewritten(Issued.make(issuer=root), root, replaced={ISSUER: common_name(b"root", UTF8)}).certificate
    assert find_path(same, [], (root.certificate,)).reaches_root


def test_long_names_are_not_taken_apart() -> None:
    """Names of half a megabyte, which say who would have to be compared with whom, are a matter of milliseconds."""
    name = (0x30, common_name(b"x", UTF8)[1] * 4000)
    root, stranger = make_authority(), make_authority(number=50)
    bombs = [
        rewritten(make_authority(number=each), stranger, replaced={ISSUER: name, SUBJECT: name}) for each in range(8)
    ]
    path = find_path(bombs[0].certificate, [each.certificate for each in bombs], (root.certificate,))
    assert path == CertPath([bombs[0].certificate], False)


def test_what_is_no_certificate_is_passed_over() -> None:
    """Nor is one of a version that does not exist."""
    root = make_authority()
    readable = load_readable([b"junk", root.der, of_version(2, root), of_version(4, root), b""])
    assert encode_chain(readable) == (root.der,)


@pytest.mark.parametrize(
    "certificate, expected",
    [
        (make_authority(), True),
        (make_authority(extensions=[(key_usage(sign_certificates=True), True)]), True),
        (make_authority(extensions=[(key_usage(), True)]), False),
        (make_authority(is_authority=False), False),
        (make_authority(is_authority=None), False),
        (make_authority(is_authority=None, extensions=[(key_usage(sign_certificates=True), True)]), False),
        (make_authority(extensions=[(unknown("2.5.29.31", b"\x04\x01a"), False)]), False),
    ],
)
def test_who_may_issue(certificate: Issued, expected: bool) -> None:
    """Who says so, and whose key is for that; what cannot be read says nothing."""
    assert may_issue(certificate.certificate) is expected


def test_the_leaf_is_encoded_as_it_was() -> None:
    """Byte by byte."""
    leaf = Issued.make(extensions=[(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)])
    assert encode_chain([leaf.certificate]) == (leaf.der,)
