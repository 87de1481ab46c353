"""OCSP questions and answers: whom to ask, and whose word counts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.workers.check_ocsp import OcspQuery, OcspStatus, OcspVerdict, judge_ocsp, make_ocsp_query
from tests.support.ocsp import (
    CHAIN,
    GOOD,
    LEAF,
    REVOKED,
    ROOT,
    THIS_WEEK,
    UNKNOWN,
    URL,
    body_of,
    delegate,
    information_access,
    joined_answers,
    leaf_asking,
    make_answer,
    signed_by_hand,
)
from tests.workers.certificate_factory import (
    DAY,
    HOUR,
    NOW,
    SERVER_AUTH,
    Extension,
    Issued,
    make_authority,
)

MINUTE = timedelta(minutes=1)
STRANGER = make_authority("stranger", number=40)
NAMESAKE = make_authority(number=41)  # of the issuer's name, but not its key


def judge(answer: bytes, now: datetime = NOW, chain: tuple[bytes, ...] = CHAIN) -> OcspVerdict:
    return judge_ocsp(answer, chain, now)


def query_of(*urls: str) -> OcspQuery | None:
    return make_ocsp_query((leaf_asking(*urls).der, ROOT.der))


# --- the question


def test_the_question_names_the_certificate() -> None:
    """By serial number and SHA-1 of its issuer, without nonce, as responders expect it (RFC 5019 section 2.1)."""
    query = make_ocsp_query(CHAIN)
    assert query is not None and query.urls == (URL,)
    asked = ocsp.load_der_ocsp_request(query.body)
    assert asked.serial_number == LEAF.certificate.serial_number
    assert isinstance(asked.hash_algorithm, hashes.SHA1)
    key = x509.SubjectKeyIdentifier.from_public_key(ROOT.certificate.public_key())
    assert asked.issuer_key_hash == key.digest and len(asked.extensions) == 0


@pytest.mark.parametrize(
    "urls, asked",
    [
        (["http://a.test/", "http://b.test:81/x"], ("http://a.test/", "http://b.test:81/x")),
        (["ldap://a.test/", "https://a.test/", "HTTP://b.test"], ("HTTP://b.test",)),
        (["http://a.test/", "http://b.test/", "http://c.test/"], ("http://a.test/", "http://b.test/")),
    ],
)
def test_responders_are_asked_over_plain_http(urls: list[str], asked: tuple[str, ...]) -> None:
    """In the order of the certificate; two at most, because each may take its time."""
    query = query_of(*urls)
    assert query is not None and query.urls == asked


@pytest.mark.parametrize("urls", [["https://a.test/"], ["ldap://a.test/"], ["http://"], ["no url"]])
def test_nobody_can_be_asked(urls: list[str]) -> None:
    """A responder behind https: would need a verdict itself."""
    assert query_of(*urls) is None


def test_a_certificate_without_responder() -> None:
    """Neither the extension, nor a place for something else, nor a place that is no URL."""
    issuers = information_access("http://a.test/", method=AuthorityInformationAccessOID.CA_ISSUERS)
    name = x509.DirectoryName(ROOT.certificate.subject)
    directory = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, name)])
    for extensions in ([], [issuers], [(directory, False)]):
        leaf = Issued.make(issuer=ROOT, extensions=extensions)
        assert make_ocsp_query((leaf.der, ROOT.der)) is None


# --- whose word counts


@pytest.mark.parametrize("number", [66, 1])
def test_only_the_issuer_is_asked(number: int) -> None:
    """Who stands behind the leaf without having signed it has nothing to say, be its name right or its key."""
    impostor = make_authority("root" if number == 66 else "another", number=number)
    chain = (LEAF.der, impostor.der)
    with pytest.raises(ValueError, match="was not issued by the next one"):
        make_ocsp_query(chain)
    verdict = judge_ocsp(make_answer(issuer=impostor), chain, NOW)
    assert verdict.status is OcspStatus.UNUSABLE and "was not issued by the next one" in verdict.detail


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("digest", [hashes.SHA1(), hashes.SHA256()], ids=lambda digest: digest.name)
def test_the_issuer_says_that_it_is_good(by_name: bool, digest: hashes.HashAlgorithm) -> None:
    """Named by name or key; the certificate may be named with another hash than it was in the question."""
    assert judge(make_answer(by_name=by_name, digest=digest)) == OcspVerdict(OcspStatus.GOOD, "", seconds(NOW + DAY))


def seconds(moment: datetime) -> datetime:
    """As ASN.1 writes it."""
    return moment.replace(microsecond=0)


@pytest.mark.parametrize("kind", ["P-256", "2048"])
@pytest.mark.parametrize("by_name", [False, True])
def test_a_responder_that_the_issuer_has_appointed(kind: str, by_name: bool) -> None:
    """Its certificate comes along, maybe after others (RFC 6960 section 4.2.2.2)."""
    signer = delegate(kind=kind)
    certificates = [ROOT, STRANGER, signer]
    answer = make_answer(signer=signer, by_name=by_name, certificates=certificates)
    assert judge(answer).status is OcspStatus.GOOD


def test_an_rsa_issuer() -> None:
    """PKCS#1 v1.5, as everywhere."""
    root = make_authority("rsa root", kind="2048")
    leaf = leaf_asking(URL, issuer=root)
    assert judge(make_answer(leaf=leaf, issuer=root), NOW, (leaf.der, root.der)).status is OcspStatus.GOOD


def with_usage(*, digital_signature: bool = False, content_commitment: bool = False) -> Extension:
    """A key that may be used for nothing else."""
    usage = x509.KeyUsage(
        digital_signature, content_commitment, False, False, False, False, False, False, False
    )  # fmt: skip
    return usage, True


@pytest.mark.parametrize("usage", [with_usage(digital_signature=True), with_usage(content_commitment=True)])
def test_a_responder_whose_key_may_sign(usage: Extension) -> None:
    """keyUsage, where there is one."""
    signer = delegate(extensions=[usage])
    assert judge(make_answer(signer=signer, certificates=[signer])).status is OcspStatus.GOOD


UNRECOGNIZED = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
NOT_MEANT = "the responder's certificate is not meant for that (OCSPSigning)"
NOT_ISSUED = "the responder's certificate was not issued by the certificate's own issuer"
NOT_NOW = "the responder's certificate has expired or is not valid yet"
NOBODY = "the answer was signed neither by the certificate's issuer nor by a responder of its"
WRONG = "the signature under the answer is wrong, or of a kind that does not count"


@pytest.mark.parametrize(
    "make_signer, detail",
    [
        (lambda: delegate(purposes=SERVER_AUTH), NOT_MEANT),
        (lambda: delegate(purposes=()), NOT_MEANT),
        (lambda: delegate(purposes=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), NOT_MEANT),
        (lambda: delegate(extensions=[with_usage()]), NOT_MEANT),
        (lambda: delegate(extensions=[(UNRECOGNIZED, True)]), NOT_MEANT),
        (lambda: delegate(not_before=NOW - 2 * DAY, not_after=NOW - HOUR), NOT_NOW),
        (lambda: delegate(not_before=NOW + HOUR), NOT_NOW),
        (lambda: delegate(kind="1024"), "the RSA key of CN=responder has only 1024 bits"),
        (lambda: delegate(kind="Ed25519"), WRONG),
        (lambda: delegate(STRANGER), NOT_ISSUED),
        (lambda: delegate(NAMESAKE), NOT_ISSUED),
        (lambda: delegate(make_authority("middle", ROOT, number=42)), NOT_ISSUED),
        (lambda: STRANGER, NOT_ISSUED),
        (lambda: NAMESAKE, NOT_ISSUED),
        (lambda: LEAF, NOT_MEANT),
    ],
)
@pytest.mark.parametrize("status", [GOOD, REVOKED])
def test_nobody_else_has_a_say(make_signer: Callable[[], Issued], detail: str, status: ocsp.OCSPCertStatus) -> None:
    """Signatures that are right, of people who were not asked; that their certificate comes along does not help."""
    signer = make_signer()
    verdict = judge(make_answer(status, signer=signer, certificates=[signer]))
    assert (verdict.status, verdict.detail) == (OcspStatus.UNUSABLE, detail)
    assert verdict.valid_until < NOW


@pytest.mark.parametrize("signer", [STRANGER, NAMESAKE, delegate()])
def test_a_signer_whose_certificate_is_not_there(signer: Issued) -> None:
    """Whoever it is."""
    assert judge(make_answer(signer=signer)).detail == NOBODY


@pytest.mark.parametrize("by_name", [False, True])
def test_a_false_name(by_name: bool) -> None:
    """Whoever signs in the name of the issuer, or of a responder of its, needs its key."""
    for signer, certificates in ((ROOT, []), (ROOT, [ROOT]), (delegate(), [delegate()])):
        body = body_of(make_answer(signer=signer, by_name=by_name))
        assert judge(signed_by_hand(body, signer, certificates)).status is OcspStatus.GOOD
        verdict = judge(signed_by_hand(body, STRANGER, [*certificates, STRANGER]))
        assert (verdict.status, verdict.detail) == (OcspStatus.UNUSABLE, WRONG)


def test_a_true_signature_under_a_false_name() -> None:
    """An answer has to say who gives it."""
    body = body_of(make_answer(signer=STRANGER))
    assert judge(signed_by_hand(body, ROOT)).detail == NOBODY


def test_the_number_of_signers_has_a_limit() -> None:
    """Each costs a signature check or two."""
    signer = delegate()
    for strangers, status in ((9, OcspStatus.GOOD), (10, OcspStatus.UNUSABLE)):
        assert judge(make_answer(signer=signer, certificates=[STRANGER] * strangers + [signer])).status is status


def test_a_changed_answer() -> None:
    """One bit is enough."""
    answer = bytearray(make_answer(REVOKED))
    answer[answer.index(body_of(bytes(answer))) + 60] ^= 1
    assert judge(bytes(answer)).status is OcspStatus.UNUSABLE


def test_an_issuer_with_an_edwards_key() -> None:
    """No authority has one that the verifier takes; an answer of such a one does not count."""
    root = make_authority("edwards", kind="Ed25519", number=43)
    leaf = leaf_asking(URL, issuer=root)
    assert judge(make_answer(leaf=leaf, issuer=root), NOW, (leaf.der, root.der)).detail == WRONG


def test_a_signature_of_another_kind_than_the_key() -> None:
    """It cannot be right."""
    signer = delegate(kind="Ed25519")
    body = body_of(make_answer(signer=signer))
    assert judge(signed_by_hand(body, ROOT, [signer])).detail == WRONG


def test_a_signature_with_sha1() -> None:
    """It can be forged, and so it does not count although it is right."""
    sha256, sha1 = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d0401")
    body = body_of(make_answer())
    assert judge(signed_by_hand(body)).status is OcspStatus.GOOD
    answer = signed_by_hand(body, digest=hashes.SHA1())
    assert sha1 in answer and sha256 not in answer
    assert judge(answer).detail == WRONG


@pytest.mark.parametrize("state", ["V", "R", "?"])
@pytest.mark.parametrize("is_delegated", [False, True])
def test_an_answer_of_openssl(state: str, is_delegated: bool, tmp_path: Path) -> None:
    """A responder that is not ours understands the question and is understood."""
    query, signer = make_ocsp_query(CHAIN), delegate() if is_delegated else ROOT
    assert query is not None
    (tmp_path / "question").write_bytes(query.body)
    (tmp_path / "ca.pem").write_text(ROOT.pem)
    (tmp_path / "signer.pem").write_text(signer.pem + signer.key_pem)
    serial = f"{LEAF.certificate.serial_number:040X}"
    revoked_on = "240102030405Z,keyCompromise" if state == "R" else ""
    line = f"{state}\t491231235959Z\t{revoked_on}\t{serial}\tunknown\t/CN=example.test\n"
    (tmp_path / "index").write_text("" if state == "?" else line)
    command = "openssl ocsp -index index -CA ca.pem -rsigner signer.pem -reqin question -respout answer -ndays 1"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    verdict = judge((tmp_path / "answer").read_bytes(), datetime.now(timezone.utc))
    expected = {"V": OcspStatus.GOOD, "R": OcspStatus.REVOKED, "?": OcspStatus.UNKNOWN}
    assert verdict.status is expected[state], verdict.detail
    if state == "R":
        assert verdict.detail == "its issuer has revoked the certificate on 2024-01-02 03:04 UTC: keyCompromise"


# --- about whom, and when


def test_an_answer_about_another_certificate() -> None:
    """Of the same issuer, or with the same number of another issuer's."""
    other = leaf_asking(URL)
    assert judge(make_answer(leaf=other)).detail == "the answer is about another certificate"
    answer = make_answer(issuer=NAMESAKE, signer=ROOT)
    assert judge(answer).detail == "the answer is about another certificate"
    assert judge(make_answer(issuer=STRANGER, signer=ROOT)).status is OcspStatus.UNUSABLE


@pytest.mark.parametrize(
    "age, next_update, counts",
    [
        (-4 * MINUTE, NOW + DAY, True),
        (-6 * MINUTE, NOW + DAY, False),
        (DAY, NOW - 4 * MINUTE, True),
        (DAY, NOW - 6 * MINUTE, False),
        (25 * DAY, NOW + DAY, True),
        (THIS_WEEK + 4 * MINUTE, None, True),
        (THIS_WEEK + 6 * MINUTE, None, False),
    ],
)
@pytest.mark.parametrize("status", [GOOD, REVOKED])
def test_answers_have_their_time(
    age: timedelta, next_update: datetime | None, counts: bool, status: ocsp.OCSPCertStatus
) -> None:
    """From thisUpdate to nextUpdate, or for seven days, with five minutes for clocks that differ."""
    this_update = seconds(NOW) - age
    verdict = judge(make_answer(status, this_update=this_update, next_update=next_update), seconds(NOW))
    if counts:
        assert verdict.status.value == status.name.lower()
        assert verdict.valid_until == (this_update + THIS_WEEK if next_update is None else seconds(next_update))
    else:
        assert verdict.status is OcspStatus.UNUSABLE
        begin = f"the answer does not count at this time: it is from {this_update:%Y-%m-%d %H:%M} and good until "
        assert verdict.detail.startswith(begin)


# --- what it says


def test_a_revoked_certificate() -> None:
    """When and, if it is said, why."""
    when = f"{NOW - 2 * DAY:%Y-%m-%d %H:%M} UTC"
    verdict = judge(make_answer(REVOKED))
    assert verdict == OcspVerdict(
        OcspStatus.REVOKED, f"its issuer has revoked the certificate on {when}", seconds(NOW + DAY)
    )
    verdict = judge(make_answer(REVOKED, reason=x509.ReasonFlags.key_compromise))
    assert verdict.detail == f"its issuer has revoked the certificate on {when}: keyCompromise"


def test_a_reason_without_a_meaning() -> None:
    """RFC 5280 has no reason 7; revoked it is all the same."""
    body = body_of(make_answer(REVOKED, reason=x509.ReasonFlags.key_compromise))
    assert body.count(b"\xa0\x03\x0a\x01\x01") == 1
    verdict = judge(signed_by_hand(body.replace(b"\xa0\x03\x0a\x01\x01", b"\xa0\x03\x0a\x01\x07")))
    assert verdict.status is OcspStatus.REVOKED and verdict.detail.endswith(" UTC")


def test_a_certificate_that_nobody_knows() -> None:
    """The responder says so."""
    verdict = judge(make_answer(UNKNOWN))
    assert verdict.status is OcspStatus.UNKNOWN
    assert verdict.detail == "the responder does not know the certificate"


def test_of_several_answers_the_worst_counts() -> None:
    """In any order, and without those about others and those of another time."""
    good, unknown, revoked = (make_answer(status) for status in (GOOD, UNKNOWN, REVOKED))
    old = make_answer(REVOKED, this_update=NOW - 9 * DAY, next_update=NOW - 8 * DAY)
    other = make_answer(REVOKED, leaf=leaf_asking(URL))
    assert judge(joined_answers(good, revoked, unknown)).status is OcspStatus.REVOKED
    assert judge(joined_answers(unknown, good)).status is OcspStatus.UNKNOWN
    assert judge(joined_answers(old, other, good)).status is OcspStatus.GOOD
    assert judge(joined_answers(old, other)).status is OcspStatus.UNUSABLE


@pytest.mark.parametrize("is_critical", [False, True])
def test_a_critical_extension(is_critical: bool) -> None:
    """A nonce that was not asked for does no harm, but what is critical has to be understood."""
    verdict = judge(make_answer(extension=(x509.OCSPNonce(b"12345678"), is_critical)))
    assert verdict.status is (OcspStatus.UNUSABLE if is_critical else OcspStatus.GOOD)


# --- no answers


@pytest.mark.parametrize(
    "status",
    [status for status in ocsp.OCSPResponseStatus if status is not ocsp.OCSPResponseStatus.SUCCESSFUL],
)
def test_a_responder_that_refuses(status: ocsp.OCSPResponseStatus) -> None:
    """Such answers are not signed, and say nothing about the certificate."""
    answer = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    verdict = judge(answer)
    reason = status.name.lower().replace("_", " ")
    assert verdict == OcspVerdict(OcspStatus.UNUSABLE, f"the responder refuses to answer: {reason}")


@pytest.mark.parametrize("answer", [b"", b"<html>", make_answer()[:-1], make_answer() + b"x"])
def test_what_is_no_answer(answer: bytes) -> None:
    """Whatever a captive portal may send."""
    verdict = judge(answer)
    assert verdict.status is OcspStatus.UNUSABLE
    assert verdict.detail.startswith("the answer cannot be understood: ")


TRUE_ANSWERS = [make_answer(REVOKED), make_answer(REVOKED, signer=delegate(), certificates=[delegate()])]


@given(st.data())
def test_no_change_makes_a_revoked_certificate_good(data: st.DataObject) -> None:
    """Whatever is changed on the way, nobody becomes better by it, and nothing is raised."""
    answer = bytearray(data.draw(st.sampled_from(TRUE_ANSWERS)))
    for _ in range(data.draw(st.integers(1, 3))):
        answer[data.draw(st.integers(0, len(answer) - 1))] = data.draw(st.integers(0, 255))
    assert judge(bytes(answer)).status in (OcspStatus.REVOKED, OcspStatus.UNUSABLE)
