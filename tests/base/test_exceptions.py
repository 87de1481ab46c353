"""At the blocking edge a number becomes the exception whose class and message a user can act on."""

from __future__ import annotations

import pickle

import pytest

from netstack_sync.base import exceptions as ex
from netstack_sync.base import net_errors as e
from netstack_sync.base.exceptions import NetError, TimeoutPhase, exception_for
from netstack_sync.base.load_timing import LoadTiming

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
    numbers = [number for row in ex._NUMBERS_OF.values() for number in row]
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


@pytest.mark.parametrize(
    "error_class, builtin",
    [
        (NetError, OSError),
        (ex.FetchTimeout, TimeoutError),
        (ex.DeadlineExceeded, TimeoutError),
        (ex.NameNotResolved, ConnectionError),
        (ex.ConnectionRefused, ConnectionRefusedError),
        (ex.ConnectionReset, ConnectionResetError),
        (ex.CertificateError, ex.TLSError),
        (ex.InvalidURL, ValueError),
    ],
)
def test_the_classes_are_the_builtins_they_mean(error_class: type[Exception], builtin: type[Exception]) -> None:
    """Code that knows only Python's exceptions catches them."""
    assert issubclass(error_class, builtin)


def test_an_answer_with_a_bad_status_is_no_network_error() -> None:
    """`except NetError` must not swallow a 404."""
    response = object()
    error = ex.HTTPStatusError("404 Not Found for https://h.test/", response)
    assert error.response is response
    assert str(error) == "404 Not Found for https://h.test/"
    assert not isinstance(error, (NetError, OSError))


def test_the_message_says_number_meaning_and_detail() -> None:
    """In this order, each part there for a reason: to look it up, to understand it, to find the culprit."""
    error = exception_for(e.ERR_NAME_NOT_RESOLVED, detail="no-such.test")
    assert str(error) == "ERR_NAME_NOT_RESOLVED (-105): the host name could not be resolved: no-such.test"
    assert repr(error) == f"NameNotResolved({str(error)!r})"
    assert error.meaning == "the host name could not be resolved"


def test_the_message_ends_with_the_meaning_when_there_is_no_detail() -> None:
    """No colon without something behind it."""
    assert str(exception_for(e.ERR_ABORTED)) == "ERR_ABORTED (-3): the operation was cancelled"


def test_the_error_carries_what_a_retry_is_decided_by() -> None:
    """Name and number, request, timing, and whether the server may have acted."""
    request, timing = object(), LoadTiming(request_start=1.0)
    error = exception_for(e.ERR_CONNECTION_RESET, request=request, timing=timing, may_have_been_sent=True)
    assert error.net_error == ("ERR_CONNECTION_RESET", -101)
    assert (error.net_error.name, error.net_error.number) == ("ERR_CONNECTION_RESET", -101)
    assert error.request is request
    assert error.timing is timing
    assert error.may_have_been_sent
    assert not exception_for(e.ERR_CONNECTION_RESET).may_have_been_sent


def test_the_net_error_is_not_mistaken_for_an_errno() -> None:
    """OSError's own fields stay empty: -105 is no number of the system."""
    error = exception_for(e.ERR_NAME_NOT_RESOLVED, detail="no-such.test")
    assert error.errno is None
    assert error.strerror is None


@pytest.mark.parametrize("error_class", [NetError, *ex._NUMBERS_OF, *ex._BY_PHASE.values()])
def test_an_error_survives_pickling(error_class: type[NetError]) -> None:
    """Errors cross processes whole, but for the request, which may hold credentials or open files."""
    error = error_class(
        e.ERR_CONNECTION_RESET,
        "h.test",
        request=lambda: None,
        timing=LoadTiming(1.0),
        may_have_been_sent=True,
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is error_class
    assert str(copy) == str(error)
    assert copy.net_error == error.net_error
    assert isinstance(copy.net_error, ex.NetErrorCode)
    assert copy.timing == error.timing
    assert copy.may_have_been_sent
    assert copy.request is None
    assert error.request is not None


@pytest.mark.parametrize("result", [e.OK, e.ERR_IO_PENDING, 17])
def test_success_is_not_an_exception(result: int) -> None:
    """Asking for one is a mistake in the stack."""
    with pytest.raises(AssertionError):
        exception_for(result)
