"""Errors of the system, of getaddrinfo and of OpenSSL become the net errors that Chromium gives them."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from netstack_sync.base import net_errors as e
from netstack_sync.base.error_map import (
    map_accept_error,
    map_connect_error,
    map_resolve_error,
    map_ssl_error,
    map_system_error,
    map_verify_code,
)


@pytest.mark.parametrize(
    "os_error, net_error",
    [
        (0, e.OK),
        (errno.EAGAIN, e.ERR_IO_PENDING),
        (errno.EWOULDBLOCK, e.ERR_IO_PENDING),
        (errno.EPERM, e.ERR_ACCESS_DENIED),
        (errno.ENETDOWN, e.ERR_INTERNET_DISCONNECTED),
        (errno.ETIMEDOUT, e.ERR_TIMED_OUT),
        (errno.EPIPE, e.ERR_CONNECTION_RESET),
        (errno.ECONNABORTED, e.ERR_CONNECTION_ABORTED),
        (errno.ECONNREFUSED, e.ERR_CONNECTION_REFUSED),
        (errno.ENETUNREACH, e.ERR_ADDRESS_UNREACHABLE),
        (errno.EADDRNOTAVAIL, e.ERR_ADDRESS_INVALID),
        (errno.EADDRINUSE, e.ERR_ADDRESS_IN_USE),
        (errno.EMSGSIZE, e.ERR_MSG_TOO_BIG),
        (errno.ENOTCONN, e.ERR_SOCKET_NOT_CONNECTED),
        (errno.EISCONN, e.ERR_SOCKET_IS_CONNECTED),
        (errno.EINVAL, e.ERR_INVALID_ARGUMENT),
        (errno.EBADF, e.ERR_INVALID_HANDLE),
        (errno.EMFILE, e.ERR_INSUFFICIENT_RESOURCES),
        (errno.ECANCELED, e.ERR_ABORTED),
        (errno.ENOSPC, e.ERR_FILE_NO_SPACE),
        (errno.EEXIST, e.ERR_FILE_EXISTS),
        (errno.EFBIG, e.ERR_FILE_TOO_BIG),
        (errno.ENAMETOOLONG, e.ERR_FILE_PATH_TOO_LONG),
        (errno.ENOENT, e.ERR_FILE_NOT_FOUND),
        (errno.ENOMEM, e.ERR_OUT_OF_MEMORY),
        (errno.ENOBUFS, e.ERR_NO_BUFFER_SPACE),
        (errno.ENOPROTOOPT, e.ERR_NOT_IMPLEMENTED),
        (errno.EXDEV, e.ERR_FAILED),
        (99999, e.ERR_FAILED),
    ],
)
def test_errno_becomes_a_net_error(os_error: int, net_error: int) -> None:
    """Chromium's MapSystemError; what is not in its table has failed for an unknown reason."""
    assert map_system_error(os_error) == net_error


@pytest.mark.parametrize(
    "os_error, net_error",
    [
        (0, e.OK),
        (errno.EINPROGRESS, e.ERR_IO_PENDING),
        (errno.EACCES, e.ERR_NETWORK_ACCESS_DENIED),
        (errno.ETIMEDOUT, e.ERR_CONNECTION_TIMED_OUT),
        (errno.ECONNREFUSED, e.ERR_CONNECTION_REFUSED),
        (errno.EXDEV, e.ERR_CONNECTION_FAILED),
    ],
)
def test_connecting_has_words_of_its_own(os_error: int, net_error: int) -> None:
    """A time-out is one of the connection, and an unknown failure is one to connect."""
    assert map_connect_error(os_error) == net_error


def test_accepting_overlooks_a_client_that_has_left() -> None:
    """The listening socket is fine: accept the next one."""
    assert map_accept_error(errno.ECONNABORTED) == e.ERR_IO_PENDING
    assert map_accept_error(errno.EMFILE) == e.ERR_INSUFFICIENT_RESOURCES


@pytest.mark.parametrize("gai_code", [0, socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL])
def test_resolving_fails_in_one_way(gai_code: int) -> None:
    """Users of the resolver are told one thing; the code goes to the log."""
    assert map_resolve_error(gai_code) == e.ERR_NAME_NOT_RESOLVED


def test_resolving_without_memory_is_not_the_names_fault() -> None:
    """Asking again may help, asking for another name does not."""
    assert map_resolve_error(socket.EAI_MEMORY) == e.ERR_OUT_OF_MEMORY


@pytest.mark.parametrize(
    "reason, net_error",
    [
        ("UNSUPPORTED_PROTOCOL", e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH),
        ("TLSV1_ALERT_PROTOCOL_VERSION", e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH),
        ("NO_PROTOCOLS_AVAILABLE", e.ERR_NO_SSL_VERSIONS_ENABLED),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", e.ERR_BAD_SSL_CLIENT_AUTH_CERT),
        ("TLSV1_ALERT_UNKNOWN_CA", e.ERR_BAD_SSL_CLIENT_AUTH_CERT),
        ("NO_SUITABLE_SIGNATURE_ALGORITHM", e.ERR_SSL_CLIENT_AUTH_NO_COMMON_ALGORITHMS),
        ("TLSV1_UNRECOGNIZED_NAME", e.ERR_SSL_UNRECOGNIZED_NAME_ALERT),
        ("TLSV1_ALERT_DECRYPT_ERROR", e.ERR_SSL_DECRYPT_ERROR_ALERT),
        ("SSLV3_ALERT_BAD_RECORD_MAC", e.ERR_SSL_BAD_RECORD_MAC_ALERT),
        ("SSLV3_ALERT_DECOMPRESSION_FAILURE", e.ERR_SSL_DECOMPRESSION_FAILURE_ALERT),
        ("NO_RENEGOTIATION", e.ERR_SSL_NO_RENEGOTIATION),
        ("NO_APPLICATION_PROTOCOL", e.ERR_ALPN_NEGOTIATION_FAILED),
        ("UNKNOWN_KEY_EXCHANGE_TYPE", e.ERR_NOT_IMPLEMENTED),
        ("CERTIFICATE_VERIFY_FAILED", e.ERR_CERT_INVALID),
        ("UNEXPECTED_EOF_WHILE_READING", e.ERR_CONNECTION_CLOSED),
        ("WRONG_VERSION_NUMBER", e.ERR_SSL_PROTOCOL_ERROR),
        ("SOMETHING_NEW", e.ERR_SSL_PROTOCOL_ERROR),
        (None, e.ERR_SSL_PROTOCOL_ERROR),
    ],
)
def test_openssl_reasons_become_net_errors(reason: str | None, net_error: int) -> None:
    """What has no number of its own, such as plain HTTP where TLS was expected, is a protocol error."""
    assert map_ssl_error(reason) == net_error


@pytest.mark.parametrize(
    "verify_code, net_error",
    [
        (10, e.ERR_CERT_DATE_INVALID),
        (18, e.ERR_CERT_AUTHORITY_INVALID),
        (20, e.ERR_CERT_AUTHORITY_INVALID),
        (23, e.ERR_CERT_REVOKED),
        (3, e.ERR_CERT_UNABLE_TO_CHECK_REVOCATION),
        (47, e.ERR_CERT_NAME_CONSTRAINT_VIOLATION),
        (62, e.ERR_CERT_COMMON_NAME_INVALID),
        (66, e.ERR_CERT_WEAK_KEY),
        (68, e.ERR_CERT_WEAK_SIGNATURE_ALGORITHM),
        (25, e.ERR_CERT_INVALID),
        (-1, e.ERR_CERT_INVALID),
    ],
)
def test_verify_codes_become_certificate_errors(verify_code: int, net_error: int) -> None:
    """Whatever OpenSSL says of a certificate, the result is a certificate error."""
    assert map_verify_code(verify_code) == net_error
    assert e.is_certificate_error(net_error)


def test_a_real_handshake_error_is_understood() -> None:
    """Python's `reason` is what the table is keyed by: an alert of the server, by way of OpenSSL."""
    incoming = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, ssl.MemoryBIO(), server_hostname="h.test")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    incoming.write(b"\x15\x03\x03\x00\x02\x02\x46")  # a fatal alert: protocol_version (70)
    with pytest.raises(ssl.SSLError) as caught:
        client.do_handshake()
    assert map_ssl_error(caught.value.reason) == e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH
