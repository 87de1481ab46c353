"""Exit statuses: curl's numbers where curl has one, and which of them a failure gets."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.exceptions import (
    CertificateError,
    ConnectionFailed,
    ConnectionReset,
    DecodingError,
    EmptyResponse,
    FetchTimeout,
    NameNotResolved,
    NetError,
    ProtocolError,
    ProxyError,
    ResponseTooLarge,
    TLSError,
    TooManyRedirects,
    TruncatedBody,
)
from netstack_sync.base.net_errors import ERR_ACCESS_DENIED, ERR_FILE_NOT_FOUND, ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN
from netstack_sync.base.shown_text import shown

_MAX_MESSAGE: Final = 2000

OK: Final = 0
OTHER: Final = 1
USAGE: Final = 2
BAD_URL: Final = 3
NOT_CONNECTED: Final = 7
HTTP_ERROR: Final = 22
WRITE_ERROR: Final = 23
READ_ERROR: Final = 26
TIMED_OUT: Final = 28
FILE_NOT_READ: Final = 37
BROKEN_OFF: Final = 56
TOO_LARGE: Final = 63
PIN_MISSING: Final = 90
PROXY: Final = 97
INTERRUPTED: Final = 130

MEANINGS: Final = {
    OK: "an answer came, whatever its status",
    OTHER: "any other failure",
    USAGE: "wrong arguments",
    BAD_URL: "the URL cannot be used",
    6: "the host name could not be resolved",
    NOT_CONNECTED: "no connection",
    8: "the server's answer breaks the rules of HTTP",
    18: "the body ended early",
    HTTP_ERROR: "the status is 400 or above, and -f, --fail-with-body or -C was given",
    WRITE_ERROR: "the output could not be written",
    READ_ERROR: "a file to send could not be read",
    TIMED_OUT: "a time limit was reached",
    35: "TLS failed",
    FILE_NOT_READ: "the file of a file: or ftp: URL could not be read",
    47: "too many redirects",
    52: "the server closed the connection without an answer",
    BROKEN_OFF: "the connection was reset or broken off",
    60: "the server's certificate was refused",
    61: "the body is not encoded as its headers say",
    TOO_LARGE: "the body is larger than --max-filesize",
    PIN_MISSING: "the server has none of the keys that it is pinned to",
    PROXY: "the proxy could not be chosen, reached or used",
    INTERRUPTED: "interrupted with Ctrl-C",
}
"""In the order in which they are shown."""

# The first class that fits decides: subclasses stand before what they are derived from.
_BY_CLASS: Final[tuple[tuple[type[NetError], int], ...]] = (
    (FetchTimeout, TIMED_OUT),
    (NameNotResolved, 6),
    (EmptyResponse, 52),
    (ConnectionReset, BROKEN_OFF),
    (CertificateError, 60),
    (TLSError, 35),
    (TruncatedBody, 18),
    (ProtocolError, 8),
    (TooManyRedirects, 47),
    (DecodingError, 61),
    (ResponseTooLarge, TOO_LARGE),
    (ProxyError, PROXY),
)


class CommandError(Exception):
    """A command ends without success: its exit status, and what to say on stderr; nothing if that is empty.

    The message may have words of a server's in it: what does not print is escaped.
    """

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(shown(message, _MAX_MESSAGE))
        self.status: Final = status


def exit_status(error: NetError) -> int:
    """The status of a fetch that failed."""
    if error.net_error.number == ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN:
        return PIN_MISSING
    if error.net_error.number in (ERR_ACCESS_DENIED, ERR_FILE_NOT_FOUND):
        return FILE_NOT_READ
    for error_class, status in _BY_CLASS:
        if isinstance(error, error_class):
            return status
    if isinstance(error, ConnectionFailed):
        return BROKEN_OFF if error.may_have_been_sent else NOT_CONNECTED
    return OTHER


def statuses_text() -> str:
    """The table, for the end of a command's help."""
    return "exit status:\n" + "\n".join([f"  {status:<4} {text}" for status, text in MEANINGS.items()])
