"""The one table from error numbers to exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from netstack_sync.base import net_errors as e
from netstack_sync.base.exceptions import (
    CertificateError,
    ConnectionFailed,
    ConnectionRefused,
    ConnectionReset,
    ConnectTimeout,
    ContextShutDown,
    DeadlineExceeded,
    DecodingError,
    EmptyResponse,
    FetchCancelled,
    FetchTimeout,
    Http1Error,
    NameNotResolved,
    NetError,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    ReadTimeout,
    ResponseTooLarge,
    TLSError,
    TooManyRedirects,
    TruncatedBody,
)

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.base.tls_wording import TlsTerms

TimeoutPhase: TypeAlias = Literal["total", "connect", "read", "pool"]


def exception_for(
    net_error: int,
    *,
    detail: str = "",
    request: object | None = None,
    timing: object | None = None,
    may_have_been_sent: bool = False,
    timed_out: TimeoutPhase | None = None,
    ssl_info: SSLInfo | None = None,
    tls_terms: TlsTerms | None = None,
) -> NetError:
    """The exception that a failed operation becomes; not raised here.

    `timed_out` names the caller's own limit that ended the operation and then decides the class. `ssl_info` is what is
    known of a server whose certificate was refused, `tls_terms` what the caller's settings let TLS be.
    """
    assert net_error < e.ERR_IO_PENDING, f"not an error: {net_error}"
    error_class = _BY_NUMBER.get(net_error, NetError) if timed_out is None else _BY_PHASE[timed_out]
    if issubclass(error_class, TLSError):
        return error_class(
            net_error,
            detail,
            request=request,
            timing=timing,
            may_have_been_sent=may_have_been_sent,
            ssl_info=ssl_info,
            tls_terms=tls_terms,
        )
    return error_class(net_error, detail, request=request, timing=timing, may_have_been_sent=may_have_been_sent)


_BY_PHASE: Final[dict[TimeoutPhase, type[FetchTimeout]]] = {
    "total": DeadlineExceeded,
    "connect": ConnectTimeout,
    "read": ReadTimeout,
    "pool": PoolTimeout,
}

# fmt: off
_NUMBERS_OF: Final[dict[type[NetError], tuple[int, ...]]] = {
    FetchTimeout: (e.ERR_TIMED_OUT,),
    ConnectTimeout: (e.ERR_CONNECTION_TIMED_OUT,),
    ConnectionFailed: (
        e.ERR_NETWORK_CHANGED, e.ERR_SOCKET_NOT_CONNECTED, e.ERR_CONNECTION_CLOSED,
        e.ERR_CONNECTION_ABORTED, e.ERR_CONNECTION_FAILED, e.ERR_INTERNET_DISCONNECTED,
        e.ERR_ADDRESS_INVALID, e.ERR_ADDRESS_UNREACHABLE, e.ERR_NETWORK_ACCESS_DENIED,
        e.ERR_NETWORK_IO_SUSPENDED, e.ERR_HTTP2_PING_FAILED, e.ERR_QUIC_HANDSHAKE_FAILED,
    ),
    NameNotResolved: (
        e.ERR_NAME_NOT_RESOLVED, e.ERR_NAME_RESOLUTION_FAILED, e.ERR_HOST_RESOLVER_QUEUE_TOO_LARGE,
        e.ERR_ICANN_NAME_COLLISION,
        *range(e.ERR_DNS_MALFORMED_RESPONSE, e.ERR_DNS_NAME_HTTPS_ONLY, -1),
    ),
    ConnectionRefused: (e.ERR_CONNECTION_REFUSED,),
    ConnectionReset: (e.ERR_CONNECTION_RESET,),
    EmptyResponse: (e.ERR_EMPTY_RESPONSE,),
    TLSError: (
        e.ERR_IMPORT_CA_CERT_FAILED,
        e.ERR_SSL_PROTOCOL_ERROR, e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED, e.ERR_NO_SSL_VERSIONS_ENABLED,
        e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH, e.ERR_SSL_RENEGOTIATION_REQUESTED,
        e.ERR_BAD_SSL_CLIENT_AUTH_CERT, e.ERR_ALPN_NEGOTIATION_FAILED, e.ERR_SSL_NO_RENEGOTIATION,
        e.ERR_SSL_DECOMPRESSION_FAILURE_ALERT, e.ERR_SSL_BAD_RECORD_MAC_ALERT,
        e.ERR_SSL_CLIENT_AUTH_PRIVATE_KEY_ACCESS_DENIED, e.ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY,
        e.ERR_SSL_CLIENT_AUTH_SIGNATURE_FAILED, e.ERR_SSL_HANDSHAKE_NOT_COMPLETED,
        e.ERR_SSL_BAD_PEER_PUBLIC_KEY, e.ERR_CLIENT_AUTH_CERT_TYPE_UNSUPPORTED,
        e.ERR_SSL_DECRYPT_ERROR_ALERT, e.ERR_SSL_SERVER_CERT_CHANGED,
        e.ERR_SSL_UNRECOGNIZED_NAME_ALERT, e.ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
        e.ERR_SSL_OBSOLETE_CIPHER, e.ERR_SSL_CLIENT_AUTH_NO_COMMON_ALGORITHMS,
        e.ERR_EARLY_DATA_REJECTED, e.ERR_WRONG_VERSION_ON_EARLY_DATA, e.ERR_TLS13_DOWNGRADE_DETECTED,
        e.ERR_SSL_KEY_USAGE_INCOMPATIBLE, e.ERR_INVALID_ECH_CONFIG_LIST, e.ERR_ECH_NOT_NEGOTIATED,
    ),
    CertificateError: (
        e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN, e.ERR_SSL_SERVER_CERT_BAD_FORMAT,
        e.ERR_ECH_FALLBACK_CERTIFICATE_INVALID, e.ERR_QUIC_CERT_ROOT_NOT_KNOWN,
        *range(e.ERR_CERT_COMMON_NAME_INVALID, e.ERR_CERT_END, -1),
    ),
    ProxyError: (
        e.ERR_TUNNEL_CONNECTION_FAILED, e.ERR_PROXY_AUTH_UNSUPPORTED, e.ERR_SOCKS_CONNECTION_FAILED,
        e.ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, e.ERR_PROXY_AUTH_REQUESTED,
        e.ERR_PROXY_CONNECTION_FAILED, e.ERR_MANDATORY_PROXY_CONFIGURATION_FAILED,
        e.ERR_PROXY_CERTIFICATE_INVALID, e.ERR_HTTPS_PROXY_TUNNEL_RESPONSE_REDIRECT,
        e.ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH, e.ERR_PROXY_UNABLE_TO_CONNECT_TO_DESTINATION,
        e.ERR_PAC_SCRIPT_FAILED, e.ERR_NO_SUPPORTED_PROXIES, e.ERR_PAC_NOT_IN_DHCP,
        e.ERR_PROXY_AUTH_REQUESTED_WITH_NO_CONNECTION, e.ERR_PROXY_HTTP_1_1_REQUIRED,
        e.ERR_PAC_SCRIPT_TERMINATED, e.ERR_PROXY_REQUIRED,
    ),
    ProtocolError: (
        e.ERR_WS_PROTOCOL_ERROR, e.ERR_INVALID_REDIRECT, e.ERR_UNSAFE_REDIRECT,
        e.ERR_INVALID_RESPONSE, e.ERR_UNEXPECTED_PROXY_AUTH, e.ERR_HTTP2_PROTOCOL_ERROR,
        e.ERR_INCOMPLETE_HTTP2_HEADERS, e.ERR_HTTP2_SERVER_REFUSED_STREAM, e.ERR_QUIC_PROTOCOL_ERROR,
        e.ERR_HTTP2_INADEQUATE_TRANSPORT_SECURITY, e.ERR_HTTP2_FLOW_CONTROL_ERROR,
        e.ERR_HTTP2_FRAME_SIZE_ERROR, e.ERR_HTTP2_COMPRESSION_ERROR,
        e.ERR_HTTP2_RST_STREAM_NO_ERROR_RECEIVED, e.ERR_HTTP2_STREAM_CLOSED,
        e.ERR_TOO_MANY_ACCEPT_CH_RESTARTS,
    ),
    Http1Error: (
        e.ERR_INVALID_CHUNKED_ENCODING, e.ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH,
        e.ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION, e.ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION,
        e.ERR_RESPONSE_HEADERS_TRUNCATED, e.ERR_INVALID_HTTP_RESPONSE,
    ),
    TruncatedBody: (e.ERR_CONTENT_LENGTH_MISMATCH, e.ERR_INCOMPLETE_CHUNKED_ENCODING),
    TooManyRedirects: (e.ERR_TOO_MANY_REDIRECTS,),
    DecodingError: (
        e.ERR_CONTENT_DECODING_FAILED, e.ERR_CONTENT_DECODING_INIT_FAILED,
        e.ERR_ENCODING_CONVERSION_FAILED, e.ERR_ENCODING_DETECTION_FAILED,
    ),
    ResponseTooLarge: (e.ERR_FILE_TOO_BIG, e.ERR_RESPONSE_HEADERS_TOO_BIG),
    FetchCancelled: (e.ERR_ABORTED,),
    ContextShutDown: (e.ERR_CONTEXT_SHUT_DOWN,),
}
# fmt: on

_BY_NUMBER: Final = {number: error_class for error_class, numbers in _NUMBERS_OF.items() for number in numbers}
