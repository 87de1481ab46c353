"""At the blocking edge a number becomes the exception whose class and message a user can act on."""

from __future__ import annotations

import pickle
import ssl

import pytest

from netstack_sync.base import exceptions as ex
from netstack_sync.base import net_errors as e
from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.exceptions import CertificateError, NetError, TLSError
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.ssl_info import CertVerifyResult, SSLInfo
from netstack_sync.base.tls_wording import PYTHON, TlsTerms
from tests.workers.certificate_factory import Issued, make_authority

_CLASSES = [value for value in vars(ex).values() if isinstance(value, type) and issubclass(value, NetError)]
_ROOT = make_authority("root")
_LEAF = Issued.make("a.test", issuer=_ROOT, san=("a.test",))
_INFO = SSLInfo("TLSv1.3", "AES", "h2", (_LEAF.der, _ROOT.der), "b.test").with_verdict(
    CertVerifyResult(
        e.ERR_CERT_COMMON_NAME_INVALID,
        CertStatus.COMMON_NAME_INVALID | CertStatus.WEAK_KEY,
        (_LEAF.der, _ROOT.der),
        False,
        ("it is for a.test", "its key is weak"),
    )
)


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


@pytest.mark.parametrize("error_class", _CLASSES)
def test_an_error_survives_pickling(error_class: type[NetError]) -> None:
    """Errors cross processes whole, but for the request, which may hold credentials or open files."""
    error = error_class(
        e.ERR_CONNECTION_RESET,
        "h.test",
        request=lambda: None,
        timing=LoadTiming(1.0),
        may_have_been_sent=True,
    )
    assert error.attempts == ()
    error.attempts = (ex.Attempt(503, None, 0.5, 2.0), ex.Attempt(None, error.net_error, 1.0, 0.0))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is error_class
    assert copy.attempts == error.attempts
    assert str(copy) == str(error)
    assert copy.net_error == error.net_error
    assert isinstance(copy.net_error, ex.NetErrorCode)
    assert copy.timing == error.timing
    assert copy.may_have_been_sent
    assert copy.request is None
    assert error.request is not None


def test_a_certificate_error_tells_everything() -> None:
    """What a user needs to decide whom to ask: host, each reason, what the server sent, and what to do."""
    error = CertificateError(e.ERR_CERT_COMMON_NAME_INVALID, "in short", ssl_info=_INFO)
    assert error.ssl_info is _INFO and error.host == "b.test"
    assert error.reasons == ("it is for a.test", "its key is weak")
    assert error.cert_status == CertStatus.COMMON_NAME_INVALID | CertStatus.WEAK_KEY
    assert [facts.subject for facts in error.chain] == ["CN=a.test", "CN=root"]
    assert error.advice.startswith("Ask for one of its names, a.test; ")
    assert str(error) == (
        "ERR_CERT_COMMON_NAME_INVALID (-200): the certificate is for another host: b.test: "
        f"it is for a.test; its key is weak. {error.advice}"
    )
    assert "\n" not in str(error)


@pytest.mark.parametrize("ssl_info", [None, SSLInfo("", "", "", ())])
def test_a_certificate_error_makes_sense_without_more(ssl_info: SSLInfo | None) -> None:
    """A verdict of OpenSSL's, or one of which nothing is left but words."""
    error = CertificateError(e.ERR_CERT_AUTHORITY_INVALID, "a.test: self-signed certificate", ssl_info=ssl_info)
    assert (error.host, error.chain, error.cert_status) == ("", (), CertStatus(0))
    assert error.reasons == ("a.test: self-signed certificate",)
    assert str(error) == (
        "ERR_CERT_AUTHORITY_INVALID (-202): the certificate comes from nobody this machine trusts: "
        f"a.test: self-signed certificate. {error.advice}"
    )
    assert CertificateError(e.ERR_CERT_AUTHORITY_INVALID).reasons == ()


def test_there_is_not_always_something_to_do() -> None:
    """Then the message just ends."""
    error = CertificateError(e.ERR_CERT_END + 1, "why")
    assert error.advice == "" and str(error).endswith(": why")
    broken = TLSError(e.ERR_SSL_BAD_RECORD_MAC_ALERT, "a.test")
    assert broken.advice == "" and str(broken).endswith(": a.test")


def test_words_of_strangers_cannot_break_out_of_a_message() -> None:
    """Of a certificate, a server's reason phrase or anything else: messages go to terminals and logs."""
    evil = "for \x1b[2J\r\nINFO forged\u202e"
    info = SSLInfo("", "", "", (), "a.test", reasons=(evil, "x" * 9999))
    error = CertificateError(e.ERR_CERT_COMMON_NAME_INVALID, ssl_info=info)
    assert error.reasons == (r"for \x1b[2J\r\nINFO forged\u202e", "x" * 1999 + "…")
    assert info.reasons[0] == evil
    for text in (
        str(error),
        str(CertificateError(e.ERR_CERT_COMMON_NAME_INVALID, evil)),
        str(TLSError(e.ERR_SSL_PROTOCOL_ERROR, evil)),
        str(NetError(e.ERR_FAILED, evil)),
        str(ex.HTTPStatusError(evil, None)),
    ):
        assert text.isprintable() and "forged" in text and len(text) < 9000


@pytest.mark.parametrize("words, end", [("why.", "why. "), ("why", "why. "), ("x" * 3000, "x… ")])
def test_a_sentence_ends_once(words: str, end: str) -> None:
    """OpenSSL's words about host names bring a full stop of their own."""
    for error in (
        CertificateError(e.ERR_CERT_COMMON_NAME_INVALID, words),
        TLSError(e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED, words),
    ):
        assert str(error).endswith(end + error.advice) and error.advice


def test_advice_knows_the_callers_own_settings() -> None:
    """A context of the caller's, and limits; also after pickling."""
    own = TlsTerms(has_own_context=True)
    error = CertificateError(e.ERR_CERT_AUTHORITY_INVALID, "why", ssl_info=_INFO, tls_terms=own)
    limited = TLSError(
        e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH,
        "tlsv1 alert protocol version",
        tls_terms=TlsTerms(min_version=ssl.TLSVersion.TLSv1_3),
    )
    for each, words in ((error, "your SSLContext"), (limited, "min_version='1.3' of your TlsSettings")):
        assert words in each.advice and each.advice in str(each)
        assert str(pickle.loads(pickle.dumps(each))) == str(each)


def test_advice_for_other_readers() -> None:
    """The same message, with what they would do."""
    wording = PYTHON._replace(trust_authority="ask the king", show_certificate="Show the king's.")
    error = CertificateError(e.ERR_CERT_AUTHORITY_INVALID, "why", ssl_info=_INFO)
    assert error.advice_in(wording) == "If you trust CN=root, ask the king."
    assert error.message_in(wording) == str(error).replace(error.advice, error.advice_in(wording))
    missing = TLSError(e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED, "a.test")
    assert missing.message_in(wording).endswith(": a.test. Show the king's.")


def test_other_tls_errors_advise_too() -> None:
    """By number and OpenSSL's words."""
    error = TLSError(e.ERR_SSL_CLIENT_AUTH_CERT_NEEDED, "a.test")
    assert "cert=" in error.advice and str(error).endswith(f": a.test. {error.advice}")


def test_a_certificate_error_survives_pickling() -> None:
    """With what was found out, so that a worker's report says as much as the error did."""
    error = CertificateError(e.ERR_CERT_COMMON_NAME_INVALID, "in short", request=object(), ssl_info=_INFO)
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, CertificateError) and copy.ssl_info == _INFO and copy.request is None
    assert (str(copy), copy.chain) == (str(error), error.chain)
