"""What is known about a transfer once it is over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.exceptions import CertificateError, ConnectionRefused
from netstack_sync.base.load_timing import ConnectTiming, LoadTiming
from netstack_sync.base.net_errors import ERR_CERT_DATE_INVALID, ERR_CONNECTION_REFUSED
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.cli.transfer_facts import TransferFacts, Value, header_values, value_of
from netstack_sync.fetcher.session import Session
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer

TIMES = ("time_namelookup", "time_connect", "time_appconnect", "time_pretransfer", "time_starttransfer")


def values(facts: TransferFacts, *names: str) -> list[Value]:
    """Several at once."""
    return [value_of(facts, name) for name in names]


def with_timing(timing: LoadTiming, history: tuple[object, ...] = ()) -> TransferFacts:
    """A transfer that began at 100."""
    response: Any = SimpleNamespace(timing=timing, history=history)
    return TransferFacts("http://h/", started_at=100.0, response=response)


def test_times_count_from_the_beginning() -> None:
    """Each says when its phase was over, as with curl."""
    connect = ConnectTiming(100.25, 100.5, 100.5, 102.0, 101.0, 101.75)
    timing = LoadTiming(100.0, connect, 102.25, 102.5, 103.0, 103.25, 104.0)
    facts = with_timing(timing)
    assert values(facts, *TIMES, "time_redirect") == [0.5, 1.0, 1.75, 2.25, 3.0, 0.0]
    connect.ssl_start = connect.ssl_end = None
    assert values(facts, *TIMES[1:3]) == [2.0, 0.0]


def test_reused_socket_was_connected_when_the_request_began() -> None:
    """After redirects: when the last one began, which is what all the others took."""
    facts = with_timing(LoadTiming(107.0, None, 107.5, 108.0, 109.0), history=(1,))
    assert values(facts, *TIMES, "time_redirect") == [7.0, 7.0, 0.0, 7.5, 9.0, 7.0]


def test_failure_tells_how_far_it_came() -> None:
    """From the timing that the error carries."""
    error = ConnectionRefused(ERR_CONNECTION_REFUSED)
    assert values(TransferFacts("u", started_at=100.0, error=error), *TIMES) == [0.0] * 5
    error.timing = LoadTiming(100.0, ConnectTiming(100.0, 100.5))
    assert value_of(TransferFacts("u", started_at=100.0, error=error), "time_namelookup") == 0.5


def test_without_an_answer_there_is_little() -> None:
    """Zeros and nothing, and the URL as it was typed."""
    facts = TransferFacts("no url")
    assert values(facts, "http_code", "num_redirects", "num_connects", "num_headers", "remote_port") == [0] * 5
    assert values(facts, "content_type", "remote_ip", "scheme", "method", "referer", "redirect_url") == [None] * 6
    assert values(facts, "url_effective", "http_version", "urlnum") == ["no url", "0", 0]
    assert header_values(facts) == {}


def test_answer_is_described() -> None:
    """Status, connection, URLs; credentials are not shown."""
    with EmbeddedServer() as server, Session() as session:
        server.route("/x", Answer(302, {"Location": "/hello?y"}))
        response = session.get(server.url("/x").replace("//", "//u:p@"), follow_redirects=False)
        facts = TransferFacts("typed", request=response.request, response=response)
        assert values(facts, "http_code", "response_code", "http_version", "method") == [302, 302, "1.1", "GET"]
        assert values(facts, "url_effective", "scheme") == [server.url("/x"), "http"]
        assert value_of(facts, "redirect_url") == server.url("/hello?y")
        assert values(facts, "remote_ip", "remote_port") == [
            "127.0.0.1",
            int(server.url().rpartition(":")[2].strip("/")),
        ]
        assert values(facts, "num_connects", "num_redirects") == [1, 0]
        assert header_values(facts)["location"] == ["/hello?y"]
        response = session.get(server.url("/x"), headers={"Referer": "r"})
        facts = TransferFacts("typed", request=response.request, response=response)
        assert values(facts, "num_redirects", "redirect_url", "referer") == [1, None, "r"]
        assert values(facts, "num_connects", "content_type", "ssl_verify_result") == [0, "text/plain", 0]


def test_speeds_are_for_the_whole_time() -> None:
    """And nothing when there was none."""
    facts = TransferFacts("u", started_at=1.0, ended_at=3.0, downloaded_bytes=100, uploaded_bytes=50)
    assert values(facts, "speed_download", "speed_upload", "size_download", "size_upload") == [50, 25, 100, 50]
    facts.ended_at = 1.0
    assert values(facts, "speed_download", "time_total") == [0, 0.0]


def test_redirect_to_nonsense_is_told_as_it_came() -> None:
    """And an answer that has no address is no failure."""
    response: Any = SimpleNamespace(
        headers={"location": "http://["}, is_redirect=True, url="http://h/", remote_address=None
    )
    facts = TransferFacts("u", response=response)
    assert values(facts, "redirect_url", "remote_ip", "remote_port", "content_type") == ["http://[", None, 0, None]


@pytest.mark.parametrize(
    "status, number",
    [
        (CertStatus(0), 0),
        (CertStatus.IS_EV, 0),
        (CertStatus.DATE_INVALID, 10),
        (CertStatus.AUTHORITY_INVALID | CertStatus.COMMON_NAME_INVALID, 20),
        (CertStatus.COMMON_NAME_INVALID, 62),
        (CertStatus.REVOKED, 23),
        (CertStatus.WEAK_KEY, 1),
    ],
)
def test_verdict_has_the_numbers_of_openssl(status: CertStatus, number: int) -> None:
    """Whether it ended the fetch or, with -k, did not."""
    ssl_info = SSLInfo("TLSv1.3", "c", "", (), cert_status=status)
    response: Any = SimpleNamespace(certificate=ssl_info)
    assert value_of(TransferFacts("u", response=response), "ssl_verify_result") == number
    error = CertificateError(ERR_CERT_DATE_INVALID, ssl_info=ssl_info)
    assert value_of(TransferFacts("u", error=error), "ssl_verify_result") == number
