"""CertStatus: what may be wrong with a certificate chain, and which of it counts most."""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_INVALID,
    ERR_CERT_KNOWN_INTERCEPTION_BLOCKED,
    ERR_CERT_NAME_CONSTRAINT_VIOLATION,
    ERR_CERT_NO_REVOCATION_MECHANISM,
    ERR_CERT_REVOKED,
    ERR_CERT_SYMANTEC_LEGACY,
    ERR_CERT_UNABLE_TO_CHECK_REVOCATION,
    ERR_CERT_VALIDITY_TOO_LONG,
    ERR_CERT_WEAK_KEY,
    ERR_CERT_WEAK_SIGNATURE_ALGORITHM,
    ERR_CERTIFICATE_TRANSPARENCY_REQUIRED,
    ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN,
    OK,
)


class CertStatus(IntFlag):
    """What was found out about a chain; several can be set (net/cert/cert_status_flags_list.h)."""

    COMMON_NAME_INVALID = 1 << 0  # the certificate is for other hosts
    DATE_INVALID = 1 << 1  # expired, or not valid yet
    AUTHORITY_INVALID = 1 << 2  # nobody who is trusted vouches for it
    NO_REVOCATION_MECHANISM = 1 << 4  # it does not say where revocation can be looked up
    UNABLE_TO_CHECK_REVOCATION = 1 << 5  # that place did not answer
    REVOKED = 1 << 6  # its issuer has taken it back
    INVALID = 1 << 7  # it breaks the rules of X.509, or is not made for servers
    WEAK_SIGNATURE_ALGORITHM = 1 << 8  # signed with a broken hash
    NON_UNIQUE_NAME = 1 << 10  # the host name is one that many networks use; never an error by itself
    WEAK_KEY = 1 << 11  # a key that is too short
    PINNED_KEY_MISSING = 1 << 13  # none of the keys that the host is pinned to
    NAME_CONSTRAINT_VIOLATION = 1 << 14  # an issuer on the way may not vouch for this name
    VALIDITY_TOO_LONG = 1 << 15  # valid for more years than a public authority may grant
    IS_EV = 1 << 16  # information: extended validation
    REV_CHECKING_ENABLED = 1 << 17  # information: revocation was looked up
    SHA1_SIGNATURE_PRESENT = 1 << 19  # information: SHA-1 somewhere in the chain
    CT_COMPLIANCE_FAILED = 1 << 20  # information: not enough certificate transparency
    KNOWN_INTERCEPTION_DETECTED = 1 << 21  # information: a known intercepting product
    CERTIFICATE_TRANSPARENCY_REQUIRED = 1 << 24  # too little certificate transparency, where it is demanded
    SYMANTEC_LEGACY = 1 << 25  # issued by the distrusted Symantec authorities
    KNOWN_INTERCEPTION_BLOCKED = 1 << 26  # an intercepting product that is blocked


# The most serious first (net/cert/cert_status_flags.cc).
_SERIOUSNESS: Final = (
    (CertStatus.INVALID, ERR_CERT_INVALID),
    (CertStatus.PINNED_KEY_MISSING, ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN),
    (CertStatus.KNOWN_INTERCEPTION_BLOCKED, ERR_CERT_KNOWN_INTERCEPTION_BLOCKED),
    (CertStatus.REVOKED, ERR_CERT_REVOKED),
    (CertStatus.AUTHORITY_INVALID, ERR_CERT_AUTHORITY_INVALID),
    (CertStatus.COMMON_NAME_INVALID, ERR_CERT_COMMON_NAME_INVALID),
    (CertStatus.CERTIFICATE_TRANSPARENCY_REQUIRED, ERR_CERTIFICATE_TRANSPARENCY_REQUIRED),
    (CertStatus.SYMANTEC_LEGACY, ERR_CERT_SYMANTEC_LEGACY),
    (CertStatus.NAME_CONSTRAINT_VIOLATION, ERR_CERT_NAME_CONSTRAINT_VIOLATION),
    (CertStatus.WEAK_SIGNATURE_ALGORITHM, ERR_CERT_WEAK_SIGNATURE_ALGORITHM),
    (CertStatus.WEAK_KEY, ERR_CERT_WEAK_KEY),
    (CertStatus.DATE_INVALID, ERR_CERT_DATE_INVALID),
    (CertStatus.VALIDITY_TOO_LONG, ERR_CERT_VALIDITY_TOO_LONG),
    (CertStatus.UNABLE_TO_CHECK_REVOCATION, ERR_CERT_UNABLE_TO_CHECK_REVOCATION),
    (CertStatus.NO_REVOCATION_MECHANISM, ERR_CERT_NO_REVOCATION_MECHANISM),
)


def map_cert_status_to_net_error(status: CertStatus) -> int:
    """The number of the most serious error in `status`; OK when only information is set."""
    for flag, net_error in _SERIOUSNESS:
        if status & flag:
            return net_error
    return OK


def map_net_error_to_cert_status(net_error: int) -> CertStatus:
    """The flag of a certificate error, INVALID for an error of another kind; nothing for OK."""
    if net_error == OK:
        return CertStatus(0)
    return next((flag for flag, number in _SERIOUSNESS if number == net_error), CertStatus.INVALID)
