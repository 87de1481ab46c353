"""DNS messages over URLRequests: what is sent, which answers are taken, limits, cancelling."""

from __future__ import annotations

from functools import partial

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_DNS_MALFORMED_RESPONSE,
    ERR_DNS_SECURE_RESOLVER_HOSTNAME_RESOLUTION_FAILED,
    ERR_DNS_SERVER_FAILED,
    ERR_DNS_TIMED_OUT,
    ERR_EMPTY_RESPONSE,
    ERR_NAME_NOT_RESOLVED,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.dns.doh_server import Cancelable, DohFailure, DohReply, DohTransport
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.doh_transport import TIME_LIMIT_S, UrlRequestDohTransport
from netstack_sync.wire.dns_message import MAX_MESSAGE_BYTES
from tests.support import small_requests
from tests.support.scripted_socket import EOF, Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack
from tests.support.small_requests import SmallAsking

TLS = TlsConfig(TrustConfig(ca_file="/ca.pem"))
GET = Url.parse("https://dns.test/dns-query?dns=AAAA")
POST = Url.parse("https://dns.test/dns-query")
HEAD = b"Host: dns.test\r\nConnection: keep-alive\r\nAccept: application/dns-message\r\n"
HEAD += b"Accept-Encoding: identity\r\nUser-Agent: netstack_sync\r\n"
SENT_GET = Write(b"GET /dns-query?dns=AAAA HTTP/1.1\r\n" + HEAD + b"\r\n")
SENT_POST = Write(
    b"POST /dns-query HTTP/1.1\r\n" + HEAD + b"Content-Type: application/dns-message\r\nContent-Length: 5\r\n\r\nquery"
)


answered = partial(small_requests.answered, media_type="application/dns-message")


class Asking(SmallAsking["DohReply | DohFailure"]):
    """The transport, with one question."""

    def __init__(self, stack: ScriptedStack) -> None:
        super().__init__(stack, TIME_LIMIT_S)
        transport = UrlRequestDohTransport(TLS)
        transport.attach(self.context)
        self.transport: DohTransport = transport
        self.url = GET
        self.body: bytes | None = None

    def ask(self) -> Cancelable:
        """See SmallAsking."""
        method = "GET" if self.body is None else "POST"
        return self.transport.start(self.url, method, self.body, self.results.append)


@pytest.fixture
def asking(stack: ScriptedStack) -> Asking:
    return Asking(stack)


def test_a_question_in_the_url(asking: Asking) -> None:
    """It says as little about us as can be; the connection stays for the next one."""
    head = answered().outcome
    assert isinstance(head, bytes)
    first = (SENT_GET, answered(), Read(b"ans"), Read(b"wer"))
    socket = asking.stack.connection(*first, SENT_GET, Read(head + b"second"))
    assert asking.run() == DohReply(b"answer")
    asking.results.clear()
    assert asking.run() == DohReply(b"second") and socket.is_open
    assert asking.stack.requested_groups[0].tls == TLS


def test_a_question_in_the_body(asking: Asking) -> None:
    """POST, of the type for DNS messages."""
    asking.stack.connection(SENT_POST, answered(media_type="Application/DNS-Message; a=b"), Read(b"answer"))
    asking.url, asking.body = POST, b"query"
    asking.start()
    asking.stack.run()
    assert asking.result == DohReply(b"answer")


@pytest.mark.parametrize(
    "age, age_s", [("0", 0.0), ("17", 17.0), ("-1", 0.0), ("soon", 0.0), ("9" * 11, 0.0), ("", 0.0)]
)
def test_an_answer_may_have_an_age(asking: Asking, age: str, age_s: float) -> None:
    """RFC 8484 §5.1; what is no number is none."""
    asking.stack.connection(SENT_GET, answered(f"Age: {age}"), Read(b"answer"))
    assert asking.run() == DohReply(b"answer", age_s)


@pytest.mark.parametrize("status", ["204 No Content", "302 Found", "404 Not Found", "429 Slow Down", "503 Busy"])
def test_only_200_is_an_answer(asking: Asking, status: str) -> None:
    """Nor are redirects followed: the template says who is asked."""
    size = 0 if status.startswith("204") else 6
    asking.stack.connection(
        SENT_GET, answered("Location: https://evil.test/", status=status, size=size), Read(b"answer")
    )
    result = asking.run()
    assert result == DohFailure(ERR_DNS_SERVER_FAILED, f"it answered with HTTP status {status[:3]}")
    assert len(asking.stack.requested_groups) == 1


@pytest.mark.parametrize("media_type", ["text/html", "application/dns-json", "", "application/dns-message2"])
def test_only_dns_messages_are_answers(asking: Asking, media_type: str) -> None:
    """Whatever a captive portal may send."""
    asking.stack.connection(SENT_GET, answered(media_type=media_type), Read(b"answer"))
    result = asking.run()
    assert result == DohFailure(ERR_DNS_MALFORMED_RESPONSE, "its answer is not of the type application/dns-message")


def test_an_answer_without_a_type_is_none(asking: Asking) -> None:
    """As one of another type."""
    asking.stack.connection(SENT_GET, Read(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer"))
    result = asking.run()
    assert isinstance(result, DohFailure) and result.net_error == ERR_DNS_MALFORMED_RESPONSE


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES + 1])
def test_the_size_has_a_limit(asking: Asking, size: int) -> None:
    """That of DNS messages; the rest is not read."""
    pieces = [Read(b"x" * 40_000), Read(b"x" * (size - 40_000))]
    asking.stack.connection(SENT_GET, answered(size=size), *pieces)
    result = asking.run()
    if size == MAX_MESSAGE_BYTES:
        assert result == DohReply(b"x" * size)
    else:
        assert result == DohFailure(ERR_DNS_MALFORMED_RESPONSE, "its answer exceeds 65535 bytes")


@pytest.mark.parametrize(
    "error, net_error",
    [
        (ERR_CONNECTION_REFUSED, ERR_CONNECTION_REFUSED),
        (ERR_NAME_NOT_RESOLVED, ERR_DNS_SECURE_RESOLVER_HOSTNAME_RESOLUTION_FAILED),
    ],
)
def test_a_server_that_cannot_be_reached(asking: Asking, error: int, net_error: int) -> None:
    """One whose own name is unknown has an error of its own."""
    asking.stack.failed_connection(error)
    assert asking.run() == DohFailure(net_error, "scripted failure")


def test_a_server_that_says_nothing(asking: Asking) -> None:
    """Without words from below the number is explained."""
    asking.stack.connection(SENT_GET, EOF)
    result = asking.run()
    assert isinstance(result, DohFailure) and result.net_error == ERR_EMPTY_RESPONSE and result.detail


def test_a_body_that_breaks_off(asking: Asking) -> None:
    """Half an answer is none."""
    asking.stack.connection(SENT_GET, answered(), Read(b"ans"), EOF)
    result = asking.run()
    assert isinstance(result, DohFailure) and result.net_error < 0


@pytest.mark.parametrize("stage", ["connect", "head", "body"])
def test_the_time_has_a_limit(asking: Asking, stage: str) -> None:
    """For connecting, and again for waiting and reading together."""
    asking.run_out_of_time(stage, SENT_GET, answered())
    assert isinstance(asking.result, DohFailure) and asking.result.net_error == ERR_DNS_TIMED_OUT
    assert asking.result.detail.startswith("no answer within 5 s, while ")


def test_the_wait_for_a_connection_is_not_the_servers(asking: Asking) -> None:
    """Its time begins when it is connected."""
    asking.stack.failed_connection(NEVER)
    asking.stack.connection(SENT_GET)
    asking.start()
    asking.stack.run()
    asking.stack.advance(0.3)  # the pool tries a second connection
    assert asking.stack.open_sockets == 1
    asking.stack.advance(TIME_LIMIT_S - 0.01)
    assert not asking.results
    asking.stack.advance(0.02)
    assert isinstance(asking.result, DohFailure) and asking.result.net_error == ERR_DNS_TIMED_OUT


@pytest.mark.parametrize("stage", ["start", "connect", "head", "body", "done"])
def test_a_cancelled_request_is_silent(asking: Asking, stage: str) -> None:
    """In every state; idempotent."""
    asking.cancel_at(stage, SENT_GET, answered())


def test_a_context_that_shuts_down_fails_it(asking: Asking) -> None:
    """Before the start and after it."""
    asking.stack.failed_connection(NEVER)
    asking.start()
    asking.stack.run()
    asking.context.shut_down()
    assert isinstance(asking.result, DohFailure) and asking.result.net_error == ERR_CONTEXT_SHUT_DOWN
    asking.results.clear()
    result = asking.run()
    assert isinstance(result, DohFailure) and result.net_error == ERR_CONTEXT_SHUT_DOWN
