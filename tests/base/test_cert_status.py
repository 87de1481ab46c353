"""CertStatus: Chromium's flags, and which of them is reported."""

from __future__ import annotations

import csv
from functools import reduce
from operator import or_

import pytest

from netstack_sync.base import net_errors
from netstack_sync.base.cert_status import CertStatus, map_cert_status_to_net_error, map_net_error_to_cert_status
from netstack_sync.base.net_errors import ERR_FAILED, OK

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


@pytest.mark.parametrize("name, error", _ORDER)
def test_an_error_has_its_flag(name: str, error: str) -> None:
    """The way back, for a verdict that is a number only."""
    assert map_net_error_to_cert_status(getattr(net_errors, error)) == CertStatus[name]


def test_other_results_have_flags_too() -> None:
    """Nothing is wrong, or nobody knows what."""
    assert map_net_error_to_cert_status(OK) == CertStatus(0)
    assert map_net_error_to_cert_status(ERR_FAILED) == CertStatus.INVALID
