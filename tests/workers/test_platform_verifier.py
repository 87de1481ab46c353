"""Letting the system judge a chain."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_INVALID,
    ERR_CERT_REVOKED,
    ERR_CERT_VALIDITY_TOO_LONG,
    ERR_CERT_WEAK_KEY,
    ERR_INVALID_ARGUMENT,
    ERR_SSL_SERVER_CERT_BAD_FORMAT,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.certificate_keys import public_key_hashes
from netstack_sync.workers.platform_verifier import verify_with_platform
from netstack_sync.workers.system_trust import DefaultSources, load_system_verifier
from netstack_sync.workers.trust_roots import TrustRoots, load_trust_roots
from tests.workers.certificate_factory import DAY, NOW, Issued, make_authority, make_key, unknown
from tests.workers.certificate_rewriter import ISSUER, common_name, of_version, rewritten
from tests.workers.fake_truststore import FakeTruststore

PRIVATE = make_authority("private", number=1)
PUBLIC = make_authority("public", number=2)
LEAF = Issued.make(issuer=PUBLIC)
PRIVATE_LEAF = Issued.make(issuer=PRIVATE)


@dataclass
class System:
    """A Mac with truststore."""

    truststore: FakeTruststore

    def roots(self, *extra: bytes) -> TrustRoots:
        """Those of verify=True and extra_ca."""
        defaults = DefaultSources("", "", "", verifier=load_system_verifier("darwin"))
        return load_trust_roots(TrustConfig(extra_ca=extra), defaults)

    def judge_chain(self, *chain: Issued) -> CertVerifyResult:
        """The verdict on what a server sends."""
        return verify_with_platform([each.der for each in chain], "example.test", NOW, self.roots())

    def judge(self, leaf: Issued = LEAF, *extra: bytes, host: str = "example.test") -> CertVerifyResult:
        """The verdict on a leaf with the public authority behind it."""
        return verify_with_platform((leaf.der, PUBLIC.der), host, NOW, self.roots(*extra))


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    fake = FakeTruststore()
    fake.install(monkeypatch, "_macos")
    return System(fake)


def test_what_the_system_accepts_is_good(system: System) -> None:
    """Its root is a known one."""
    verdict = system.judge()
    chain = (LEAF.der, PUBLIC.der)
    assert (verdict.net_error, verdict.cert_status, verdict.reasons) == (OK, CertStatus(0), ())
    assert (verdict.verified_chain, verdict.is_issued_by_known_root) == (chain, True)
    assert verdict.public_key_hashes == public_key_hashes(chain)
    assert system.truststore.asked == [([LEAF.der, PUBLIC.der], "example.test")]


@pytest.mark.parametrize(
    "code, net_error",
    [
        (-67843, ERR_CERT_AUTHORITY_INVALID),
        (-25318, ERR_CERT_AUTHORITY_INVALID),
        (-67818, ERR_CERT_DATE_INVALID),
        (-67819, ERR_CERT_DATE_INVALID),
        (-67820, ERR_CERT_REVOKED),
        (-67901, ERR_CERT_VALIDITY_TOO_LONG),
        (-67735, ERR_CERT_INVALID),
        (5, ERR_CERT_AUTHORITY_INVALID),
        (0x800B0101, ERR_CERT_DATE_INVALID),
        (0x800B0109, ERR_CERT_AUTHORITY_INVALID),
        (0x800B010A, ERR_CERT_AUTHORITY_INVALID),
        (0x80092010, ERR_CERT_REVOKED),
        (0x800B0110, ERR_CERT_INVALID),
        (-1, ERR_CERT_INVALID),
        (None, ERR_CERT_INVALID),
    ],
)
def test_the_systems_reasons_become_net_errors(system: System, code: int | None, net_error: int) -> None:
    """Those of macOS and of Windows; what is not known cannot be overridden."""
    system.truststore.refuse(code, "not today")
    verdict = system.judge()
    assert verdict.net_error == net_error
    assert verdict.reasons == ("the system refuses it: not today",)
    assert not verdict.is_issued_by_known_root


def test_the_host_is_compared_here(system: System) -> None:
    """As on every platform, whatever the system thinks of the name; both faults are told."""
    verdict = system.judge(host="other.test")
    assert verdict.net_error == ERR_CERT_COMMON_NAME_INVALID and "example.test" in verdict.detail
    system.truststore.refuse(-67818)
    verdict = system.judge(host="other.test")
    assert verdict.cert_status == CertStatus.COMMON_NAME_INVALID | CertStatus.DATE_INVALID
    assert len(verdict.reasons) == 2


def test_addresses_are_hosts(system: System) -> None:
    """And not unique ones, if they are private."""
    leaf = Issued.make(issuer=PUBLIC, san=("IP:127.0.0.1",))
    verdict = system.judge(leaf, host="127.0.0.1")
    assert (verdict.net_error, verdict.cert_status) == (OK, CertStatus.NON_UNIQUE_NAME)


def test_a_leaf_without_names_is_for_nobody(system: System) -> None:
    """The common name does not count."""
    assert system.judge(Issued.make(issuer=PUBLIC, san=())).net_error == ERR_CERT_COMMON_NAME_INVALID


def test_a_weak_key_is_refused_here(system: System) -> None:
    """As on every platform."""
    assert system.judge(Issued.make(issuer=PUBLIC, key=make_key("1024"))).net_error == ERR_CERT_WEAK_KEY


def test_a_leaf_that_cannot_be_understood(system: System) -> None:
    """Is not good, even if the system took it."""
    leaf = Issued.make(issuer=PUBLIC, san=(), extensions=[(unknown("2.5.29.17", b"\x04\x01x"), False)])
    verdict = system.judge(leaf)
    assert verdict.net_error == ERR_CERT_INVALID and "cannot be understood" in verdict.detail


@pytest.mark.parametrize(
    "chain, host, net_error",
    [
        ((), "example.test", ERR_INVALID_ARGUMENT),
        ((LEAF.der,), "", ERR_INVALID_ARGUMENT),
        ((b"junk",), "example.test", ERR_SSL_SERVER_CERT_BAD_FORMAT),
    ],
)
def test_without_a_question_the_system_is_not_asked(
    system: System, chain: tuple[bytes, ...], host: str, net_error: int
) -> None:
    """Nobody vouches for what is no certificate."""
    verdict = verify_with_platform(chain, host, NOW, system.roots())
    assert (verdict.net_error, verdict.cert_status) == (net_error, CertStatus.AUTHORITY_INVALID)
    assert system.truststore.asked == []


def test_the_users_own_authorities_are_asked_first(system: System) -> None:
    """Their verdict is ours, under the rules that private authorities are used to; the system is not bothered."""
    verdict = system.judge(PRIVATE_LEAF, PRIVATE.der)
    assert (verdict.net_error, verdict.is_issued_by_known_root) == (OK, False)
    assert verdict.verified_chain == (PRIVATE_LEAF.der, PRIVATE.der)
    assert system.truststore.asked == []


def test_the_system_judges_what_leads_elsewhere(system: System) -> None:
    """Having authorities of one's own makes the system's roots no less known."""
    verdict = system.judge(LEAF, PRIVATE.der)
    assert (verdict.net_error, verdict.is_issued_by_known_root) == (OK, True)
    system.truststore.refuse(-67843, "never heard")
    assert system.judge(LEAF, PRIVATE.der).reasons == ("the system refuses it: never heard",)


def test_a_fault_of_the_users_own_chain_is_told_in_our_words(system: System) -> None:
    """The system would only say that it does not know the authority."""
    leaf = Issued.make(issuer=PRIVATE, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    system.truststore.refuse(-67843)
    assert system.judge(leaf, PRIVATE.der).net_error == ERR_CERT_DATE_INVALID


def test_the_system_may_know_a_better_way(system: System) -> None:
    """The user's authority has expired, but the system has a newer certificate of it."""
    old = make_authority("private", not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    assert system.judge(PRIVATE_LEAF, old.der).net_error == OK


def test_a_system_that_fails_gives_no_verdict(system: System) -> None:
    """Whoever asked has an answer for that."""
    system.truststore.fail(OSError("the handle is invalid"))
    with pytest.raises(OSError, match="handle"):
        system.judge()


# --- the chain


def _chain_of(verdict: CertVerifyResult) -> tuple[bytes, ...]:
    assert verdict.net_error == OK
    assert verdict.public_key_hashes == public_key_hashes(verdict.verified_chain)
    return verdict.verified_chain


def test_only_who_has_signed_is_part_of_the_chain(system: System) -> None:
    """A server may send the certificate of anybody; pins are not for whoever is merely beside the others."""
    stranger = make_authority("stranger", number=9)
    for chain in ([LEAF, stranger], [LEAF, stranger, PUBLIC], [LEAF, PUBLIC, stranger]):
        expected = (LEAF.der, PUBLIC.der) if PUBLIC in chain else (LEAF.der,)
        assert _chain_of(system.judge_chain(*chain)) == expected


def test_the_name_of_an_issuer_is_not_enough(system: System) -> None:
    """Else who has made a certificate of that name could answer for the authority (OCSP)."""
    impostor = make_authority("public", number=66)
    assert _chain_of(system.judge_chain(LEAF, impostor, PUBLIC)) == (LEAF.der, PUBLIC.der)
    assert _chain_of(system.judge_chain(LEAF, impostor)) == (LEAF.der,)


def test_the_order_of_what_is_sent_does_not_matter(system: System) -> None:
    """Nor does it end anywhere but where nobody else has signed."""
    lower = make_authority("lower", PUBLIC, number=3)
    leaf = Issued.make(issuer=lower)
    expected = (leaf.der, lower.der, PUBLIC.der)
    assert _chain_of(system.judge_chain(leaf, PUBLIC, lower)) == expected


def test_who_is_no_authority_vouches_for_nobody(system: System) -> None:
    """Who owns a certificate of an authority can sign with its key, and is no part of a chain for that."""
    server = make_authority("server", PUBLIC, number=3, is_authority=False)
    leaf = Issued.make(issuer=server)
    assert _chain_of(system.judge_chain(leaf, server, PUBLIC)) == (leaf.der,)


def test_of_a_thousand_certificates_some_are_looked_at(system: System) -> None:
    """What stands behind them counts for nothing; what is no certificate does no harm."""
    strangers = [make_authority("stranger", number=9)] * 32
    assert _chain_of(system.judge_chain(LEAF, *strangers, PUBLIC)) == (LEAF.der,)
    served = [LEAF.der, b"junk", of_version(4, PUBLIC), PUBLIC.der]
    verdict = verify_with_platform(served, "example.test", NOW, system.roots())
    assert _chain_of(verdict) == (LEAF.der, PUBLIC.der)


def test_a_name_that_cannot_be_read_has_no_issuer(system: System) -> None:
    """Whatever the system makes of it."""
    odd = rewritten(LEAF, PUBLIC, replaced={ISSUER: common_name(b"\xff\xfe", 0x0C)})
    assert _chain_of(system.judge_chain(odd, PUBLIC)) == (odd.der,)


def test_a_leaf_alone(system: System) -> None:
    """Has an issuer whom the system knows, unless it is its own: then somebody has put it there."""
    verdict = system.judge_chain(LEAF)
    assert (_chain_of(verdict), verdict.is_issued_by_known_root) == ((LEAF.der,), True)
    alone = Issued.make()
    verdict = system.judge_chain(alone)
    assert (_chain_of(verdict), verdict.is_issued_by_known_root) == ((alone.der,), False)


def test_what_the_system_refuses_is_shown_as_it_was_sent(system: System) -> None:
    """So that the user sees what came."""
    system.truststore.refuse(-67843)
    stranger = make_authority("stranger", number=9)
    assert system.judge_chain(LEAF, stranger).verified_chain == (LEAF.der, stranger.der)


def test_a_leaf_of_a_version_that_does_not_exist(system: System) -> None:
    """Is no certificate."""
    verdict = verify_with_platform([of_version(4, PUBLIC)], "example.test", NOW, system.roots())
    assert verdict.net_error == ERR_SSL_SERVER_CERT_BAD_FORMAT
