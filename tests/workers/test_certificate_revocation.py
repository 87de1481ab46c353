"""What revocation lists say about chains, compared with OpenSSL's CRL_CHECK in a real handshake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519

from netstack_sync.base import net_errors
from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.workers import certificate_revocation
from netstack_sync.workers.certificate_revocation import crl_faults
from netstack_sync.workers.revocation_lists import RevocationLists, load_revocation_lists
from netstack_sync.workers.verify_certificate import verify_certificate
from tests.workers.certificate_chains import Chain, self_signed
from tests.workers.certificate_factory import (
    DAY,
    HOUR,
    NOW,
    Extension,
    Issued,
    key_usage,
    make_authority,
    openssl_complaint,
    unknown,
)
from tests.workers.certificate_lists import REVOKED_AT, make_list, pem, points, scope
from tests.workers.certificate_trust import roots_of

OK = CertStatus(0)
REVOKED = CertStatus.REVOKED
UNABLE = CertStatus.UNABLE_TO_CHECK_REVOCATION

ROOT = make_authority()
LEAF = Issued.make(issuer=ROOT)
HERE, THERE = "http://ca.test/here.crl", "http://ca.test/there.crl"
STOLEN = x509.CRLReason(x509.ReasonFlags.key_compromise)
REMOVED = x509.CRLReason(x509.ReasonFlags.remove_from_crl)
SOME = frozenset([x509.ReasonFlags.key_compromise])


class Case(NamedTuple):
    """A chain, and the lists that the user has."""

    chain: Chain
    lists: Sequence[x509.CertificateRevocationList]


def _by(*lists: x509.CertificateRevocationList, leaf: Issued = LEAF, root: Issued = ROOT) -> Case:
    return Case(Chain(leaf, [], [root]), lists)


def _pointing(*extensions: Extension, lists: Sequence[x509.CertificateRevocationList]) -> Case:
    """A leaf that says where lists are."""
    return _by(*lists, leaf=Issued.make(issuer=ROOT, extensions=extensions))


def _limited(*usages: x509.KeyUsage) -> Case:
    root = make_authority(extensions=[(usage, True) for usage in usages])
    return _by(make_list(root), leaf=Issued.make(issuer=root), root=root)


def _scoped(extension: Extension, leaf: Issued = LEAF) -> Case:
    return _by(make_list(ROOT, extensions=[extension]), leaf=leaf)


def _self_signed_with_list() -> Case:
    leaf = self_signed(is_authority=True)
    return Case(leaf, [make_list(leaf.leaf)])


AUTHORITY = Issued.make(issuer=ROOT, is_authority=True)
RELATIVE = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])

CASES: list[tuple[str, CertStatus, str, Callable[[], Case]]] = [
    ("not listed", OK, "", lambda: _by(make_list(ROOT))),
    ("another is listed", OK, "", lambda: _by(make_list(ROOT, [Issued.make(issuer=ROOT)]))),
    ("listed", REVOKED, "certificate revoked", lambda: _by(make_list(ROOT, [LEAF]))),
    (
        "listed with a reason",
        REVOKED,
        "certificate revoked",
        lambda: _by(make_list(ROOT, {LEAF: [(STOLEN, False)]})),
    ),
    ("taken from the list", OK, "", lambda: _by(make_list(ROOT, {LEAF: [(REMOVED, False)]}))),
    (
        "listed by somebody else",
        UNABLE,
        "unable to get certificate CRL",
        lambda: _by(make_list(make_authority("other", number=3), [LEAF])),
    ),
    (
        "listed by somebody of the same name",
        UNABLE,
        "CRL signature failure",
        lambda: _by(make_list(ROOT, [LEAF], key=make_authority(number=3))),
    ),
    (
        "not yet valid",
        UNABLE,
        "CRL is not yet valid",
        lambda: _by(make_list(ROOT, this_update=NOW + HOUR)),
    ),
    (
        "old",
        UNABLE,
        "CRL has expired",
        lambda: _by(make_list(ROOT, this_update=NOW - DAY, next_update=NOW - HOUR)),
    ),
    (
        "an old list and a new one",
        OK,
        "",
        lambda: _by(make_list(ROOT, [LEAF], this_update=NOW - DAY, next_update=NOW - HOUR), make_list(ROOT)),
    ),
    (
        "off hold since the last list",
        OK,
        "",
        lambda: _by(make_list(ROOT, [LEAF], this_update=NOW - DAY), make_list(ROOT)),
    ),
    (
        "on hold since the last list",
        REVOKED,
        "certificate revoked",
        lambda: _by(make_list(ROOT, [LEAF]), make_list(ROOT, this_update=NOW - DAY)),
    ),
    (
        "an unknown critical extension",
        UNABLE,
        "unhandled critical CRL extension",
        lambda: _by(make_list(ROOT, extensions=[(unknown("1.2.3.4.5"), True)])),
    ),
    ("an unknown extension", OK, "", lambda: _by(make_list(ROOT, extensions=[(unknown("1.2.3.4.5"), False)]))),
    (
        "a critical number",
        UNABLE,
        "unhandled critical CRL extension",
        lambda: _by(make_list(ROOT, extensions=[(x509.CRLNumber(1), True)])),
    ),
    (
        "a critical extension of an entry",
        UNABLE,
        "unhandled critical CRL extension",
        lambda: _by(make_list(ROOT, {Issued.make(): [(STOLEN, True)]})),
    ),
    (
        "a key for certificates only",
        UNABLE,
        "key usage does not include CRL signing",
        lambda: _limited(key_usage(sign_certificates=True, sign_lists=False)),
    ),
    ("a key for lists too", OK, "", lambda: _limited(key_usage(sign_certificates=True))),
    # Which certificates a list is about.
    ("about users", OK, "", lambda: _scoped(scope(users=True))),
    (
        "about users, for a leaf that does not say what it is",
        OK,
        "",
        lambda: _scoped(scope(users=True), Issued.make(issuer=ROOT, is_authority=None)),
    ),
    ("about authorities", UNABLE, "different CRL scope", lambda: _scoped(scope(authorities=True))),
    ("about users, for an authority", UNABLE, "different CRL scope", lambda: _scoped(scope(users=True), AUTHORITY)),
    ("about authorities, for one", OK, "", lambda: _scoped(scope(authorities=True), AUTHORITY)),
    ("about attributes", UNABLE, "different CRL scope", lambda: _scoped(scope(attributes=True))),
    ("indirect", UNABLE, "unable to get certificate CRL", lambda: _scoped(scope(indirect=True))),
    ("about some reasons", UNABLE, "unable to get certificate CRL", lambda: _scoped(scope(HERE, reasons=SOME))),
    ("about a place, for a leaf without", UNABLE, "different CRL scope", lambda: _scoped(scope(HERE))),
    (
        "about the leaf's place",
        OK,
        "",
        lambda: _pointing(points(THERE, HERE), lists=[make_list(ROOT, extensions=[scope(HERE)])]),
    ),
    (
        "about another place",
        UNABLE,
        "different CRL scope",
        lambda: _pointing(points(THERE), lists=[make_list(ROOT, extensions=[scope(HERE)])]),
    ),
    (
        "about everything, for a leaf with a place",
        OK,
        "",
        lambda: _pointing(points(THERE), lists=[make_list(ROOT)]),
    ),
    (
        "about the place of another issuer",
        UNABLE,
        "different CRL scope",
        lambda: _pointing(
            points(HERE, issuer=make_authority("other").certificate.subject),
            lists=[make_list(ROOT, extensions=[scope(HERE)])],
        ),
    ),
    (
        "about a relative place",
        UNABLE,
        "different CRL scope",
        lambda: _scoped(scope(relative=RELATIVE)),
    ),
    (
        "a leaf that vouches for itself",
        UNABLE,
        "unable to get certificate CRL",
        lambda: Case(self_signed(is_authority=True), [make_list(make_authority("other"))]),
    ),
    ("a leaf that vouches for itself and has a list", OK, "", _self_signed_with_list),
]


def _load(case: Case, directory: Path) -> RevocationLists:
    file = directory / "all.crl"
    file.write_text(pem(*case.lists))
    return load_revocation_lists((str(file),))


def _verify(case: Case, lists: RevocationLists) -> CertVerifyResult:
    served = [case.chain.leaf.der, *(each.der for each in case.chain.served)]
    now = datetime.now(timezone.utc)
    return verify_certificate(served, case.chain.host, now, roots_of(*case.chain.trusted), lists)


@pytest.mark.parametrize("status, complaint, make", [pytest.param(*row[1:], id=row[0]) for row in CASES])
def test_verdicts_are_those_of_openssl(
    status: CertStatus, complaint: str, make: Callable[[], Case], tmp_path: Path
) -> None:
    """For the same lists OpenSSL says the same, with VERIFY_CRL_CHECK_LEAF."""
    case = make()
    result = _verify(case, _load(case, tmp_path))
    assert result.cert_status == status | CertStatus.REV_CHECKING_ENABLED, result.detail
    assert bool(result.detail) == bool(status)
    assert openssl_complaint(*case.chain, tmp_path, pem(*case.lists)) == complaint


MIDDLE = make_authority("middle", ROOT, number=2)
OFF_HOLD = {LEAF: [(REMOVED, False)]}
CHANGES = (x509.DeltaCRLIndicator(1), True)
TWO_HOURS_AGO = NOW - 2 * HOUR


def _over_middle(*lists: x509.CertificateRevocationList) -> Case:
    return Case(Chain(Issued.make(issuer=MIDDLE), [MIDDLE], [ROOT]), [make_list(MIDDLE), *lists])


STRICTER: list[tuple[str, str, CertStatus, Callable[[], Case]]] = [
    (
        "revoked by a list of tomorrow",
        "its issuer has signed it; that the list is not in time yet makes the certificate no better",
        REVOKED,
        lambda: _by(make_list(ROOT, [LEAF], this_update=NOW + HOUR), make_list(ROOT)),
    ),
    (
        "two lists of the same second, and on one of them",
        "nobody knows which of them is the later one",
        REVOKED,
        lambda: _by(make_list(ROOT), make_list(ROOT, [LEAF])),
    ),
    (
        "a list of changes only",
        "what it says nothing about may be in the list that it changes",
        UNABLE,
        lambda: _by(make_list(ROOT, extensions=[CHANGES])),
    ),
    (
        "off hold by a list of changes",
        "a list of changes proves nothing good here",
        REVOKED,
        lambda: _by(
            make_list(ROOT, [LEAF], this_update=TWO_HOURS_AGO), make_list(ROOT, OFF_HOLD, extensions=[CHANGES])
        ),
    ),
    (
        "a revoked intermediate",
        "OpenSSL looks at the leaf only",
        REVOKED,
        lambda: _over_middle(make_list(ROOT, [MIDDLE])),
    ),
    (
        "an old list of the intermediate's issuer",
        "the same",
        UNABLE,
        lambda: _over_middle(make_list(ROOT, this_update=NOW - DAY, next_update=NOW - HOUR)),
    ),
]


@pytest.mark.parametrize("reason, status, make", [pytest.param(*row[1:], id=row[0]) for row in STRICTER])
def test_where_lists_are_taken_more_seriously(
    reason: str, status: CertStatus, make: Callable[[], Case], tmp_path: Path
) -> None:
    """OpenSSL takes these, with VERIFY_CRL_CHECK_LEAF."""
    case = make()
    assert _verify(case, _load(case, tmp_path)).cert_status == status | CertStatus.REV_CHECKING_ENABLED, reason
    assert openssl_complaint(*case.chain, tmp_path, pem(*case.lists)) == ""


def test_the_identifier_of_a_lists_signer_is_a_hint(tmp_path: Path) -> None:
    """The signature proves who has made the list; OpenSSL does not look at one whose hint contradicts it."""
    odd = x509.AuthorityKeyIdentifier(b"somebody else", None, None)
    case = _by(make_list(ROOT, extensions=[(odd, False)]))
    assert _verify(case, _load(case, tmp_path)).net_error == net_errors.OK
    assert openssl_complaint(*case.chain, tmp_path, pem(*case.lists)) == "unable to get certificate CRL"


def _faults(
    chain: Sequence[Issued], *lists: x509.CertificateRevocationList, directory: Path
) -> list[tuple[CertStatus, str]]:
    loaded = _load(_by(*lists), directory)
    return [(fault.status, fault.text) for fault in crl_faults([each.certificate for each in chain], NOW, loaded)]


DELTA: Extension = (x509.DeltaCRLIndicator(1), True)


def test_changes_of_a_list_only_take_back(tmp_path: Path) -> None:
    """A delta list that is newer than the complete one can revoke; alone, or when older, it proves nothing."""
    complete = make_list(ROOT, this_update=NOW - 2 * HOUR)
    revoking = make_list(ROOT, [LEAF], extensions=[DELTA])
    silent = make_list(ROOT, extensions=[DELTA])
    chain = [LEAF, ROOT]
    assert _faults(chain, complete, silent, directory=tmp_path) == []
    assert _faults(chain, complete, revoking, directory=tmp_path)[0][0] == REVOKED
    assert _faults(chain, revoking, directory=tmp_path)[0][0] == REVOKED
    later = make_list(ROOT, this_update=NOW - HOUR / 2)
    assert _faults(chain, revoking, later, directory=tmp_path) == []
    assert _faults(chain, silent, directory=tmp_path)[0][0] == UNABLE


def test_a_signature_is_enough_to_take_back(tmp_path: Path) -> None:
    """Of a list that proves nothing good too, unless a later one that does says otherwise."""
    strange = make_list(ROOT, [LEAF], extensions=[(unknown("1.2.3.4.5"), True)])
    early = make_list(ROOT, [LEAF], this_update=NOW + HOUR)
    old = make_list(ROOT, [LEAF], this_update=NOW - DAY, next_update=NOW - HOUR)
    chain = [LEAF, ROOT]
    for each in (strange, early, old):
        assert [status for status, _ in _faults(chain, each, directory=tmp_path)] == [REVOKED]
    for each in (strange, early):
        lists = [make_list(ROOT, this_update=NOW - 2 * HOUR), each]
        assert [status for status, _ in _faults(chain, *lists, directory=tmp_path)] == [REVOKED]
    assert _faults(chain, old, make_list(ROOT), directory=tmp_path) == []
    twins = [make_list(ROOT), make_list(ROOT, [LEAF])]
    assert [status for status, _ in _faults(chain, *twins, directory=tmp_path)] == [REVOKED], "of the same time"


def test_an_entry_that_cannot_be_read_counts(tmp_path: Path) -> None:
    """What it says besides does not matter."""
    unreadable = make_list(ROOT, {LEAF: [(unknown("2.5.29.21", b"\x04\x00"), False)]})
    ((status, text),) = _faults([LEAF, ROOT], unreadable, directory=tmp_path)
    assert (status, text.endswith("UTC")) == (REVOKED, True)


def test_the_texts_say_when_why_and_whose_list(tmp_path: Path) -> None:
    """Date and reason are in words, and the file of a list that cannot be used is named."""
    chain = [LEAF, ROOT]
    ((_, text),) = _faults(chain, make_list(ROOT, {LEAF: [(STOLEN, False)]}), directory=tmp_path)
    when = f"{REVOKED_AT:%Y-%m-%d %H:%M}"
    assert text == f"CN=example.test was revoked by its issuer on {when} UTC: its key was compromised"
    unspecified = x509.CRLReason(x509.ReasonFlags.unspecified)
    ((_, text),) = _faults(chain, make_list(ROOT, {LEAF: [(unspecified, False)]}), directory=tmp_path)
    assert text.endswith("UTC")
    ((_, text),) = _faults(chain, directory=tmp_path)
    assert text == "no revocation list tells about CN=example.test: there is none of CN=root"
    ((_, text),) = _faults(chain, make_list(ROOT, this_update=NOW - DAY, next_update=NOW - HOUR), directory=tmp_path)
    assert f"{str(tmp_path / 'all.crl')!r} cannot be used, it should have been renewed on" in text


def test_every_reason_has_words() -> None:
    """But the one that is none, and the one that says that it is over."""
    known = {reason.name for reason in x509.ReasonFlags} - {"unspecified", "remove_from_crl"}
    assert set(certificate_revocation._REASONS) == known


def test_intermediates_are_looked_up_where_their_issuer_has_a_list(tmp_path: Path) -> None:
    """Revoked ones count, an old list does too, and none at all does not."""
    middle = make_authority("middle", ROOT, number=2)
    leaf = Issued.make(issuer=middle)
    chain, below = [leaf, middle, ROOT], make_list(middle)
    old = make_list(ROOT, this_update=NOW - DAY, next_update=NOW - HOUR)
    assert _faults(chain, below, directory=tmp_path) == []
    assert _faults(chain, below, make_list(ROOT), directory=tmp_path) == []
    assert _faults(chain, below, make_list(ROOT, extensions=[scope(users=True)]), directory=tmp_path) == []
    assert _faults(chain, below, make_list(ROOT, extensions=[DELTA]), directory=tmp_path) == []
    ((status, text),) = _faults(chain, below, make_list(ROOT, [middle]), directory=tmp_path)
    assert (status, text.startswith("CN=middle was revoked")) == (REVOKED, True)
    ((status, text),) = _faults(chain, below, old, directory=tmp_path)
    assert (status, "CN=middle" in text) == (UNABLE, True)
    both = _faults(chain, make_list(middle, [leaf]), make_list(ROOT, [middle]), directory=tmp_path)
    assert [status for status, _ in both] == [REVOKED, REVOKED]


def test_nobody_asks_about_what_is_trusted(tmp_path: Path) -> None:
    """A trusted intermediate is good whatever its issuer says, as with OpenSSL."""
    middle = make_authority("middle", ROOT, number=2)
    leaf = Issued.make(issuer=middle)
    case = Case(Chain(leaf, [], [middle]), [make_list(middle), make_list(ROOT, [middle])])
    assert _verify(case, _load(case, tmp_path)).net_error == net_errors.OK
    assert openssl_complaint(*case.chain, tmp_path, pem(*case.lists)) == ""


def test_an_issuer_with_a_key_that_signs_nothing_has_no_list(tmp_path: Path) -> None:
    """Whatever the library says to that."""
    exchange = x25519.X25519PrivateKey.generate().public_key()
    issuer = (
        x509.CertificateBuilder()
        .subject_name(ROOT.certificate.subject)
        .issuer_name(ROOT.certificate.subject)
        .public_key(exchange)
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .sign(ROOT.key, hashes.SHA256())
    )
    (fault,) = crl_faults([LEAF.certificate, issuer], NOW, _load(_by(make_list(ROOT)), tmp_path))
    assert fault.status == UNABLE


def test_a_revoked_chain_may_be_bad_in_other_ways_too(tmp_path: Path) -> None:
    """Lists are looked at wherever a root was reached."""
    leaf = Issued.make(issuer=ROOT, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    case = Case(Chain(leaf, [], [ROOT], "other.test"), [make_list(ROOT, [leaf])])
    result = _verify(case, _load(case, tmp_path))
    assert result.net_error == net_errors.ERR_CERT_REVOKED
    assert result.cert_status == (
        REVOKED | CertStatus.DATE_INVALID | CertStatus.COMMON_NAME_INVALID | CertStatus.REV_CHECKING_ENABLED
    )


def test_lists_tell_nothing_about_chains_of_strangers(tmp_path: Path) -> None:
    """Who signed them is not known, so nobody looks."""
    case = Case(Chain(LEAF, [], [make_authority("other", number=3)]), [make_list(ROOT, [LEAF])])
    assert _verify(case, _load(case, tmp_path)).cert_status == CertStatus.AUTHORITY_INVALID


def test_lists_that_could_not_be_loaded_let_nothing_pass() -> None:
    """Their own error is the result."""
    missing = load_revocation_lists(("/no/such/list",))
    result = _verify(_by(), missing)
    assert (result.net_error, result.cert_status) == (net_errors.ERR_FILE_NOT_FOUND, CertStatus.AUTHORITY_INVALID)
    assert "/no/such/list" in result.detail
