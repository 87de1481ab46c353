"""CertStatus, TrustConfig, CertVerifyResult and SSLInfo."""

from __future__ import annotations

import csv
import pickle
from functools import reduce
from operator import or_

import pytest

from netstack_sync.base import net_errors
from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error
from netstack_sync.base.net_errors import OK
from netstack_sync.base.ssl_info import CertVerifyResult, SSLInfo
from netstack_sync.base.trust_config import TrustConfig
from tests.workers.certificate_factory import Issued

# chromium.md 7.2, most serious first.
_ORDER = (
    ("INVALID", "ERR_CERT_INVALID"),
    ("PINNED_KEY_MISSING", "ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN"),
    ("KNOWN_INTERCEPTION_BLOCKED", "ERR_CERT_KNOWN_INTERCEPTION_BLOCKED"),
    ("REVOKED", "ERR_CERT_REVOKED"),
    ("AUTHORITY_INVALID", "ERR_CERT_AUTHORITY_INVALID"),
    ("COMMON_NAME_INVALID", "ERR_CERT_COMMON_NAME_INVALID"),
    ("CERTIFICATE_TRANSPARENCY_REQUIRED", "ERR_CERTIFICATE_TRANSPARENCY_REQUIRED"),
    ("SYMANTEC_LEGACY", "ERR_CERT_SYMANTEC_LEGACY"),
    ("NAME_CONSTRAINT_VIOLATION", "ERR_CERT_NAME_CONSTRAINT_VIOLATION"),
    ("WEAK_SIGNATURE_ALGORITHM", "ERR_CERT_WEAK_SIGNATURE_ALGORITHM"),
    ("WEAK_KEY", "ERR_CERT_WEAK_KEY"),
    ("DATE_INVALID", "ERR_CERT_DATE_INVALID"),
    ("VALIDITY_TOO_LONG", "ERR_CERT_VALIDITY_TOO_LONG"),
    ("UNABLE_TO_CHECK_REVOCATION", "ERR_CERT_UNABLE_TO_CHECK_REVOCATION"),
    ("NO_REVOCATION_MECHANISM", "ERR_CERT_NO_REVOCATION_MECHANISM"),
)


@pytest.mark.parametrize("position", range(len(_ORDER)))
def test_the_most_serious_error_is_reported(position: int) -> None:
    """Of all errors from a place in the order on, the one at that place is the net error."""
    status = reduce(or_, [CertStatus[name] for name, _ in _ORDER[position:]])
    assert map_cert_status_to_net_error(status) == getattr(net_errors, _ORDER[position][1])


def test_information_is_no_error() -> None:
    """Bits that only inform, and a name that is not unique, give OK."""
    harmless = CertStatus.IS_EV | CertStatus.SHA1_SIGNATURE_PRESENT | CertStatus.CT_COMPLIANCE_FAILED
    assert map_cert_status_to_net_error(harmless | CertStatus.NON_UNIQUE_NAME) == OK
    assert map_cert_status_to_net_error(CertStatus(0)) == OK


def test_flags_have_chromiums_numbers() -> None:
    """A sample of the numbers that the NetLog viewer knows."""
    rows = csv.reader(["AUTHORITY_INVALID,4", "WEAK_KEY,2048", "KNOWN_INTERCEPTION_BLOCKED,67108864"])
    assert all(CertStatus[name] == int(value) for name, value in rows)
    assert len(CertStatus) == 21


def test_trust_configs_are_keys() -> None:
    """Equal settings are equal keys; a different verify or source is another key."""
    assert TrustConfig(ca_file="a") == TrustConfig(ca_file="a")
    assert len({TrustConfig(), TrustConfig(verify=False), TrustConfig(ca_file="a"), TrustConfig(ca_path="a")}) == 4


@pytest.mark.parametrize(
    "config, is_default",
    [
        (TrustConfig(), True),
        (TrustConfig(verify=False), True),
        (TrustConfig(ca_file="f"), False),
        (TrustConfig(ca_path="p"), False),
        (TrustConfig(ca_data=b""), False),
    ],
)
def test_default_roots_are_used_when_no_source_is_named(config: TrustConfig, is_default: bool) -> None:
    """An empty source is named too: it must not turn into the system's roots."""
    assert config.uses_default_roots is is_default


def test_a_trust_config_shows_what_is_set() -> None:
    """repr names paths, and data only by its length."""
    assert repr(TrustConfig()) == "<TrustConfig verify=True>"
    config = TrustConfig(verify=False, ca_file="f", ca_path="p", ca_data="xyz")
    assert repr(config) == "<TrustConfig verify=False ca_file='f' ca_path='p' ca_data=3>"


def test_a_verdict_is_added_to_what_the_handshake_agreed_on() -> None:
    """with_verdict keeps the connection's own values and can be pickled with a response."""
    info = SSLInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", "http/1.1", (b"leaf",))
    verdict = CertVerifyResult(-201, CertStatus.DATE_INVALID, (b"leaf", b"root"), True, ("expired",))
    judged = info.with_verdict(verdict)
    assert (judged.version, judged.peer_chain) == ("TLSv1.3", (b"leaf",))
    assert (judged.cert_status, judged.is_issued_by_known_root) == (CertStatus.DATE_INVALID, True)
    assert judged.verified_chain == (b"leaf", b"root")
    assert pickle.loads(pickle.dumps(judged)) == judged


@pytest.mark.parametrize("alpn, logged", [("h2", "h2"), ("", "unknown")])
def test_the_log_gets_chromiums_keys(alpn: str, logged: str) -> None:
    """SSL_CONNECT ends with version, cipher_suite and next_proto."""
    params = SSLInfo("TLSv1.2", "AES", alpn, ()).to_params()
    assert params == {"version": "TLSv1.2", "cipher_suite": "AES", "next_proto": logged}


def test_the_subject_is_read_from_the_leaf() -> None:
    """Without a leaf, or with one that is no certificate, there is no subject."""
    leaf = Issued.make("example.test")
    assert SSLInfo("", "", "", (leaf.der,)).subject == "CN=example.test"
    assert SSLInfo("", "", "", ()).subject == ""
    assert SSLInfo("", "", "", (b"junk",)).subject == ""
