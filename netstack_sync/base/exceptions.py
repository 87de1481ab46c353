"""The typed exceptions, raised only at the blocking edge, and the one table from error numbers to them.

    NetError (OSError)                      something between the caller and the answer failed
     ├── FetchTimeout (TimeoutError)        a time limit was reached
     │    ├── ConnectTimeout                   ... before there was a connection
     │    ├── ReadTimeout                      ... while the server was silent
     │    ├── PoolTimeout                      ... waiting for a socket to become free
     │    └── DeadlineExceeded                 ... the one for everything together
     ├── ConnectionFailed (ConnectionError) the network's failure
     │    ├── NameNotResolved                  the host name has no address
     │    ├── ConnectionRefused (ConnectionRefusedError)
     │    ├── ConnectionReset (ConnectionResetError)
     │    └── EmptyResponse                    closed before the first byte of the answer
     ├── TLSError                           the two sides could not agree on how to be secure
     │    └── CertificateError                 who answered could not prove to be the host
     ├── ProxyError                         the proxy, or choosing one, failed
     ├── ProtocolError                      the server's mistake
     │    ├── Http1Error                       ... in the framing of HTTP/1
     │    └── TruncatedBody                    ... the body ended early
     ├── TooManyRedirects
     ├── DecodingError                      the content is not what Content-Encoding says
     ├── ResponseTooLarge                   over a limit of ours
     ├── FetchCancelled                     the caller asked for it
     └── ContextShutDown                    the session was closed
    HTTPStatusError                         an answer came; its status says that the request failed
    InvalidURL (ValueError)                 the caller's mistake, found before anything was sent

A NetError that is none of its subclasses carries a number that is seldom met; `net_error` always says which.
The builtin in parentheses is a base as well, so that code can catch these without importing anything.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, TypeAlias

from netstack_sync.base import net_errors as e
from netstack_sync.base.net_error_meanings import meaning

TimeoutPhase: TypeAlias = Literal["total", "connect", "read", "pool"]


class NetErrorCode(NamedTuple):
    """One error number with its name: ("ERR_CONNECTION_RESET", -101)."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class NetError(OSError):
    """A fetch that got no (complete) answer. Pickles without `request`, which may hold credentials."""

    def __init__(
        self,
        net_error: int,
        detail: str = "",
        *,
        request: object | None = None,
        timing: object | None = None,
        may_have_been_sent: bool = False,
    ) -> None:
        # Nothing goes to OSError's own __init__: two arguments would become errno and strerror.
        super().__init__()
        self.net_error: Final = NetErrorCode(e.error_name(net_error), net_error)
        self.detail: Final = detail
        """What this case was about, such as the host name."""
        self.request = request
        self.timing = timing
        self.may_have_been_sent: Final = may_have_been_sent
        """Whether the server may have acted on the request; if not, anything can safely be sent again."""

    @property
    def meaning(self) -> str:
        """The number in one line of plain English."""
        return meaning(self.net_error.number)

    def __str__(self) -> str:
        text = f"{self.net_error}: {self.meaning}"
        return f"{text}: {self.detail}" if self.detail else text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[type[NetError], tuple[int, str], dict[str, object]]:
        return type(self), (self.net_error.number, self.detail), {**self.__dict__, "request": None}


class FetchTimeout(NetError, TimeoutError):
    """A time limit was reached; which one is said by the subclass."""


class ConnectTimeout(FetchTimeout):
    """No connection within the time for connecting; nothing was sent."""


class ReadTimeout(FetchTimeout):
    """The server was silent for longer than allowed."""


class PoolTimeout(FetchTimeout):
    """No socket became free in time: all that the limits allow were busy."""


class DeadlineExceeded(FetchTimeout):
    """The time for the whole fetch is over, wherever it was."""


class ConnectionFailed(NetError, ConnectionError):
    """The network did not bring us to the server, or lost us on the way."""


class NameNotResolved(ConnectionFailed):
    """The host name could not be turned into an address."""


class ConnectionRefused(ConnectionFailed, ConnectionRefusedError):
    """Nobody listens on that port."""


class ConnectionReset(ConnectionFailed, ConnectionResetError):
    """The other side, or something between, broke the connection off."""


class EmptyResponse(ConnectionFailed):
    """The server closed the connection without an answer."""


class TLSError(NetError):
    """No secure connection could be agreed on, or it broke."""


class CertificateError(TLSError):
    """The server's certificate does not prove that it is the host; nothing was sent."""


class ProxyError(NetError):
    """The proxy could not be chosen, reached or used."""


class ProtocolError(NetError):
    """The server broke the rules of its protocol."""


class Http1Error(ProtocolError):
    """The server's HTTP/1 message cannot be told apart from what follows it, or is none."""


class TruncatedBody(ProtocolError):
    """The body ended before the length that was announced."""


class TooManyRedirects(NetError):
    """Redirects went on past the limit."""


class DecodingError(NetError):
    """The body is not encoded as its headers say."""


class ResponseTooLarge(NetError):
    """The answer is larger than the limit that was set."""


class FetchCancelled(NetError):
    """The fetch was cancelled by its owner."""


class ContextShutDown(NetError):
    """The session was closed, before or during the fetch."""


class HTTPStatusError(Exception):
    """The answer has a status of 4xx or 5xx; raised by raise_for_status() only."""

    def __init__(self, message: str, response: Any) -> None:  # a Response, which is made many storeys above
        super().__init__(message, response)
        self.response = response

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidURL(ValueError):
    """The URL cannot be used; the message says what is wrong with it."""


def exception_for(
    net_error: int,
    *,
    detail: str = "",
    request: object | None = None,
    timing: object | None = None,
    may_have_been_sent: bool = False,
    timed_out: TimeoutPhase | None = None,
) -> NetError:
    """The exception that a failed operation becomes; not raised here.

    `timed_out` names the caller's own limit that ended the operation and then decides the class.
    """
    assert net_error < e.ERR_IO_PENDING, f"not an error: {net_error}"
    error_class = _BY_NUMBER.get(net_error, NetError) if timed_out is None else _BY_PHASE[timed_out]
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
