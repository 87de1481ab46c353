"""Verdicts on chains, each compared with what OpenSSL says in a real handshake."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_INVALID,
    ERR_CERT_NAME_CONSTRAINT_VIOLATION,
    ERR_FILE_NOT_FOUND,
    ERR_INVALID_ARGUMENT,
    ERR_SSL_SERVER_CERT_BAD_FORMAT,
    OK,
    error_name,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.trust_roots import DefaultSources, TrustRoots, load_trust_roots
from netstack_sync.workers.verify_certificate import verify_certificate
from tests.workers.certificate_cases import ROWS, STRICTER
from tests.workers.certificate_chains import (
    HOST,
    Chain,
    below,
    dated,
    leaf_with,
    middle_with,
    named,
    old_root,
)
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


def _roots(*trusted: Issued) -> TrustRoots:
    config = TrustConfig(ca_data="".join(each.pem for each in trusted))
    return load_trust_roots(config, DefaultSources("", "", ""))


def _verify(chain: Chain, now: datetime | None = None) -> CertVerifyResult:
    served = [chain.leaf.der, *(each.der for each in chain.served)]
    now = now or datetime.now(timezone.utc)
    return verify_certificate(served, chain.host, now, _roots(*chain.trusted))


@pytest.mark.parametrize("net_error, make", [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_verdicts_are_those_of_openssl(net_error: int, make: Callable[[], Chain], tmp_path: Path) -> None:
    """OpenSSL takes a chain exactly if the verdict is OK, and otherwise the number says what is wrong."""
    chain = make()
    result = _verify(chain)
    complaint = openssl_complaint(*chain, tmp_path)
    assert error_name(result.net_error) == error_name(net_error), result.detail
    assert (result.net_error == OK) == (complaint == ""), complaint
    assert bool(result.detail) == (result.net_error != OK)


@pytest.mark.parametrize("make", [pytest.param(row[1], id=row[0]) for row in STRICTER])
def test_where_the_engine_is_stricter_than_openssl(make: Callable[[], Chain], tmp_path: Path) -> None:
    """The documented list: if one of these fails, the engine has learned it and the docstring must follow."""
    chain = make()
    assert openssl_complaint(*chain, tmp_path) == ""
    result = _verify(chain)
    assert result.net_error in (ERR_CERT_INVALID, ERR_CERT_NAME_CONSTRAINT_VIOLATION)
    assert result.detail


def test_the_hosts_trailing_dot_does_not_count() -> None:
    """R7: the canonical host has none. OpenSSL is never shown one."""
    assert _verify(named(HOST, "example.test.")).net_error == OK


def test_the_verified_chain_goes_up_to_the_root() -> None:
    """On success it is the way the engine found; what was sent besides is left out."""
    root, middle = make_authority(), middle_with()
    leaf = Issued.make(issuer=middle)
    chain = Chain(leaf, [make_authority("stranger"), middle], [root])
    assert _verify(chain).verified_chain == (leaf.der, middle.der, root.der)


def test_a_refused_chain_is_kept_as_it_was_sent() -> None:
    """So that it can be shown to the user."""
    chain = dated(NOW - 9 * DAY, NOW - HOUR)._replace(served=[make_authority("stranger")])
    assert _verify(chain).verified_chain == (chain.leaf.der, chain.served[0].der)


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


def test_a_leaf_that_is_no_certificate() -> None:
    """It has an error of its own, as in Chromium."""
    result = verify_certificate([b"junk"], HOST, NOW, _roots(make_authority()))
    assert result.net_error == ERR_SSL_SERVER_CERT_BAD_FORMAT
    assert result.cert_status == CertStatus.AUTHORITY_INVALID
    assert result.verified_chain == (b"junk",)
    assert "not X.509" in result.detail


def test_junk_beside_the_leaf_does_no_harm() -> None:
    """Only what is needed must be readable."""
    root = make_authority()
    served = [Issued.make(issuer=root).der, b"junk"]
    assert verify_certificate(served, HOST, NOW, _roots(root)).net_error == OK


def test_a_leaf_whose_fields_cannot_be_read_is_invalid() -> None:
    """The library finds out late, in the middle of the work; nothing is raised all the same."""
    bad_address = unknown("2.5.29.17", b"\x30\x05\x87\x03\x7f\x00\x01")
    result = _verify(leaf_with((bad_address, False), san=()))
    assert (result.net_error, result.cert_status) == (ERR_CERT_INVALID, CertStatus.INVALID)
    assert "cannot be understood" in result.detail


@pytest.mark.parametrize("chain, host", [([], HOST), ([b"junk"], "")])
def test_nothing_to_verify(chain: list[bytes], host: str) -> None:
    """Row 228: an empty chain or host is a mistake of the caller."""
    result = verify_certificate(chain, host, NOW, _roots(make_authority()))
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
