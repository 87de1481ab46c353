"""The search for what is wrong with a refused chain."""

from __future__ import annotations

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.workers.certificate_faults import (
    CertPath,
    find_path,
    key_faults,
    moment_without_date_faults,
    path_faults,
    policy_fault,
    purpose_faults,
)
from tests.workers.certificate_chains import NETSCAPE_TYPE
from tests.workers.certificate_factory import DAY, HOUR, NOW, Issued, make_authority, make_key, unknown
from tests.workers.certificate_rewriter import rewritten

SHA1 = CertStatus.WEAK_SIGNATURE_ALGORITHM | CertStatus.SHA1_SIGNATURE_PRESENT


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


def test_dead_ends_are_told_apart() -> None:
    """Self-signed, an unknown root, an unknown issuer of the leaf and of an intermediate read differently."""
    root = make_authority()
    middle = make_authority("middle", root, number=2)
    lower = make_authority("lower", middle, number=3)
    leaf = Issued.make(issuer=lower)

    def text(*certificates: Issued) -> str:
        path = CertPath([each.certificate for each in certificates], False)
        return path_faults(path, NOW)[0].text

    assert text(Issued.make()) == "the certificate is self-signed and not among the trusted ones"
    assert text(leaf).startswith("the certificate was issued by CN=lower, which is neither trusted")
    assert text(leaf, lower).startswith("CN=lower was issued by CN=middle")
    assert text(leaf, lower, middle, root) == ("the chain ends in CN=root, which is not among the trusted certificates")


def test_dates_are_checked_all_the_way_up() -> None:
    """Each certificate that is too old or too young is named."""
    old = make_authority(not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    young = Issued.make("", issuer=old, not_before=NOW + HOUR)
    faults = path_faults(CertPath([young.certificate, old.certificate], True), NOW)
    assert [fault.status for fault in faults] == [CertStatus.DATE_INVALID] * 2
    assert f"the certificate {young.certificate.serial_number:x} is not valid before" in faults[0].text
    assert "CN=root has expired on" in faults[1].text


def test_a_moment_when_all_dates_were_right() -> None:
    """It is the beginning of the time that the validities share, if they share any."""
    early = make_authority(not_before=NOW - 9 * DAY, not_after=NOW - DAY).certificate
    leaf = Issued.make(not_before=NOW - 2 * DAY).certificate
    assert moment_without_date_faults(CertPath([leaf, early], True)) == leaf.not_valid_before_utc
    late = Issued.make(not_before=NOW).certificate
    assert moment_without_date_faults(CertPath([late, early], True)) is None


@pytest.mark.parametrize("kind, words", [("1024", "only 1024 bits"), ("P-192", "weak curve, secp192r1")])
def test_weak_keys(kind: str, words: str) -> None:
    """A short RSA key and a small curve are below 112 bits of strength."""
    (fault,) = key_faults(Issued.make(key=make_key(kind)).certificate)
    assert fault.status == CertStatus.WEAK_KEY
    assert words in fault.text


@pytest.mark.parametrize("kind", ["2048", "P-256", "Ed25519"])
def test_strong_keys(kind: str) -> None:
    """The usual keys are no fault."""
    assert key_faults(Issued.make(key=make_key(kind)).certificate) == []


def test_weak_signatures_matter_below_the_top_only() -> None:
    """A root's signature under itself proves nothing and may be SHA-1."""
    root = make_authority(kind="2048")
    leaf = Issued.make(issuer=root).resigned_with_sha1(root)
    root = root.resigned_with_sha1(root)
    path = find_path(leaf.certificate, [], (root.certificate,))
    assert path == CertPath([leaf.certificate, root.certificate], True)
    (fault,) = path_faults(path, NOW)
    assert fault.status == SHA1
    assert fault.text == "CN=example.test is signed with SHA1, which can be forged"


def test_md5_is_weak_and_no_sha1() -> None:
    """The information about SHA-1 is about SHA-1."""
    root = make_authority(kind="2048")
    leaf = Issued.make(issuer=root).resigned_with_md5(root)
    (fault,) = path_faults(find_path(leaf.certificate, [], (root.certificate,)), NOW)
    assert fault == (
        CertStatus.WEAK_SIGNATURE_ALGORITHM,
        "CN=example.test is signed with MD5, which can be forged",
    )


def test_weak_signatures_of_keys_on_curves_are_found_too() -> None:
    """The library does not check them, so that without care the way to the root would be lost."""
    root = make_authority()
    leaf = rewritten(Issued.make(issuer=root), root, digest="SHA1")
    path = find_path(leaf.certificate, [], (root.certificate,))
    assert path.reaches_root
    assert [fault.status for fault in path_faults(path, NOW)] == [SHA1]
    stranger = make_authority(number=3)
    assert not find_path(leaf.certificate, [], (stranger.certificate,)).reaches_root


def test_a_weak_signature_of_somebody_unknown_matters() -> None:
    """Of an unknown authority nothing else can be said; what signed itself is not asked."""
    root = make_authority()
    leaf = rewritten(Issued.make(issuer=root), root, digest="SHA1")
    faults = path_faults(CertPath([leaf.certificate], False), NOW)
    assert [fault.status for fault in faults] == [CertStatus.AUTHORITY_INVALID, SHA1]
    alone = rewritten(root, root, digest="SHA1")
    faults = path_faults(CertPath([alone.certificate], False), NOW)
    assert [fault.status for fault in faults] == [CertStatus.AUTHORITY_INVALID]


@pytest.mark.parametrize(
    "value, is_fault",
    [(b"\x03\x02\x06\x40", False), (b"\x03\x02\x06\xc0", False), (b"\x03\x02\x07\x80", True), (b"\x03\x01\x00", True)],
)
def test_a_type_of_netscapes_must_be_for_servers(value: bytes, is_fault: bool) -> None:
    """A client's, or none, is no server's."""
    leaf = Issued.make(extensions=[(unknown(NETSCAPE_TYPE, value), False)])
    faults = purpose_faults(leaf.certificate)
    assert [fault.status for fault in faults] == [CertStatus.INVALID] * is_fault
    assert all("CN=example.test may not be used for TLS servers" in fault.text for fault in faults)


def test_an_unreadable_extension_is_nobodys_purpose() -> None:
    """Extensions are read only where there is a type of Netscape's."""
    leaf = Issued.make(extensions=[(unknown("1.3.6.1.5.5.7.1.1", b"\x04\x01a"), False)])
    assert purpose_faults(leaf.certificate) == []


def test_signatures_without_a_hash_are_strong() -> None:
    """Ed25519 hashes inside."""
    root = make_authority(kind="Ed25519")
    path = CertPath([Issued.make(issuer=root).certificate, root.certificate], True)
    assert path_faults(path, NOW) == []


@pytest.mark.parametrize(
    "said, status, text",
    [
        (
            "validation failed: candidates exhausted: path length constraint violated",
            CertStatus.INVALID,
            "path length constraint violated",
        ),
        (
            "validation failed: Python extension validator failed: ValueError: not for servers"
            " (encountered processing <Certificate(subject=<Name(CN=x)>, ...)>)",
            CertStatus.INVALID,
            "not for servers",
        ),
        (
            "validation failed: candidates exhausted: excluded name constraint matched SAN",
            CertStatus.NAME_CONSTRAINT_VIOLATION,
            "an issuer may not vouch for this name: excluded name constraint matched SAN",
        ),
        (
            "validation failed: Forbidden public key algorithm: AlgorithmIdentifier { oid: x, params: [0, 149, 47] }",
            CertStatus.INVALID,
            "Forbidden public key algorithm",
        ),
        (
            "validation failed: fatal error: critical nameConstraints extension contains"
            " an unsupported directoryName constraint",
            CertStatus.NAME_CONSTRAINT_VIOLATION,
            "an issuer may not vouch for this name: critical nameConstraints extension contains"
            " an unsupported directoryName constraint",
        ),
    ],
)
def test_what_the_engine_said_is_put_plainly(said: str, status: CertStatus, text: str) -> None:
    """Its wrapping is removed; constraints on names have an error of their own, those on length have not."""
    assert policy_fault(said) == (status, text)
