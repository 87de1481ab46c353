"""What `netstack cert` shows: everything about the leaf, the chain in short, and the verdict with its reasons."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.exceptions import CertificateError
from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_VALIDITY_TOO_LONG,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult, SSLInfo
from netstack_sync.base.x509 import CertificateFacts
from netstack_sync.cli.cert_report import CertReport
from tests.workers.certificate_factory import Issued, make_authority

BEGIN, END = datetime(2026, 3, 1, tzinfo=timezone.utc), datetime(2026, 3, 31, tzinfo=timezone.utc)
ROOT = make_authority("root")
LEAF = Issued.make("a.test", issuer=ROOT, san=("a.test", "b.test"), not_before=BEGIN, not_after=END)
CHAIN = (LEAF.der, ROOT.der)
SENT = SSLInfo("TLSv1.3", "AES", "h2", (LEAF.der,), "a.test")
GOOD = SENT.with_verdict(CertVerifyResult(OK, CertStatus(0), CHAIN, True))


def refused(net_error: int, *reasons: str) -> CertificateError:
    """What became of the handshake."""
    verdict = CertVerifyResult(net_error, CertStatus.DATE_INVALID, (LEAF.der,), False, reasons)
    return CertificateError(net_error, ssl_info=SENT.with_verdict(verdict))


def report(info: SSLInfo, error: CertificateError | None = None, now: datetime = BEGIN) -> CertReport:
    """As of some moment."""
    return CertReport("a.test:443", info, error, ManualWallClock(now.timestamp()))


def facts(issued: Issued) -> CertificateFacts:
    """What is read of it."""
    read = CertificateFacts.from_der(issued.der)
    assert read is not None
    return read


def test_a_good_server_in_lines() -> None:
    """All that a person looks for, in one screen."""
    leaf = facts(LEAF)
    assert report(GOOD).lines() == [
        "a.test:443 (TLSv1.3, AES, h2)",
        "  subject     CN=a.test",
        "  issuer      CN=root",
        "  names       a.test, b.test",
        "  valid       2026-03-01 00:00 UTC to 2026-03-31 00:00 UTC, 30 days left",
        "  key         EC secp256r1",
        "  signature   ECDSA with SHA256",
        f"  serial      {leaf.serial_number}",
        f"  fingerprint {leaf.fingerprint_sha256}",
        f"  pin         {leaf.pin}",
        "  chain       2, up to a root of the system",
        f"  1. CN=a.test  {leaf.pin}",
        f"  2. CN=root  {facts(ROOT).pin}",
        "  verdict     good",
    ]


def test_a_bad_one_is_shown_with_every_reason_and_the_advice() -> None:
    """The same, and what is wrong with it."""
    error = refused(ERR_CERT_DATE_INVALID, "it has expired", "its key is weak")
    assert error.ssl_info is not None
    lines = report(error.ssl_info, error).lines()
    assert lines[1:11] == [*report(GOOD).lines()[1:10], "  chain       1, as the server sent it"]
    assert lines[-4].startswith("  verdict     ERR_CERT_DATE_INVALID (-201): ")
    assert lines[-3:] == ["  - it has expired", "  - its key is weak", error.advice] and error.advice


def test_there_is_not_always_advice() -> None:
    """Then the reasons are the end."""
    error = refused(ERR_CERT_VALIDITY_TOO_LONG, "ten years")
    assert error.ssl_info is not None and report(error.ssl_info, error).lines()[-1] == "  - ten years"


def test_without_a_verdict_the_chain_is_what_was_sent() -> None:
    """And nothing is called good."""
    assert report(SENT).lines()[-3:] == [
        "  chain       1, as the server sent it",
        f"  1. CN=a.test  {facts(LEAF).pin}",
        "  verdict     none was asked for",
    ]


def test_whose_root_it_is_is_told() -> None:
    """The system's, or one that the user brought."""
    own = SENT.with_verdict(CertVerifyResult(OK, CertStatus(0), CHAIN, False))
    assert "  chain       2, up to a certificate of yours" in report(own).lines()
    verdict = CertVerifyResult(ERR_CERT_COMMON_NAME_INVALID, CertStatus.COMMON_NAME_INVALID, CHAIN, False, ("no",))
    wrong_host = CertificateError(verdict.net_error, ssl_info=SENT.with_verdict(verdict))
    assert wrong_host.ssl_info is not None
    assert "  chain       2, up to a certificate of yours" in report(wrong_host.ssl_info, wrong_host).lines()


@pytest.mark.parametrize(
    "now, text",
    [
        (BEGIN - timedelta(seconds=1), "which has not begun"),
        (END - timedelta(days=2), "2 days left"),
        (END - timedelta(days=1, hours=23), "1 day left"),
        (END - timedelta(hours=23, minutes=59), "23 hours left"),
        (END - timedelta(minutes=1), "1 minute left"),
        (END, "less than a minute left"),
        (END + timedelta(seconds=1), "expired less than a minute ago"),
        (END + timedelta(hours=3), "expired 3 hours ago"),
        (END + timedelta(days=1), "expired 1 day ago"),
        (END + timedelta(days=400), "expired 400 days ago"),
    ],
)
def test_the_time_that_is_left(now: datetime, text: str) -> None:
    """In the largest unit that there is one of, the rest dropped; nothing has expired "0 days ago"."""
    assert report(GOOD, now=now).lines()[4].endswith(f", {text}")


def test_odd_servers_are_shown_too() -> None:
    """No certificate that can be read, none of the usual fields, a resumed session."""
    nothing = SSLInfo("", "", "", (b"junk",))
    assert report(nothing).lines() == [
        "a.test:443",
        "  certificate cannot be read: it is none, or is damaged",
        "  chain       0, as the server sent it",
        "  verdict     none was asked for",
    ]
    bare = Issued.make("", san=())
    lines = report(SSLInfo("TLSv1.2", "AES", "", (bare.der,), is_resumed=True)).lines()
    assert lines[:4] == [
        "a.test:443 (TLSv1.2, AES, resumed)",
        "  subject     none",
        "  issuer      itself",
        "  names       none",
    ]
    assert f"  1. {facts(bare).serial_number}  {facts(bare).pin}" in lines


def test_values_for_json() -> None:
    """Everything that the lines say, and each certificate of the chain in full."""
    leaf = facts(LEAF)
    values = report(GOOD).values()
    chain = values.pop("chain")
    assert values == {
        "server": "a.test:443",
        "version": "TLSv1.3",
        "cipher": "AES",
        "alpn": "h2",
        "is_resumed": False,
        "is_verified": True,
        "is_issued_by_known_root": True,
        "net_error": 0,
        "error": None,
        "reasons": [],
        "advice": "",
    }
    assert isinstance(chain, list) and len(chain) == 2
    assert chain[0] == {
        "subject": "CN=a.test",
        "issuer": "CN=root",
        "names": ["a.test", "b.test"],
        "not_before": "2026-03-01T00:00:00+00:00",
        "not_after": "2026-03-31T00:00:00+00:00",
        "days_left": 30,
        "serial_number": leaf.serial_number,
        "public_key": "EC secp256r1",
        "signature_algorithm": "ECDSA with SHA256",
        "fingerprint_sha256": leaf.fingerprint_sha256,
        "pin": leaf.pin,
        "is_self_signed": False,
    }
    assert chain[1]["is_self_signed"] is True


def test_values_of_a_refusal() -> None:
    """Name and number, reasons, advice; not verified."""
    error = refused(ERR_CERT_DATE_INVALID, "it has expired", "its key is weak")
    assert error.ssl_info is not None
    values = report(error.ssl_info, error, END + timedelta(days=1)).values()
    assert (values["is_verified"], values["net_error"], values["error"]) == (False, -201, "ERR_CERT_DATE_INVALID")
    assert (values["reasons"], values["advice"]) == (["it has expired", "its key is weak"], error.advice)
    assert not report(SENT).values()["is_verified"]


def test_pem_is_the_chain() -> None:
    """One certificate after another, as a file of authorities holds them."""
    assert report(GOOD).pem() == LEAF.pem + ROOT.pem
    assert report(SENT).pem() == LEAF.pem


@pytest.mark.parametrize(
    "now, days",
    [
        (END - timedelta(days=2), 2),
        (END - timedelta(hours=23), 0),
        (END, 0),
        (END + timedelta(seconds=1), -1),
        (END + timedelta(hours=3), -1),
        (END + timedelta(days=1, hours=3), -2),
    ],
)
def test_days_left_for_scripts(now: datetime, days: int) -> None:
    """Rounded down: less than 0 is expired, as soon as it is."""
    chain = report(GOOD, now=now).values()["chain"]
    assert isinstance(chain, list) and chain[0]["days_left"] == days


def test_the_words_of_strangers_are_escaped() -> None:
    """A certificate is shown so that somebody can decide whom to trust: it must not draw on the screen itself."""
    root = make_authority("root\u202e")
    name = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x07\x82\x05a\x1b[2J")
    leaf = Issued.make("a\x1b[31m\r\n  verdict     good", issuer=root, san=(), extensions=((name, False),))
    info = SSLInfo("TLSv1.3", "AES", "", (leaf.der, root.der), "a.test", reasons=("why\n  verdict     good",))
    lines = report(info, CertificateError(ERR_CERT_COMMON_NAME_INVALID, ssl_info=info)).lines()
    assert all(line.isprintable() for line in lines)
    assert r"  subject     CN=a\1B[31m\0D\0A  verdict     good" in lines and r"  names       a\x1b[2J" in lines
    assert r"  - why\n  verdict     good" in lines


def test_advice_speaks_of_flags() -> None:
    """In lines and in JSON: whoever reads it is not writing Python."""
    bad = CertificateError(ERR_CERT_AUTHORITY_INVALID, ssl_info=SENT)
    advice = report(SENT, bad).values()["advice"]
    assert isinstance(advice, str) and "--cacert ca.pem" in advice and "extra_ca" not in advice
    assert report(SENT, bad).lines()[-1] == advice
