"""Verdicts on chains, each compared with what OpenSSL says in a real handshake."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_INVALID,
    ERR_CERT_NAME_CONSTRAINT_VIOLATION,
    ERR_CERT_UNABLE_TO_CHECK_REVOCATION,
    ERR_FILE_NOT_FOUND,
    ERR_INVALID_ARGUMENT,
    ERR_SSL_SERVER_CERT_BAD_FORMAT,
    OK,
    error_name,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.certificate_keys import public_key_hashes
from netstack_sync.workers.revocation_lists import RevocationLists
from netstack_sync.workers.system_trust import DefaultSources
from netstack_sync.workers.trust_roots import load_trust_roots
from netstack_sync.workers.verify_certificate import describe_chain, verify_certificate
from tests.workers.certificate_cases import ROWS
from tests.workers.certificate_chains import (
    CLIENT_AUTH,
    HOST,
    Chain,
    below,
    dated,
    leaf_with,
    middle_with,
    named,
    old_root,
    sha1_below_a_curve,
)
from tests.workers.certificate_differences import LENIENT, STRICTER
from tests.workers.certificate_factory import (
    DAY,
    HOUR,
    NOW,
    Issued,
    make_authority,
    make_key,
    openssl_complaint,
    unknown,
)
from tests.workers.certificate_rewriter import of_version
from tests.workers.certificate_trust import roots_of


def _verify(chain: Chain, now: datetime | None = None) -> CertVerifyResult:
    served = [chain.leaf.der, *(each.der for each in chain.served)]
    now = now or datetime.now(timezone.utc)
    return verify_certificate(served, chain.host, now, roots_of(*chain.trusted))


@pytest.mark.parametrize("net_error, make", [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_verdicts_are_those_of_openssl(net_error: int, make: Callable[[], Chain], tmp_path: Path) -> None:
    """OpenSSL takes a chain exactly if the verdict is OK, and otherwise the number says what is wrong."""
    chain = make()
    result = _verify(chain)
    complaint = openssl_complaint(*chain, tmp_path)
    assert error_name(result.net_error) == error_name(net_error), result.detail
    assert (result.net_error == OK) == (complaint == ""), complaint
    assert bool(result.detail) == (result.net_error != OK)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("reason, make", [pytest.param(*row[1:], id=row[0]) for row in STRICTER])
def test_where_the_engine_is_stricter_than_openssl(reason: str, make: Callable[[], Chain], tmp_path: Path) -> None:
    """The documented list: if one of these fails, the engine has learned it and the docstring must follow."""
    chain = make()
    assert openssl_complaint(*chain, tmp_path) == ""
    result = _verify(chain)
    expected = (ERR_CERT_INVALID, ERR_CERT_NAME_CONSTRAINT_VIOLATION, ERR_CERT_AUTHORITY_INVALID)
    assert result.net_error in expected, reason
    assert result.detail


@pytest.mark.parametrize("reason, complaint, make", [pytest.param(*row[1:], id=row[0]) for row in LENIENT])
def test_where_openssl_is_stricter(reason: str, complaint: str, make: Callable[[], Chain], tmp_path: Path) -> None:
    """The chain is good by every rule, and OpenSSL does not see it."""
    chain = make()
    assert openssl_complaint(*chain, tmp_path) == complaint
    assert _verify(chain).net_error == OK, reason


def test_the_hosts_trailing_dot_does_not_count() -> None:
    """R7: the canonical host has none. OpenSSL is never shown one."""
    assert _verify(named(HOST, "example.test.")).net_error == OK


def test_the_verified_chain_goes_up_to_the_root() -> None:
    """On success it is the way the engine found, with the hashes of its keys; what was sent besides is left out."""
    root, middle = make_authority(), middle_with()
    leaf = Issued.make(issuer=middle)
    result = _verify(Chain(leaf, [make_authority("stranger", number=7), middle], [root]))
    assert result.verified_chain == (leaf.der, middle.der, root.der)
    assert result.public_key_hashes == public_key_hashes([leaf.der, middle.der, root.der])
    assert len(set(result.public_key_hashes)) == 3


def test_a_refused_chain_is_kept_as_it_was_sent() -> None:
    """So that it can be shown to the user; with the hashes of its keys."""
    chain = dated(NOW - 9 * DAY, NOW - HOUR)._replace(served=[make_authority("stranger")])
    result = _verify(chain)
    assert result.verified_chain == (chain.leaf.der, chain.served[0].der)
    assert result.public_key_hashes == public_key_hashes(result.verified_chain)


def test_a_chain_can_be_described_without_a_verdict() -> None:
    """Nobody vouches for it, and nothing is wrong; what is no certificate has no key."""
    leaf = Issued.make()
    result = describe_chain([leaf.der, b"junk"])
    assert result == CertVerifyResult(OK, CertStatus(0), (leaf.der, b"junk"), False, (), public_key_hashes([leaf.der]))
    assert len(result.public_key_hashes) == 1
    assert describe_chain([]).net_error == OK


def test_hosts_that_are_not_unique_are_noted() -> None:
    """Which is no error by itself."""
    local = named("localhost", "localhost")
    assert (_verify(local).net_error, _verify(local).cert_status) == (OK, CertStatus.NON_UNIQUE_NAME)
    expired = dated(NOW - 9 * DAY, NOW - HOUR, "intranet")
    assert _verify(expired).cert_status == (
        CertStatus.DATE_INVALID | CertStatus.COMMON_NAME_INVALID | CertStatus.NON_UNIQUE_NAME
    )


def test_what_is_wrong_besides_the_authority_is_found() -> None:
    """As if somebody had trusted it: to do so would not help."""
    for_clients = (x509.ExtendedKeyUsage([CLIENT_AUTH]), False)
    alone = Issued.make(purposes=(), extensions=[for_clients])
    issued = Issued.make(issuer=make_authority(number=3), purposes=(), extensions=[for_clients])
    for leaf, served in ((alone, []), (issued, []), (issued, [make_authority(number=3)])):
        result = _verify(Chain(leaf, served, [make_authority()]))
        assert result.net_error == ERR_CERT_INVALID
        assert result.cert_status == CertStatus.INVALID | CertStatus.AUTHORITY_INVALID
        assert any("extendedKeyUsage" in reason for reason in result.reasons)


def test_broken_signatures_are_noted_as_such() -> None:
    """SHA-1 is an error, and information of its own."""
    result = _verify(sha1_below_a_curve())
    assert result.cert_status == CertStatus.WEAK_SIGNATURE_ALGORITHM | CertStatus.SHA1_SIGNATURE_PRESENT


def test_without_lists_nobody_asks_about_revocation() -> None:
    """And with them the status says that somebody did; the rules are in test_certificate_revocation.py."""
    chain = below(make_authority())
    assert not _verify(chain).cert_status & CertStatus.REV_CHECKING_ENABLED
    served, now = [chain.leaf.der], datetime.now(timezone.utc)
    empty, broken = RevocationLists(()), RevocationLists((), ERR_FILE_NOT_FOUND, "no such list")
    result = verify_certificate(served, HOST, now, roots_of(*chain.trusted), empty)
    assert result.net_error == ERR_CERT_UNABLE_TO_CHECK_REVOCATION
    assert result.cert_status == CertStatus.UNABLE_TO_CHECK_REVOCATION | CertStatus.REV_CHECKING_ENABLED
    result = verify_certificate(served, HOST, now, roots_of(*chain.trusted), broken)
    assert (result.net_error, result.reasons) == (ERR_FILE_NOT_FOUND, ("no such list",))


def test_several_faults_are_all_reported() -> None:
    """The most serious one gives the number; status and detail have them all."""
    leaf = Issued.make(not_before=NOW - 9 * DAY, not_after=NOW - DAY, key=make_key("1024"))
    result = _verify(Chain(leaf, [], [make_authority()], "other.test"))
    assert result.net_error == ERR_CERT_AUTHORITY_INVALID
    assert result.cert_status == (
        CertStatus.AUTHORITY_INVALID | CertStatus.DATE_INVALID | CertStatus.WEAK_KEY | CertStatus.COMMON_NAME_INVALID
    )
    assert result.detail.count("; ") == 3


def test_a_refused_leaf_without_names_is_for_nobody() -> None:
    """The host is judged also where the chain is bad."""
    chain = below(make_authority(), leaf=Issued.make(san=()))
    result = _verify(chain)
    assert result.cert_status == CertStatus.AUTHORITY_INVALID | CertStatus.COMMON_NAME_INVALID


def test_validities_that_never_met_are_a_matter_of_dates() -> None:
    """There is no time at which the rest could be judged."""
    root = old_root()
    leaf = Issued.make(issuer=root, not_before=NOW - HOUR + HOUR / 2)
    result = _verify(Chain(leaf, [], [root]))
    assert result.cert_status == CertStatus.DATE_INVALID


def test_the_time_handed_in_counts() -> None:
    """Not the machine's."""
    chain = below(make_authority())
    assert _verify(chain, NOW + 31 * DAY).net_error == ERR_CERT_DATE_INVALID
    assert _verify(chain, NOW).net_error == OK


@pytest.mark.parametrize(
    "leaf, is_known",
    [
        (lambda root: Issued.make(issuer=root), True),
        (lambda root: Issued.make(issuer=root, san=["other.test"]), True),
        (lambda root: Issued.make(issuer=root, not_before=NOW - 9 * DAY, not_after=NOW - DAY), True),
        (lambda root: Issued.make(), False),
    ],
)
def test_known_roots_are_the_systems(leaf: Callable[[Issued], Issued], is_known: bool, tmp_path: Path) -> None:
    """A chain that ends in a default root is from a known one, be it good or not."""
    root = make_authority(number=5)
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(root.pem)
    default = load_trust_roots(TrustConfig(), DefaultSources(str(bundle), "", ""))
    result = verify_certificate([leaf(root).der], HOST, NOW, default)
    assert result.is_issued_by_known_root is is_known
    assert not _verify(Chain(leaf(root), [], [root])).is_issued_by_known_root


def test_a_leaf_that_is_trusted_by_itself_was_issued_by_no_known_root(tmp_path: Path) -> None:
    """Even where the system's roots are: somebody has put it there."""
    leaf = Issued.make()
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(leaf.pem)
    default = load_trust_roots(TrustConfig(), DefaultSources(str(bundle), "", ""))
    result = verify_certificate([leaf.der], HOST, NOW, default)
    assert (result.net_error, result.is_issued_by_known_root) == (OK, False)


def test_roots_that_the_user_added_are_not_known(tmp_path: Path) -> None:
    """Beside the system's own, which still are."""
    own, added = make_authority(number=5), make_authority("added", number=6)
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(own.pem)
    both = load_trust_roots(TrustConfig(extra_ca=(added.der,)), DefaultSources(str(bundle), "", ""))
    for root, is_known in ((own, True), (added, False)):
        result = verify_certificate([Issued.make(issuer=root).der], HOST, NOW, both)
        assert (result.net_error, result.is_issued_by_known_root) == (OK, is_known)


def test_a_leaf_that_is_no_certificate() -> None:
    """It has an error of its own, as in Chromium."""
    result = verify_certificate([b"junk"], HOST, NOW, roots_of(make_authority()))
    assert result.net_error == ERR_SSL_SERVER_CERT_BAD_FORMAT
    assert result.cert_status == CertStatus.AUTHORITY_INVALID
    assert result.verified_chain == (b"junk",)
    assert "not X.509" in result.detail


def test_junk_beside_the_leaf_does_no_harm() -> None:
    """Only what is needed must be readable."""
    root = make_authority()
    served = [Issued.make(issuer=root).der, b"junk"]
    assert verify_certificate(served, HOST, NOW, roots_of(root)).net_error == OK


def test_versions_that_do_not_exist() -> None:
    """A leaf of one is no certificate; others of one do no harm."""
    root = make_authority()
    result = verify_certificate([of_version(4, root)], HOST, NOW, roots_of(root))
    assert (result.net_error, result.public_key_hashes) == (ERR_SSL_SERVER_CERT_BAD_FORMAT, ())
    served = [Issued.make(issuer=root).der, of_version(2, root), of_version(4, root)]
    assert verify_certificate(served, HOST, NOW, roots_of(root)).net_error == OK
    refused = verify_certificate(served, HOST, NOW, roots_of(make_authority("x")))
    assert (refused.net_error, len(refused.public_key_hashes)) == (ERR_CERT_AUTHORITY_INVALID, 1)


_SERVED = (Issued.make(issuer=middle_with()).der, middle_with().der)


@pytest.mark.filterwarnings("ignore")
@given(st.integers(0, 1), st.data())
@settings(deadline=None)
def test_nothing_is_raised_and_no_change_is_overlooked(position: int, data: st.DataObject) -> None:
    """Every byte of a certificate is signed, or is the signature; what is nearly one is judged like anything else."""
    changed = bytearray(_SERVED[position])
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    served = list(_SERVED)
    served[position] = bytes(changed)
    result = verify_certificate(served, HOST, NOW, roots_of(make_authority()))
    assert result.net_error != OK or served == list(_SERVED)
    assert bool(result.detail) == (result.net_error != OK)


@given(st.lists(st.binary(max_size=40), max_size=3))
def test_nothing_is_raised_for_junk(served: list[bytes]) -> None:
    """Whatever a server sends."""
    assert verify_certificate(served, HOST, NOW, roots_of(make_authority())).net_error != OK
    assert describe_chain(served).net_error == OK


def test_a_leaf_whose_fields_cannot_be_read_is_invalid() -> None:
    """The library finds out late, in the middle of the work; nothing is raised all the same."""
    bad_address = unknown("2.5.29.17", b"\x30\x05\x87\x03\x7f\x00\x01")
    result = _verify(leaf_with((bad_address, False), san=()))
    assert (result.net_error, result.cert_status) == (ERR_CERT_INVALID, CertStatus.INVALID)
    assert "cannot be understood" in result.detail


@pytest.mark.parametrize("chain, host", [([], HOST), ([b"junk"], "")])
def test_nothing_to_verify(chain: list[bytes], host: str) -> None:
    """Row 228: an empty chain or host is a mistake of the caller."""
    result = verify_certificate(chain, host, NOW, roots_of(make_authority()))
    assert result.net_error == ERR_INVALID_ARGUMENT
    assert result.cert_status == CertStatus.AUTHORITY_INVALID


def test_roots_that_could_not_be_loaded_vouch_for_nobody() -> None:
    """Their own error is the result, with the status of an unknown authority."""
    missing = load_trust_roots(TrustConfig(ca_file="/no/such/file"), DefaultSources("", "", ""))
    result = verify_certificate([Issued.make().der], HOST, NOW, missing)
    assert result.net_error == ERR_FILE_NOT_FOUND
    assert result.cert_status == CertStatus.AUTHORITY_INVALID
    assert "/no/such/file" in result.detail


def test_a_chain_made_to_be_slow_is_refused_in_bounded_work() -> None:
    """Certificates that all sign each other: the engine counts signatures and gives up."""
    bombs = [make_authority("bomb", not_after=NOW + (number + 1) * DAY) for number in range(8)]
    chain = Chain(Issued.make(issuer=bombs[0]), bombs, [make_authority(number=9)])
    assert _verify(chain).net_error == ERR_CERT_AUTHORITY_INVALID


def test_heavy_libraries_are_loaded_late() -> None:
    """Importing the verifier must not cost what verifying costs."""
    code = "import sys, netstack_sync.cert.threaded; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
