"""OCSP over URLRequests: what is sent, which answers are taken, limits, cancelling; and the whole way to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from cryptography.x509.ocsp import load_der_ocsp_request

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import ManualClock, ManualWallClock
from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import (
    ERR_CERT_REVOKED,
    ERR_CERT_UNABLE_TO_CHECK_REVOCATION,
    ERR_CONNECTION_REFUSED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_EMPTY_RESPONSE,
    ERR_FILE_TOO_BIG,
    ERR_HTTP_RESPONSE_CODE_FAILURE,
    ERR_INVALID_RESPONSE,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.ssl_info import CertVerifyResult
from netstack_sync.base.trust_config import OcspMode, TrustConfig
from netstack_sync.cert.ocsp import Cancelable, OcspCertVerifier, OcspFetcher
from netstack_sync.cert.verifier import VerifyParams
from netstack_sync.log.net_log import NetLog
from netstack_sync.testing.answer import Answer, Fault
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import close_before_headers, stall_before_headers
from netstack_sync.url_request.context_builder import ContextBuilder
from netstack_sync.url_request.ocsp_fetcher import MAX_ANSWER_BYTES, MEDIA_TYPE, TIME_LIMIT_S, UrlRequestOcspFetcher
from tests.cert.scripted_verifier import ScriptedVerifier, quiet
from tests.support import small_requests
from tests.support.netlink import fake_kernel
from tests.support.ocsp import REVOKED, ROOT, delegate, leaf_asking, make_answer
from tests.support.scripted_socket import EOF, Read, Write
from tests.support.scripted_stack import NEVER, DrivenThread, ScriptedStack
from tests.support.small_requests import SmallAsking
from tests.support.waiting import wait_until
from tests.workers.certificate_factory import NOW

URL = "http://ocsp.test/status"
SENT = Write(
    b"POST /status HTTP/1.1\r\nHost: ocsp.test\r\nConnection: keep-alive\r\nAccept: application/ocsp-response\r\n"
    b"Accept-Encoding: identity\r\nContent-Type: application/ocsp-request\r\nUser-Agent: netstack_sync\r\n"
    b"Content-Length: 5\r\n\r\nquery"
)


answered = partial(small_requests.answered, media_type=MEDIA_TYPE)


class Asking(SmallAsking["bytes | int"]):
    """The fetcher, with one question."""

    def __init__(self, stack: ScriptedStack) -> None:
        super().__init__(stack, TIME_LIMIT_S)
        fetcher = UrlRequestOcspFetcher(self.context)
        self.fetcher: OcspFetcher = fetcher

    def ask(self) -> Cancelable:
        """See SmallAsking."""
        return self.fetcher.start(URL, b"query", self.results.append)


@pytest.fixture
def asking(stack: ScriptedStack) -> Asking:
    return Asking(stack)


def test_a_question(asking: Asking) -> None:
    """It says as little about us as can be; the connection stays for the next one."""
    head = answered().outcome
    assert isinstance(head, bytes)
    first = (SENT, answered(media_type="Application/OCSP-Response; a=b"), Read(b"ans"), Read(b"wer"))
    socket = asking.stack.connection(*first, SENT, Read(head + b"second"))
    assert asking.run() == b"answer"
    asking.results.clear()
    assert asking.run() == b"second" and socket.is_open


@pytest.mark.parametrize("status", ["204 No Content", "302 Found", "307 Temporary Redirect", "404 Gone", "500 Oops"])
def test_only_200_is_an_answer(asking: Asking, status: str) -> None:
    """Nor are redirects followed: the certificate says who is asked."""
    size = 0 if status.startswith("204") else 6
    asking.stack.connection(SENT, answered("Location: http://evil.test/", status=status, size=size), Read(b"answer"))
    assert asking.run() == ERR_HTTP_RESPONSE_CODE_FAILURE
    assert len(asking.stack.requested_groups) == 1


@pytest.mark.parametrize("media_type", ["text/html", "application/ocsp-request", "", "application/ocsp-response2"])
def test_only_ocsp_responses_are_answers(asking: Asking, media_type: str) -> None:
    """Whatever a captive portal may send."""
    asking.stack.connection(SENT, answered(media_type=media_type), Read(b"answer"))
    assert asking.run() == ERR_INVALID_RESPONSE


def test_an_answer_without_a_type_is_none(asking: Asking) -> None:
    """As one of another type."""
    asking.stack.connection(SENT, Read(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer"))
    assert asking.run() == ERR_INVALID_RESPONSE


@pytest.mark.parametrize("size", [MAX_ANSWER_BYTES, MAX_ANSWER_BYTES + 1])
def test_the_size_has_a_limit(asking: Asking, size: int) -> None:
    """The rest is not read."""
    asking.stack.connection(SENT, answered(size=size), Read(b"x" * 40_000), Read(b"x" * (size - 40_000)))
    assert asking.run() == (b"x" * size if size == MAX_ANSWER_BYTES else ERR_FILE_TOO_BIG)


@pytest.mark.parametrize("error", [ERR_CONNECTION_REFUSED, ERR_NAME_NOT_RESOLVED])
def test_a_responder_that_cannot_be_reached(asking: Asking, error: int) -> None:
    """The number says why."""
    asking.stack.failed_connection(error)
    assert asking.run() == error


def test_a_responder_that_says_nothing(asking: Asking) -> None:
    """An end without an answer is none, and half of one neither."""
    asking.stack.connection(SENT, EOF)
    assert asking.run() == ERR_EMPTY_RESPONSE
    asking.results.clear()
    asking.stack.connection(SENT, answered(), Read(b"ans"), EOF)
    result = asking.run()
    assert isinstance(result, int) and result < 0


@pytest.mark.parametrize("stage", ["connect", "head", "body"])
def test_the_time_has_a_limit(asking: Asking, stage: str) -> None:
    """One for everything."""
    asking.run_out_of_time(stage, SENT, answered())
    assert asking.result == ERR_TIMED_OUT


def test_the_time_to_connect_counts(asking: Asking) -> None:
    """Somebody's connection waits, whatever for."""
    asking.stack.failed_connection(NEVER)
    asking.stack.connection(SENT)
    asking.start()
    asking.stack.run()
    asking.stack.advance(0.3)  # the pool tries a second connection
    assert asking.stack.open_sockets == 1
    asking.stack.advance(TIME_LIMIT_S - 0.29)
    assert asking.result == ERR_TIMED_OUT


@pytest.mark.parametrize("stage", ["start", "connect", "head", "body", "done"])
def test_a_cancelled_request_is_silent(asking: Asking, stage: str) -> None:
    """In every state; idempotent."""
    asking.cancel_at(stage, SENT, answered())


def test_a_context_that_shuts_down_fails_it(asking: Asking) -> None:
    """Before the start and after it."""
    asking.stack.failed_connection(NEVER)
    asking.start()
    asking.stack.run()
    asking.context.shut_down()
    assert asking.result == ERR_CONTEXT_SHUT_DOWN
    asking.results.clear()
    assert asking.run() == ERR_CONTEXT_SHUT_DOWN


def test_what_is_no_url(asking: Asking) -> None:
    """Is a mistake of the caller."""
    with pytest.raises(InvalidURL):
        asking.fetcher.start("ocsp.test", b"query", asking.results.append)


# --- the whole way, over loopback


class Way:
    """A verifier with a real fetcher and real workers, over one that takes every chain, and the server it asks."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server
        self.leaf = leaf_asking(server.url("/ocsp"))
        self.clock = ManualClock(start=100.0)
        self._thread = DrivenThread(clock=self.clock)
        self._context = ContextBuilder().build(self._thread, NetLog(self.clock))
        fetcher = UrlRequestOcspFetcher(self._context)
        chain = (self.leaf.der, ROOT.der)
        below = ScriptedVerifier(CertVerifyResult(OK, CertStatus(0), chain, True))
        clock, timers = ManualWallClock(NOW.timestamp()), self._thread.timers
        verifier = OcspCertVerifier(below, self._context.workers, fetcher, clock, timers)
        params = VerifyParams(chain, "example.test", TrustConfig(ocsp=OcspMode.HARD))
        self.request = verifier.create_request(params, quiet())
        self.result = ERR_IO_PENDING

    def serve(self, body: bytes, fault: Fault | None = None, status: int = 200) -> None:
        """What the responder says."""
        media_type = {"Content-Type": MEDIA_TYPE}
        self.server.route("/ocsp", Answer(status, media_type, body=body, fault=fault))

    def start(self) -> None:
        """Asks for a verdict."""
        assert self.request.start(self._on_done) == ERR_IO_PENDING

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Lets loop, workers and server do their part."""

        def look() -> bool:
            self._thread.run()
            return condition()

        wait_until(look)

    def verify(self) -> CertVerifyResult:
        """The verdict."""
        self.start()
        self.run_until(lambda: self.result != ERR_IO_PENDING)
        assert self.request.result is not None and self.request.result.net_error == self.result
        return self.request.result

    def close(self) -> None:
        """Nothing is left."""
        self._context.shut_down()
        self._thread.run()
        assert not len(self._thread.sockets) and not len(self._thread.timers)
        self._thread.close()

    def _on_done(self, net_error: int) -> None:
        assert self.result == ERR_IO_PENDING, "comes once"
        self.result = net_error


@pytest.fixture
def way() -> Iterator[Way]:
    with EmbeddedServer() as server, fake_kernel():
        way = Way(server)
        yield way
        way.close()


def test_the_whole_way_to_a_good_certificate(way: Way) -> None:
    """The responder gets the question and is believed."""
    way.serve(make_answer(leaf=way.leaf))
    result = way.verify()
    assert (result.net_error, result.cert_status) == (OK, CertStatus.REV_CHECKING_ENABLED)
    (request,) = way.server.requests
    assert (request.method, request.headers.get("content-type")) == ("POST", "application/ocsp-request")
    assert load_der_ocsp_request(request.body).serial_number == way.leaf.certificate.serial_number


def test_the_whole_way_to_a_revoked_certificate(way: Way) -> None:
    """Signed by a responder that the issuer has appointed."""
    signer = delegate()
    way.serve(make_answer(REVOKED, leaf=way.leaf, signer=signer, certificates=[signer]))
    result = way.verify()
    assert result.net_error == ERR_CERT_REVOKED
    assert result.detail.startswith("its issuer has revoked the certificate on ")


@pytest.mark.parametrize(
    "body, status, fault, detail",
    [
        (b"", 500, None, "the answer's status says that the request failed"),
        (b"x" * (MAX_ANSWER_BYTES + 1), 200, None, "the data is larger than the limit"),
        (b"x", 200, None, "the answer cannot be understood"),
        (b"", 200, close_before_headers(), meaning(ERR_EMPTY_RESPONSE)),
        (make_answer(), 200, None, "the answer is about another certificate"),
    ],
    ids=["HTTP 500", "too large", "malformed", "closed", "another certificate"],
)
def test_the_whole_way_to_no_answer(way: Way, body: bytes, status: int, fault: Fault | None, detail: str) -> None:
    """The verdict says what was wrong with the responder."""
    way.serve(body, fault, status)
    result = way.verify()
    assert result.net_error == ERR_CERT_UNABLE_TO_CHECK_REVOCATION
    assert f"{way.server.url('/ocsp')}: {detail}" in result.detail


def test_the_whole_way_to_a_silent_responder(way: Way) -> None:
    """Nobody waits longer than the limit; nothing is left of a request that is cancelled before."""
    way.serve(b"", stall_before_headers())
    way.start()
    way.run_until(lambda: len(way.server.requests) == 1)
    way.clock.advance(TIME_LIMIT_S)
    way.run_until(lambda: way.result != ERR_IO_PENDING)
    assert way.result == ERR_CERT_UNABLE_TO_CHECK_REVOCATION


def test_the_whole_way_is_left(way: Way) -> None:
    """Cancelled while the responder thinks: no callback, no connection."""
    way.serve(b"", stall_before_headers())
    way.start()
    way.run_until(lambda: len(way.server.requests) == 1)
    way.request.cancel()
    way.run_until(lambda: way.server.open_connections == 0)
    assert way.result == ERR_IO_PENDING
