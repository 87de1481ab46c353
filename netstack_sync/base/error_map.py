"""The translation of other people's errors into net errors: errno, getaddrinfo and OpenSSL, one table each.

Plain numbers and names in, a net error out; nothing here touches a socket. The tables are Chromium's
(net/base/net_errors_posix.cc, net/socket/socket_posix.cc, net/ssl/openssl_ssl_util.cc), in the terms that
Python reports.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Final

from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_ACCESS_DENIED,
    ERR_ADDRESS_IN_USE,
    ERR_ADDRESS_INVALID,
    ERR_ADDRESS_UNREACHABLE,
    ERR_ALPN_NEGOTIATION_FAILED,
    ERR_BAD_SSL_CLIENT_AUTH_CERT,
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_COMMON_NAME_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CERT_INVALID,
    ERR_CERT_NAME_CONSTRAINT_VIOLATION,
    ERR_CERT_REVOKED,
    ERR_CERT_UNABLE_TO_CHECK_REVOCATION,
    ERR_CERT_WEAK_KEY,
    ERR_CERT_WEAK_SIGNATURE_ALGORITHM,
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_FAILED,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_CONNECTION_TIMED_OUT,
    ERR_FAILED,
    ERR_FILE_EXISTS,
    ERR_FILE_NO_SPACE,
    ERR_FILE_NOT_FOUND,
    ERR_FILE_PATH_TOO_LONG,
    ERR_FILE_TOO_BIG,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_INTERNET_DISCONNECTED,
    ERR_INVALID_ARGUMENT,
    ERR_INVALID_HANDLE,
    ERR_IO_PENDING,
    ERR_MSG_TOO_BIG,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_ACCESS_DENIED,
    ERR_NO_BUFFER_SPACE,
    ERR_NO_SSL_VERSIONS_ENABLED,
    ERR_NOT_IMPLEMENTED,
    ERR_OUT_OF_MEMORY,
    ERR_SOCKET_IS_CONNECTED,
    ERR_SOCKET_NOT_CONNECTED,
    ERR_SSL_BAD_RECORD_MAC_ALERT,
    ERR_SSL_CLIENT_AUTH_NO_COMMON_ALGORITHMS,
    ERR_SSL_DECOMPRESSION_FAILURE_ALERT,
    ERR_SSL_DECRYPT_ERROR_ALERT,
    ERR_SSL_NO_RENEGOTIATION,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_SSL_UNRECOGNIZED_NAME_ALERT,
    ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
    ERR_TIMED_OUT,
    OK,
)


def map_system_error(os_error: int) -> int:
    """The net error of an errno; 0 is OK, "would block" is ERR_IO_PENDING, an unknown one ERR_FAILED."""
    return _BY_ERRNO.get(os_error, ERR_FAILED)


def map_connect_error(os_error: int) -> int:
    """The net error of what connect() or a connecting socket's SO_ERROR said."""
    net_error = _BY_CONNECT_ERRNO.get(os_error, map_system_error(os_error))
    return ERR_CONNECTION_FAILED if net_error == ERR_FAILED else net_error


def map_accept_error(os_error: int) -> int:
    """The net error of what accept() said; a client that has left already is ERR_IO_PENDING."""
    return ERR_IO_PENDING if os_error == errno.ECONNABORTED else map_system_error(os_error)


def map_resolve_error(gai_code: int) -> int:
    """The net error of a `socket.gaierror`; to a resolver's users nearly every reason is the same.

    EAI_SYSTEM does not arrive here: Python raises the OSError behind it, which is for map_system_error.
    """
    return ERR_OUT_OF_MEMORY if gai_code == socket.EAI_MEMORY else ERR_NAME_NOT_RESOLVED


def map_ssl_error(reason: str | None) -> int:
    """The net error of an `ssl.SSLError` by its `reason`; an unknown one is ERR_SSL_PROTOCOL_ERROR."""
    return _BY_SSL_REASON.get(reason or "", ERR_SSL_PROTOCOL_ERROR)


def map_verify_code(verify_code: int) -> int:
    """The net error of an `ssl.SSLCertVerificationError`; an unknown one is ERR_CERT_INVALID."""
    return _BY_VERIFY_CODE.get(verify_code, ERR_CERT_INVALID)


def _by_errno(names_of: Mapping[int, str]) -> dict[int, int]:
    """Turns net error -> errno names around; a name that this platform does not have is left out."""
    return {
        getattr(errno, name): net_error
        for net_error, names in names_of.items()
        for name in names.split()
        if hasattr(errno, name)
    }


_BY_ERRNO: Final = {0: OK} | _by_errno(
    {
        ERR_IO_PENDING: "EAGAIN EWOULDBLOCK",
        ERR_ACCESS_DENIED: "EACCES EPERM EISDIR EROFS ETXTBSY",
        ERR_INTERNET_DISCONNECTED: "ENETDOWN",
        ERR_TIMED_OUT: "ETIMEDOUT",
        ERR_CONNECTION_RESET: "ECONNRESET ENETRESET EPIPE",
        ERR_CONNECTION_ABORTED: "ECONNABORTED",
        ERR_CONNECTION_REFUSED: "ECONNREFUSED",
        ERR_ADDRESS_UNREACHABLE: "EHOSTUNREACH EHOSTDOWN ENETUNREACH EAFNOSUPPORT",
        ERR_ADDRESS_INVALID: "EADDRNOTAVAIL",
        ERR_ADDRESS_IN_USE: "EADDRINUSE",
        ERR_MSG_TOO_BIG: "EMSGSIZE",
        ERR_SOCKET_NOT_CONNECTED: "ENOTCONN",
        ERR_SOCKET_IS_CONNECTED: "EISCONN",
        ERR_INVALID_ARGUMENT: "E2BIG EFAULT EINVAL ENODEV",
        ERR_INVALID_HANDLE: "EBADF",
        ERR_INSUFFICIENT_RESOURCES: "EBUSY EDEADLK ENFILE EMFILE ENOLCK EUSERS",
        ERR_ABORTED: "ECANCELED",
        ERR_FILE_NO_SPACE: "EDQUOT ENOSPC",
        ERR_FILE_EXISTS: "EEXIST",
        ERR_FILE_TOO_BIG: "EFBIG",
        ERR_FILE_PATH_TOO_LONG: "ENAMETOOLONG",
        ERR_FILE_NOT_FOUND: "ENOENT ENOTDIR",
        ERR_OUT_OF_MEMORY: "ENOMEM",
        ERR_NO_BUFFER_SPACE: "ENOBUFS",
        ERR_NOT_IMPLEMENTED: "ENOSYS ENOTSUP ENOPROTOOPT",
    }
)

_BY_CONNECT_ERRNO: Final = {
    errno.EINPROGRESS: ERR_IO_PENDING,
    errno.EACCES: ERR_NETWORK_ACCESS_DENIED,  # a firewall of this machine
    errno.ETIMEDOUT: ERR_CONNECTION_TIMED_OUT,
}

# OpenSSL's names, as `ssl.SSLError.reason` gives them. The ones with ALERT in them are what the server said.
_BY_SSL_REASON: Final = {
    reason: net_error
    for net_error, reasons in {
        ERR_SSL_VERSION_OR_CIPHER_MISMATCH: (
            "UNSUPPORTED_PROTOCOL UNSUPPORTED_SSL_VERSION WRONG_SSL_VERSION VERSION_TOO_LOW VERSION_TOO_HIGH "
            "NO_CIPHER_MATCH NO_CIPHERS_AVAILABLE NO_SHARED_CIPHER SSLV3_ALERT_HANDSHAKE_FAILURE "
            "TLSV1_ALERT_INSUFFICIENT_SECURITY TLSV1_ALERT_PROTOCOL_VERSION"
        ),
        ERR_NO_SSL_VERSIONS_ENABLED: "NO_PROTOCOLS_AVAILABLE",
        ERR_BAD_SSL_CLIENT_AUTH_CERT: (
            "SSLV3_ALERT_BAD_CERTIFICATE SSLV3_ALERT_CERTIFICATE_EXPIRED SSLV3_ALERT_CERTIFICATE_REVOKED "
            "SSLV3_ALERT_CERTIFICATE_UNKNOWN SSLV3_ALERT_NO_CERTIFICATE SSLV3_ALERT_UNSUPPORTED_CERTIFICATE "
            "TLSV1_ALERT_ACCESS_DENIED TLSV1_ALERT_UNKNOWN_CA TLSV13_ALERT_CERTIFICATE_REQUIRED"
        ),
        ERR_SSL_CLIENT_AUTH_NO_COMMON_ALGORITHMS: "NO_SUITABLE_SIGNATURE_ALGORITHM",
        ERR_SSL_UNRECOGNIZED_NAME_ALERT: "TLSV1_UNRECOGNIZED_NAME",
        ERR_SSL_DECRYPT_ERROR_ALERT: "TLSV1_ALERT_DECRYPT_ERROR",
        ERR_SSL_BAD_RECORD_MAC_ALERT: "SSLV3_ALERT_BAD_RECORD_MAC",
        ERR_SSL_DECOMPRESSION_FAILURE_ALERT: "SSLV3_ALERT_DECOMPRESSION_FAILURE",
        ERR_SSL_NO_RENEGOTIATION: "NO_RENEGOTIATION TLSV1_ALERT_NO_RENEGOTIATION",
        ERR_ALPN_NEGOTIATION_FAILED: "NO_APPLICATION_PROTOCOL TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        ERR_NOT_IMPLEMENTED: "UNKNOWN_CERTIFICATE_TYPE UNKNOWN_CIPHER_TYPE UNKNOWN_KEY_EXCHANGE_TYPE",
        ERR_CERT_INVALID: "CERTIFICATE_VERIFY_FAILED",  # map_verify_code() knows why
        ERR_CONNECTION_CLOSED: "UNEXPECTED_EOF_WHILE_READING",  # TCP ended, TLS did not say goodbye
    }.items()
    for reason in reasons.split()
}

# X509_V_ERR_... of OpenSSL's x509_vfy.h, as `ssl.SSLCertVerificationError.verify_code` gives them.
_BY_VERIFY_CODE: Final = {
    code: net_error
    for net_error, codes in {
        ERR_CERT_AUTHORITY_INVALID: (2, 18, 19, 20, 21, 27, 28),  # no path to a root that is trusted
        ERR_CERT_DATE_INVALID: (9, 10),  # not yet, not any more
        ERR_CERT_COMMON_NAME_INVALID: (62, 64),  # host name, IP address
        ERR_CERT_REVOKED: (23,),
        ERR_CERT_UNABLE_TO_CHECK_REVOCATION: (3, 12),  # no list, or an old one
        ERR_CERT_NAME_CONSTRAINT_VIOLATION: (47, 48),
        ERR_CERT_WEAK_KEY: (66, 67),
        ERR_CERT_WEAK_SIGNATURE_ALGORITHM: (68,),
    }.items()
    for code in codes
}
