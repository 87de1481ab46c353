"""The typed exceptions, raised only at the blocking edge; which number becomes which says exception_map.py.

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
     │    ├── TruncatedBody                    ... the body ended early
     │    └── ChecksumMismatch                 ... the body is not the one that was expected
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

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import error_name
from netstack_sync.base.shown_text import shown

if TYPE_CHECKING:
    from netstack_sync.base.cert_status import CertStatus
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.base.tls_wording import TlsTerms, Wording
    from netstack_sync.base.x509 import CertificateFacts

_MAX_DETAIL: Final = 2000  # a long URL, or the keys of a long chain, are worth it; a megabyte of a stranger's is not


class NetErrorCode(NamedTuple):
    """One error number with its name: ("ERR_CONNECTION_RESET", -101)."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class Attempt(NamedTuple):
    """One time that a fetch was tried. With a status and an error the answer's body was cut off."""

    status: int | None
    """What the server answered; None when it did not."""
    net_error: NetErrorCode | None
    """Why there is no (complete) answer; None when there is one."""
    elapsed_s: float
    """From its beginning to the head of the answer, or to its failure."""
    wait_s: float
    """How long the next attempt was put off; 0 for the last."""


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
        self.net_error: Final = NetErrorCode(error_name(net_error), net_error)
        self.detail: Final = detail
        """What this case was about, such as the host name."""
        self.request = request
        self.timing = timing
        self.may_have_been_sent: Final = may_have_been_sent
        """Whether the server may have acted on the request; if not, anything can safely be sent again."""
        self.attempts: tuple[Attempt, ...] = ()
        """All that were made, the last one included; empty when it was never begun."""

    @property
    def meaning(self) -> str:
        """The number in one line of plain English."""
        return meaning(self.net_error.number)

    def __str__(self) -> str:
        text = f"{self.net_error}: {self.meaning}"
        return f"{text}: {shown(self.detail, _MAX_DETAIL)}" if self.detail else text

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

    def __init__(
        self,
        net_error: int,
        detail: str = "",
        *,
        request: object | None = None,
        timing: object | None = None,
        may_have_been_sent: bool = False,
        ssl_info: SSLInfo | None = None,
        tls_terms: TlsTerms | None = None,
    ) -> None:
        super().__init__(net_error, detail, request=request, timing=timing, may_have_been_sent=may_have_been_sent)
        self.ssl_info: Final = ssl_info
        """What was agreed on and found out; None when not even that is known."""
        self._tls_terms: Final = tls_terms

    @property
    def advice(self) -> str:
        """What can be done about it (the most serious thing), in one line; empty where nothing is known."""
        return self.advice_in(None)

    def advice_in(self, wording: Wording | None) -> str:
        """The same for readers who do not write Python; None for those who do."""
        from netstack_sync.base.tls_advice import tls_advice  # late: much text, for who reads it

        return tls_advice(self.net_error.number, self.detail, self._tls_terms, wording)

    def message_in(self, wording: Wording | None) -> str:
        """The whole message with such advice."""
        return _sentences(super().__str__(), self.advice_in(wording))

    def __str__(self) -> str:
        return self.message_in(None)


class CertificateError(TLSError):
    """The server's certificate does not prove that it is the host; nothing was sent."""

    @property
    def host(self) -> str:
        """Whom the certificate should be for; empty when that is not known."""
        return self.ssl_info.host if self.ssl_info is not None else ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Everything that is wrong, one thing each; what does not print is escaped."""
        if self.ssl_info is not None and self.ssl_info.reasons:
            return tuple([shown(reason, _MAX_DETAIL) for reason in self.ssl_info.reasons])
        return (shown(self.detail, _MAX_DETAIL),) if self.detail else ()

    @property
    def cert_status(self) -> CertStatus:
        """The same as flags."""
        if self.ssl_info is not None:
            return self.ssl_info.cert_status
        from netstack_sync.base.cert_status import CertStatus  # late: read with an SSLInfo

        return CertStatus(0)

    @property
    def chain(self) -> tuple[CertificateFacts, ...]:
        """The certificates as the server sent them, its own first; without those that cannot be read."""
        return self.ssl_info.sent_chain if self.ssl_info is not None else ()

    def advice_in(self, wording: Wording | None) -> str:
        """See TLSError.advice_in."""
        from netstack_sync.base.tls_advice import certificate_advice  # late: as above

        return certificate_advice(self.net_error.number, self.ssl_info, self._tls_terms, wording)

    def message_in(self, wording: Wording | None) -> str:
        """See TLSError.message_in."""
        parts = (str(self.net_error), self.meaning, self.host, "; ".join(self.reasons))
        return _sentences(": ".join(filter(None, parts)), self.advice_in(wording))


class ProxyError(NetError):
    """The proxy could not be chosen, reached or used."""


class ProtocolError(NetError):
    """The server broke the rules of its protocol."""


class Http1Error(ProtocolError):
    """The server's HTTP/1 message cannot be told apart from what follows it, or is none."""


class TruncatedBody(ProtocolError):
    """The body ended before the length that was announced."""


class ChecksumMismatch(ProtocolError):
    """A download does not have the checksum that it should have."""


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
        return shown(str(self.args[0]), _MAX_DETAIL)  # with a reason phrase of the server's


class InvalidURL(ValueError):
    """The URL cannot be used; the message says what is wrong with it."""


def _sentences(text: str, advice: str) -> str:
    if not advice:
        return text
    return f"{text} {advice}" if text.endswith((".", "…")) else f"{text}. {advice}"
