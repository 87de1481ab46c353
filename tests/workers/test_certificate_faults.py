"""What is wrong with a refused chain."""

from __future__ import annotations

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.workers.certificate_faults import (
    Fault,
    key_faults,
    moment_without_date_faults,
    name_of,
    path_faults,
    policy_fault,
    purpose_faults,
)
from netstack_sync.workers.certificate_path import CertPath, find_path
from tests.workers.certificate_chains import NETSCAPE_TYPE
from tests.workers.certificate_factory import DAY, HOUR, NOW, Issued, make_authority, make_key, unknown
from tests.workers.certificate_rewriter import SUBJECT, common_name, rewritten

SHA1 = CertStatus.WEAK_SIGNATURE_ALGORITHM | CertStatus.SHA1_SIGNATURE_PRESENT


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


def _purpose_faults(*chain: Issued) -> list[Fault]:
    return purpose_faults([each.certificate for each in chain], [each.der for each in chain])


@pytest.mark.parametrize(
    "value, is_fault",
    [(b"\x03\x02\x06\x40", False), (b"\x03\x02\x06\xc0", False), (b"\x03\x02\x07\x80", True), (b"\x03\x01\x00", True)],
)
def test_a_type_of_netscapes_must_be_for_servers(value: bytes, is_fault: bool) -> None:
    """A client's, or none, is no server's; of an authority it says nothing."""
    typed = (unknown(NETSCAPE_TYPE, value), False)
    faults = _purpose_faults(Issued.make(extensions=[typed]))
    assert [fault.status for fault in faults] == [CertStatus.INVALID] * is_fault
    assert all("CN=example.test may not be used for TLS servers" in fault.text for fault in faults)
    assert _purpose_faults(Issued.make(), make_authority(extensions=[typed])) == []


@pytest.mark.parametrize("value", [b"\x04\x02\x06\x40", b"\x03\x03\x06\x40", b"\x03\x00", b""])
def test_a_type_of_netscapes_must_be_readable(value: bytes) -> None:
    """Of whichever certificate."""
    typed = (unknown(NETSCAPE_TYPE, value), False)
    for chain in ([Issued.make(extensions=[typed])], [Issued.make(), make_authority(extensions=[typed])]):
        assert [fault.status for fault in _purpose_faults(*chain)] == [CertStatus.INVALID]


@pytest.mark.parametrize("number, words", [(14, "a proxy's"), (7, "addresses"), (8, "numbers of networks")])
def test_certificates_for_something_else(number: int, words: str) -> None:
    """Those of proxies, which no authority issued, and those of registries; wherever they are in the chain."""
    odd = (unknown(f"1.3.6.1.5.5.7.1.{number}"), False)
    for chain in ([Issued.make(extensions=[odd])], [Issued.make(), make_authority(extensions=[odd])]):
        (fault,) = _purpose_faults(*chain)
        assert fault.status == CertStatus.INVALID and words in fault.text


def test_an_unreadable_extension_is_nobodys_purpose() -> None:
    """Extensions are read only where there is one that matters."""
    assert _purpose_faults(Issued.make(extensions=[(unknown("1.3.6.1.5.5.7.1.1", b"\x04\x01a"), False)])) == []
    mentioned = unknown("1.2.3.4", bytes.fromhex("06082b0601050507010e"))
    assert _purpose_faults(Issued.make(extensions=[(mentioned, False)])) == []


def test_what_strangers_wrote_is_one_line() -> None:
    """Names in certificates may hold anything and be of any length."""
    text = name_of(Issued.make("a\x1b[2J\r\nforged").certificate)
    assert text == "CN=a\\x1b[2J\\r\\nforged"
    long = rewritten(Issued.make(), Issued.make(), replaced={SUBJECT: (0x30, common_name(b"x", 0x0C)[1] * 900)})
    assert len(name_of(long.certificate)) <= 200
    assert policy_fault("odd \x1b[2J").text == "odd \\x1b[2J"


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
