"""CertVerifyResult and SSLInfo: what is known of a TLS connection, and read of its certificates when asked for."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.ssl_info import CertVerifyResult, SSLInfo
from netstack_sync.base.x509 import CertificateFacts
from tests.workers.certificate_factory import DAY, NOW, Issued, make_authority

_ROOT = make_authority("root")
_LEAF = Issued.make("example.test", issuer=_ROOT, san=("example.test", "IP:192.0.2.1"))
_VERDICT = CertVerifyResult(
    -201,
    CertStatus.DATE_INVALID | CertStatus.WEAK_KEY,
    (b"leaf", b"root"),
    True,
    ("expired", "weak"),
    (b"h1", b"h2"),
    "test",
)


def facts_of(issued: Issued) -> CertificateFacts:
    """What is read of it."""
    facts = CertificateFacts.from_der(issued.der)
    assert facts is not None
    return facts


def test_the_reasons_in_one_line() -> None:
    """For messages and logs."""
    assert _VERDICT.detail == "expired; weak"
    assert CertVerifyResult(0, CertStatus(0), (), False).detail == ""


def test_a_verdict_is_added_to_what_the_handshake_agreed_on() -> None:
    """with_verdict keeps the connection's own values and can be pickled with a response."""
    info = SSLInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", "http/1.1", (b"leaf",), "a.test", True)
    judged = info.with_verdict(_VERDICT)
    assert (judged.version, judged.cipher, judged.alpn) == (info.version, info.cipher, info.alpn)
    assert (judged.peer_chain, judged.host, judged.is_resumed) == ((b"leaf",), "a.test", True)
    assert (judged.cert_status, judged.is_issued_by_known_root) == (_VERDICT.cert_status, True)
    assert (judged.verified_chain, judged.reasons) == ((b"leaf", b"root"), ("expired", "weak"))
    assert (judged.public_key_hashes, judged.pinned_by) == ((b"h1", b"h2"), "test")
    assert pickle.loads(pickle.dumps(judged)) == judged


@pytest.mark.parametrize("alpn, logged", [("h2", "h2"), ("", "unknown")])
@pytest.mark.parametrize("is_resumed", [False, True])
def test_the_log_gets_chromiums_keys(alpn: str, logged: str, is_resumed: bool) -> None:
    """SSL_CONNECT ends with version, cipher_suite, is_resumed and next_proto."""
    params = SSLInfo("TLSv1.2", "AES", alpn, (), is_resumed=is_resumed).to_params()
    assert params == {"version": "TLSv1.2", "cipher_suite": "AES", "is_resumed": is_resumed, "next_proto": logged}


def test_the_leaf_is_read_when_it_is_asked_for() -> None:
    """Each property says what the certificate says."""
    info, leaf = SSLInfo("", "", "", (_LEAF.der, _ROOT.der)), facts_of(_LEAF)
    assert info.leaf == leaf
    assert (info.subject, info.issuer) == ("CN=example.test", "CN=root")
    assert info.subject_alternative_names == ("example.test", "192.0.2.1")
    assert info.not_before is not None and abs(info.not_before - (NOW - DAY)) < timedelta(seconds=1)
    assert info.not_after is not None and abs(info.not_after - (NOW + 30 * DAY)) < timedelta(seconds=1)
    assert int(info.serial_number, 16) == _LEAF.certificate.serial_number
    assert (info.public_key_hash, info.pin) == (leaf.public_key_hash, leaf.pin)


@pytest.mark.parametrize("chain", [(), (b"junk",)])
def test_without_a_leaf_there_is_nothing_to_read(chain: tuple[bytes, ...]) -> None:
    """None was sent, or one that is no certificate; nothing is raised."""
    info = SSLInfo("", "", "", chain)
    assert info.leaf is None and info.chain == ()
    assert (info.subject, info.issuer, info.subject_alternative_names) == ("", "", ())
    assert (info.not_before, info.not_after, info.serial_number) == (None, None, "")
    assert (info.public_key_hash, info.pin) == (b"", "")


def test_the_chain_is_the_verified_one() -> None:
    """Without a verdict it is what the server sent; what cannot be read is left out."""
    info = SSLInfo("", "", "", (_LEAF.der, b"junk"))
    assert info.chain == (facts_of(_LEAF),)
    judged = info.with_verdict(CertVerifyResult(0, CertStatus(0), (_LEAF.der, _ROOT.der), False))
    assert judged.chain == (facts_of(_LEAF), facts_of(_ROOT))


def test_repr_is_one_line_without_certificates() -> None:
    """What somebody looks for in a log or a debugger."""
    info = SSLInfo("TLSv1.3", "AES", "h2", (b"leaf",), "a.test", True)
    assert repr(info) == "<SSLInfo a.test TLSv1.3 AES h2 resumed 1 certificate>"
    assert repr(info.with_verdict(_VERDICT)).endswith(" 1 certificate DATE_INVALID WEAK_KEY>")
    assert repr(SSLInfo("TLSv1.2", "AES", "", ())) == "<SSLInfo TLSv1.2 AES 0 certificates>"
    assert repr(SSLInfo("TLSv1.2", "AES", "h\x1b\n", ())) == r"<SSLInfo TLSv1.2 AES h\x1b\n 0 certificates>"


@pytest.mark.parametrize(
    "status, has_fault",
    [
        (CertStatus(0), False),
        (CertStatus.SHA1_SIGNATURE_PRESENT, False),
        (CertStatus.DATE_INVALID | CertStatus.SHA1_SIGNATURE_PRESENT, True),
    ],
)
def test_a_fault_is_more_than_information(status: CertStatus, has_fault: bool) -> None:
    """What was found out may be harmless."""
    assert SSLInfo("TLSv1.3", "", "", (), cert_status=status).has_fault == has_fault
