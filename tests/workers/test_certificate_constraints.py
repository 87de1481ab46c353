"""Name constraints that the engine does not hold, compared with OpenSSL in a real handshake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.net_errors import ERR_CERT_INVALID, ERR_CERT_NAME_CONSTRAINT_VIOLATION, OK, error_name
from netstack_sync.workers.certificate_constraints import comparison_fault, constraint_faults
from netstack_sync.workers.verify_certificate import verify_certificate
from tests.workers.certificate_chains import HOST, Chain
from tests.workers.certificate_factory import (
    DAY,
    NOW,
    Extension,
    Issued,
    make_authority,
    make_key,
    openssl_complaint,
    unknown,
)
from tests.workers.certificate_trust import roots_of

IA5, UTF8 = _ASN1Type.IA5String, _ASN1Type.UTF8String


def _name(*attributes: tuple[x509.ObjectIdentifier, str], mail: str = "", mail_type: _ASN1Type = IA5) -> x509.Name:
    mails = [x509.NameAttribute(NameOID.EMAIL_ADDRESS, mail, mail_type)] if mail else []
    return x509.Name([*(x509.NameAttribute(*each) for each in attributes), *mails])


OURS = _name((NameOID.ORGANIZATION_NAME, "Our House"))
OTHERS = _name((NameOID.ORGANIZATION_NAME, "Others"))
MEMBER = _name((NameOID.ORGANIZATION_NAME, "our  HOUSE"), (NameOID.COMMON_NAME, "a member"))


def _directory(name: x509.Name) -> x509.DirectoryName:
    return x509.DirectoryName(name)


def _constrained(
    permitted: Sequence[x509.GeneralName] = (), excluded: Sequence[x509.GeneralName] = (), *, is_critical: bool = False
) -> Extension:
    return x509.NameConstraints(permitted or None, excluded or None), is_critical


def _issue(issuer: Issued, subject: x509.Name, *names: x509.GeneralName, is_authority: bool = False) -> Issued:
    key = make_key("P-256", 30 + is_authority)
    entries = [*([] if is_authority else [x509.DNSName(HOST)]), *names]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(is_authority, None), True)
    )
    if entries:
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), False)
    # The types of sign() name the kinds of keys one by one.
    return Issued(builder.sign(issuer.key, hashes.SHA256()), key)


def _below(extension: Extension, subject: x509.Name, *names: x509.GeneralName) -> Chain:
    root = make_authority(extensions=[extension], has_identifiers=False)
    return Chain(_issue(root, subject, *names), [], [root])


def _over(extension: Extension, middle_name: x509.Name, leaf_name: x509.Name) -> Chain:
    root = make_authority(extensions=[extension], has_identifiers=False)
    middle = _issue(root, middle_name, is_authority=True)
    return Chain(_issue(middle, leaf_name), [middle], [root])


def _mails(*permitted: str, excluded: Sequence[str] = ()) -> Extension:
    return _constrained(list(map(x509.RFC822Name, permitted)), list(map(x509.RFC822Name, excluded)))


OURS_ONLY, NOT_OURS = _constrained([_directory(OURS)]), _constrained([], [_directory(OURS)])
BROKEN = ERR_CERT_NAME_CONSTRAINT_VIOLATION

CASES: list[tuple[str, int, Callable[[], Chain]]] = [
    ("a permitted directory name", OK, lambda: _below(OURS_ONLY, MEMBER)),
    ("another directory name", BROKEN, lambda: _below(OURS_ONLY, OTHERS)),
    ("no directory name", OK, lambda: _below(OURS_ONLY, x509.Name([]))),
    ("an excluded directory name", BROKEN, lambda: _below(NOT_OURS, MEMBER)),
    ("one that is not excluded", OK, lambda: _below(NOT_OURS, OTHERS)),
    ("another among the alternative names", BROKEN, lambda: _below(OURS_ONLY, MEMBER, _directory(OTHERS))),
    (
        "with a constraint on hosts that holds",
        BROKEN,
        lambda: _below(_constrained([_directory(OURS), x509.DNSName("test")]), OTHERS),
    ),
    ("an intermediate with another name", BROKEN, lambda: _over(OURS_ONLY, OTHERS, MEMBER)),
    ("an intermediate with a permitted name", OK, lambda: _over(OURS_ONLY, OURS, MEMBER)),
    # Mail addresses in the subject.
    ("no mail address", OK, lambda: _below(_mails("test"), OURS)),
    ("a permitted host", OK, lambda: _below(_mails("test"), _name(mail="a@TEST"))),
    ("another host", BROKEN, lambda: _below(_mails("test"), _name(mail="a@other"))),
    ("a host of the domain", OK, lambda: _below(_mails(".test"), _name(mail="a@b.test"))),
    ("the domain itself", BROKEN, lambda: _below(_mails(".test"), _name(mail="a@test"))),
    ("a permitted address", OK, lambda: _below(_mails("a@test"), _name(mail="a@Test"))),
    ("another address", BROKEN, lambda: _below(_mails("a@test"), _name(mail="A@test"))),
    ("an excluded host", BROKEN, lambda: _below(_mails(excluded=["test"]), _name(mail="a@test"))),
    ("a host that is not excluded", OK, lambda: _below(_mails(excluded=["test"]), _name(mail="a@other"))),
    ("an address in UTF-8", BROKEN, lambda: _below(_mails("test"), _name(mail="a@test", mail_type=UTF8))),
    (
        "an address in UTF-8, below other constraints",
        BROKEN,
        lambda: _below(_constrained([x509.DNSName("test")]), _name(mail="a@test", mail_type=UTF8)),
    ),
    # Limits on the distance.
    (
        "a maximum",
        BROKEN,
        lambda: _below((unknown("2.5.29.30", bytes.fromhex("300da00b30098204746573748101") + b"\1"), False), OURS),
    ),
]


@pytest.mark.parametrize("net_error, make", [pytest.param(*row[1:], id=row[0]) for row in CASES])
def test_verdicts_are_those_of_openssl(net_error: int, make: Callable[[], Chain], tmp_path: Path) -> None:
    """Constraints that are not critical are meant as well."""
    chain = make()
    served = [chain.leaf.der, *(each.der for each in chain.served)]
    result = verify_certificate(served, chain.host, NOW, roots_of(*chain.trusted))
    assert error_name(result.net_error) == error_name(net_error), result.detail
    assert (openssl_complaint(*chain, tmp_path) == "") == (net_error == OK)


def test_who_issued_to_itself_is_not_constrained() -> None:
    """RFC 5280 section 6.1.3: the key changes, the owner does not; the leaf is constrained in any case."""
    root = make_authority(extensions=[NOT_OURS])
    root_name = root.certificate.subject
    middle = _issue(root, root_name, is_authority=True)
    forbidden = _constrained([], [_directory(root_name)])
    top = make_authority(extensions=[forbidden])

    def faults(*chain: Issued) -> list[CertStatus]:
        found = constraint_faults([each.certificate for each in chain], [each.der for each in chain])
        return [fault.status for fault in found]

    assert faults(_issue(middle, OTHERS), middle, top) == []
    assert faults(_issue(middle, root_name), middle, top) == [CertStatus.NAME_CONSTRAINT_VIOLATION]


def test_what_looks_like_a_constraint_is_none() -> None:
    """The bytes of its name may stand anywhere."""
    root = make_authority(extensions=[(unknown("1.2.3.4", bytes.fromhex("0603551d1e")), False)])
    leaf = Issued.make(issuer=root)
    chain, encoded = [leaf.certificate, root.certificate], [leaf.der, root.der]
    assert constraint_faults(chain, encoded) == []
    assert comparison_fault(encoded, chain) is None


# --- chains made to be slow


def _bomb(constraints: int, names: int, *, odd: Extension | None = None, leaf_odd: Extension | None = None) -> Chain:
    excluded = [x509.DNSName(f"e{number}.evil") for number in range(constraints)]
    middle = make_authority(
        "middle", make_authority(), number=2, extensions=[_constrained([], excluded), *([odd] if odd else [])]
    )
    san = [HOST, *(f"a{number}.b" for number in range(names - 1))]
    leaf = Issued.make(issuer=middle, san=san, extensions=[leaf_odd] if leaf_odd else [])
    return Chain(leaf, [middle], [make_authority()])


def _is_bomb(chain: Chain) -> bool:
    certificates = [chain.leaf, *chain.served]
    fault = comparison_fault([each.der for each in certificates], [each.certificate for each in certificates])
    assert fault is None or fault.status == CertStatus.INVALID
    return fault is not None


@pytest.mark.parametrize(
    "constraints, names, expected",
    [(100, 200, False), (101, 200, True), (1, 3000, False), (3000, 1, False), (2000, 2000, True)],
)
def test_the_number_of_comparisons_has_a_limit(constraints: int, names: int, expected: bool) -> None:
    """Many names are no harm, nor are many constraints; only many of both."""
    assert _is_bomb(_bomb(constraints, names)) is expected


def test_what_cannot_be_read_counts_as_much_as_it_may_hold() -> None:
    """The engine reads the extensions that it needs, though others cannot be read."""
    odd = (unknown("1.3.6.1.5.5.7.1.1", b"\x04\x01a"), False)
    assert _is_bomb(_bomb(1000, 1000, odd=odd))
    assert _is_bomb(_bomb(1000, 1000, leaf_odd=odd))
    assert not _is_bomb(_bomb(3, 3, leaf_odd=odd))


def test_a_chain_of_too_many_comparisons_is_refused_before_the_engine_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is trusted: to find out what else is wrong would be as slow."""

    def run(*_: object) -> None:
        raise AssertionError("the engine must not run")

    monkeypatch.setattr("netstack_sync.workers.verify_certificate._run_engine", run)
    chain = _bomb(1000, 1000)
    for trusted in (chain.trusted, [make_authority(number=9)]):
        served = [chain.leaf.der, *(each.der for each in chain.served)]
        result = verify_certificate(served, HOST, NOW, roots_of(*trusted))
        assert (result.net_error, result.cert_status) == (ERR_CERT_INVALID, CertStatus.INVALID)
        assert result.detail == "the chain has too many names, up to 1000, for its up to 1000 name constraints"
        assert result.verified_chain == tuple(served)
