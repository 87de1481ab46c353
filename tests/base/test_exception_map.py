"""The number, or the caller's own limit, decides which exception a failure becomes."""

from __future__ import annotations

import pytest

from netstack_sync.base import exceptions as ex
from netstack_sync.base import net_errors as e
from netstack_sync.base.exception_map import _NUMBERS_OF, TimeoutPhase, exception_for
from netstack_sync.base.exceptions import NetError
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.tls_wording import TlsTerms

_ERRORS = [n for k, n in vars(e).items() if k.startswith("ERR_") and n not in (e.ERR_IO_PENDING, e.ERR_CERT_END)]


@pytest.mark.parametrize(
    "number, expected",
    [
        (e.ERR_TIMED_OUT, ex.FetchTimeout),
        (e.ERR_CONNECTION_TIMED_OUT, ex.ConnectTimeout),
        (e.ERR_CONNECTION_CLOSED, ex.ConnectionFailed),
        (e.ERR_ADDRESS_UNREACHABLE, ex.ConnectionFailed),
        (e.ERR_NAME_NOT_RESOLVED, ex.NameNotResolved),
        (e.ERR_DNS_TIMED_OUT, ex.NameNotResolved),
        (e.ERR_CONNECTION_REFUSED, ex.ConnectionRefused),
        (e.ERR_CONNECTION_RESET, ex.ConnectionReset),
        (e.ERR_EMPTY_RESPONSE, ex.EmptyResponse),
        (e.ERR_SSL_PROTOCOL_ERROR, ex.TLSError),
        (e.ERR_CERT_DATE_INVALID, ex.CertificateError),
        (e.ERR_PROXY_CONNECTION_FAILED, ex.ProxyError),
        (e.ERR_HTTP2_PROTOCOL_ERROR, ex.ProtocolError),
        (e.ERR_INVALID_HTTP_RESPONSE, ex.Http1Error),
        (e.ERR_CONTENT_LENGTH_MISMATCH, ex.TruncatedBody),
        (e.ERR_INCOMPLETE_CHUNKED_ENCODING, ex.TruncatedBody),
        (e.ERR_TOO_MANY_REDIRECTS, ex.TooManyRedirects),
        (e.ERR_CONTENT_DECODING_FAILED, ex.DecodingError),
        (e.ERR_RESPONSE_HEADERS_TOO_BIG, ex.ResponseTooLarge),
        (e.ERR_ABORTED, ex.FetchCancelled),
        (e.ERR_CONTEXT_SHUT_DOWN, ex.ContextShutDown),
        (e.ERR_UNEXPECTED, NetError),
        (-9999, NetError),
    ],
)
def test_the_number_decides_the_class(number: int, expected: type[NetError]) -> None:
    """A number without a class of its own is a plain NetError, even one that nobody has heard of."""
    assert type(exception_for(number)) is expected


@pytest.mark.parametrize("number", _ERRORS)
def test_certificate_and_client_certificate_errors_are_about_tls(number: int) -> None:
    """The table agrees with the predicates of net_errors.py."""
    error = exception_for(number)
    if e.is_certificate_error(number):
        assert isinstance(error, ex.CertificateError)
    if e.is_client_certificate_error(number):
        assert type(error) is ex.TLSError


def test_no_number_is_in_the_table_twice() -> None:
    """Otherwise the order of the table would decide."""
    numbers = [number for row in _NUMBERS_OF.values() for number in row]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    "phase, expected",
    [
        ("total", ex.DeadlineExceeded),
        ("connect", ex.ConnectTimeout),
        ("read", ex.ReadTimeout),
        ("pool", ex.PoolTimeout),
    ],
)
def test_the_callers_own_limit_decides_before_the_number(phase: TimeoutPhase, expected: type[NetError]) -> None:
    """Which limit it was says more than ERR_TIMED_OUT does."""
    assert type(exception_for(e.ERR_TIMED_OUT, timed_out=phase)) is expected


@pytest.mark.parametrize("result", [e.OK, e.ERR_IO_PENDING, 17])
def test_success_is_not_an_exception(result: int) -> None:
    """Asking for one is a mistake in the stack."""
    with pytest.raises(AssertionError):
        exception_for(result)


def test_what_is_known_of_the_server_goes_with_a_refused_certificate() -> None:
    """Of every number that becomes a TLSError; other errors do not have it."""
    info = SSLInfo("TLSv1.3", "", "", (), "a.test")
    for number in (e.ERR_CERT_DATE_INVALID, e.ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN, e.ERR_SSL_SERVER_CERT_BAD_FORMAT):
        error = exception_for(number, detail="why", request="r", timing="t", may_have_been_sent=True, ssl_info=info)
        assert isinstance(error, ex.CertificateError) and error.ssl_info is info
        assert (error.request, error.timing, error.may_have_been_sent) == ("r", "t", True)
    failed = exception_for(e.ERR_SSL_PROTOCOL_ERROR, ssl_info=info)
    assert type(failed) is ex.TLSError and failed.ssl_info is info
    assert type(exception_for(e.ERR_CONNECTION_RESET, ssl_info=info)) is ex.ConnectionReset
    assert type(exception_for(e.ERR_TIMED_OUT, timed_out="total", ssl_info=info)) is ex.DeadlineExceeded


def test_the_callers_own_settings_go_with_errors_of_tls() -> None:
    """The advice depends on them."""
    own = TlsTerms(has_own_context=True)
    for number in (e.ERR_CERT_AUTHORITY_INVALID, e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED):
        error = exception_for(number, tls_terms=own)
        assert isinstance(error, ex.TLSError) and "your SSLContext" in error.advice
