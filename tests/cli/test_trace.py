"""Trace: the lines of -v, from NetLog events."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.cli.trace import Trace
from netstack_sync.fetcher.session import Session
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog, NetLogParams
from netstack_sync.log.params import header_params

T, P = NetLogEventType, NetLogEventPhase
CANNOT = "cannot be used; trying the next"


def traced(type: NetLogEventType, phase: NetLogEventPhase, params: Mapping[str, object] | NetLogParams) -> list[str]:
    """The lines of one event."""
    net_log, stream = NetLog(ManualClock()), io.StringIO()
    with Trace(net_log, stream):
        make = params if callable(params) else lambda _: params
        net_log.add_entry(type, net_log.next_source(NetLogSourceType.SOCKET), phase, make)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    "type, phase, params, line",
    [
        (T.HOST_RESOLVER_SYSTEM_TASK, P.BEGIN, {"hostname": "h.test"}, "* Looking up h.test"),
        (T.HOST_RESOLVER_SYSTEM_TASK, P.END, {"address_list": ["::1", "1.2.3.4"]}, "* Its addresses are ::1, 1.2.3.4"),
        (T.HOST_RESOLVER_SYSTEM_TASK, P.END, {"net_error": -105}, "* The lookup failed: ERR_NAME_NOT_RESOLVED (-105)"),
        (T.HOST_RESOLVER_SYSTEM_TASK, P.END, {}, "* The lookup failed: unknown"),
        (T.TCP_CONNECT_ATTEMPT, P.BEGIN, {"address": "1.2.3.4:80"}, "* Connecting to 1.2.3.4:80"),
        (T.TCP_CONNECT_ATTEMPT, P.END, {}, "* Connected"),
        (T.TCP_CONNECT_ATTEMPT, P.END, {"os_error": 2}, "* Not connected: No such file or directory"),
        (
            T.HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED,
            P.NONE,
            {"proxy_chain": "http://p:80"},
            "* Going through http://p:80",
        ),
        (T.PROXY_LIST_FALLBACK, P.NONE, {"bad_proxy_chain": "http://p:80"}, f"* http://p:80 {CANNOT}"),
        (T.SOCKS5_CONNECT, P.BEGIN, {}, "* Asking the SOCKS proxy to connect"),
        (T.HTTP_TRANSACTION_SEND_TUNNEL_HEADERS, P.NONE, {"line": "CONNECT h:1", "headers": []}, "> CONNECT h:1\n> "),
        (T.HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS, P.NONE, {"headers": ["HTTP/1.1 200"]}, "< HTTP/1.1 200\n< "),
        (T.PAC_JAVASCRIPT_ALERT, P.NONE, {"message": "hello"}, "* The script says: hello"),
        (T.PAC_JAVASCRIPT_ERROR, P.NONE, {"message": "oh"}, "* The script failed: oh"),
        (T.SSL_CONNECT, P.BEGIN, {}, "* Beginning TLS"),
        (
            T.SSL_CONNECT,
            P.END,
            {"version": "TLSv1.3", "cipher_suite": "C", "next_proto": "http/1.1"},
            "* TLSv1.3 with C, ALPN http/1.1",
        ),
        (T.SSL_CONNECT, P.END, {"net_error": -107}, "* TLS failed: ERR_SSL_PROTOCOL_ERROR (-107)"),
        (T.CERT_VERIFIER_JOB, P.END, {}, "* The certificate is good"),
        (
            T.CERT_VERIFIER_JOB,
            P.END,
            {"net_error": -201, "detail": "it expired"},
            "* The certificate is refused: ERR_CERT_DATE_INVALID (-201): it expired",
        ),
        (T.PAC_FILE_DECIDER, P.END, {"net_error": -1, "detail": "it is HTML"}, "* There is no script: it is HTML"),
        (T.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART, P.END, {}, "* Answering the server's challenge"),
        (T.HTTP_TRANSACTION_RESTART_AFTER_ERROR, P.NONE, {}, "* Sending it again on a new connection"),
    ],
)
def test_each_event_has_its_line(
    type: NetLogEventType, phase: NetLogEventPhase, params: dict[str, object], line: str
) -> None:
    """In words that say what happens."""
    assert traced(type, phase, params) == line.split("\n")


def test_other_events_are_not_shown() -> None:
    """-v is no NetLog."""
    assert traced(T.SOCKET_BYTES_SENT, P.NONE, {"byte_count": 1}) == []
    assert traced(T.HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED, P.NONE, {"proxy_chain": "direct://"}) == []
    assert traced(T.PAC_FILE_DECIDER, P.END, {}) == [], "a script that was found says itself what it does"


def test_credentials_and_cookies_are_masked() -> None:
    """What is pasted into a bug report must not open anything."""
    headers = RequestHeaders([("Authorization", "Basic c2VjcmV0"), ("Cookie", "id=secret"), ("X", "y")])
    lines = traced(T.HTTP_TRANSACTION_SEND_REQUEST_HEADERS, P.NONE, header_params("GET / HTTP/1.1", headers))
    assert lines == [
        "> GET / HTTP/1.1",
        "> Authorization: [14 bytes were stripped]",
        "> Cookie: [9 bytes were stripped]",
        "> X: y",
        "> ",
    ]


def test_timing_says_whose_socket_it_was() -> None:
    """A phase is missing for a reason."""
    stream = io.StringIO()
    with Trace(NetLog(ManualClock()), stream) as trace:
        trace.show_timing(LoadTiming(socket_reused=True))
        trace.show_timing(LoadTiming())
    assert stream.getvalue().splitlines() == [
        "* Timing on a reused socket: nothing yet",
        "* Timing on a new socket: nothing yet",
    ]


def test_closed_stderr_does_not_end_the_fetch() -> None:
    """The thread that prints goes on, so that nobody waits for it in vain."""

    class Closed(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    with Trace(NetLog(ManualClock()), Closed()) as trace:
        trace.show_timing(LoadTiming())
        trace.flush()


def test_informational_responses_are_shown() -> None:
    """As the answer itself is, before it."""
    shown = traced(T.HTTP_TRANSACTION_READ_EARLY_HINTS_RESPONSE_HEADERS, P.NONE, {"headers": ["HTTP/1.1 103 Early"]})
    assert shown == ["< HTTP/1.1 103 Early", "< "]


def test_nothing_is_left_after_the_with_block() -> None:
    """No observer, no thread."""
    net_log = NetLog(ManualClock())
    with Trace(net_log, io.StringIO()) as trace:
        assert net_log.is_capturing
    assert not net_log.is_capturing
    trace._thread.join(10)
    assert trace._thread not in threading.enumerate()


def test_the_words_of_servers_are_escaped() -> None:
    """Of header fields and certificates; a line of theirs stays one line, however long."""
    headers = ["HTTP/1.1 200 \x1b[2J", "X: a\x85b\u202e", "Y: " + "y" * 9000]
    shown = traced(T.HTTP_TRANSACTION_READ_RESPONSE_HEADERS, P.NONE, {"headers": headers})
    assert shown[:2] == [r"< HTTP/1.1 200 \x1b[2J", r"< X: a\x85b\u202e"]
    assert len(shown) == 4 and len(shown[2]) == 8000 and shown[2].endswith("y…")
    refusal = {"net_error": -200, "detail": "it is for a\r\n* The certificate is good"}
    assert len(traced(T.CERT_VERIFIER_JOB, P.END, refusal)) == 1


def test_nobody_has_answered_a_data_url() -> None:
    """So nobody is named, and the thread goes on."""
    stream = io.StringIO()
    with (
        Session() as session,
        session.stream("GET", "data:,x") as response,
        Trace(NetLog(ManualClock()), stream) as trace,
    ):
        trace.show_response(response)
        trace.show_timing(LoadTiming())
        trace.flush()
        assert stream.getvalue().startswith("* Timing ")
