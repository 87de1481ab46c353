"""Retries, rate limits and attempts as a user meets them, against a server."""

from __future__ import annotations

import itertools
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from urllib3.util.retry import Retry

from netstack_sync import (
    ConnectionRefused,
    ConnectionReset,
    ContextShutDown,
    DeadlineExceeded,
    DnsSettings,
    FetchCancelled,
    NetError,
    RateLimit,
    RetryPolicy,
    Session,
    SyncUrlFetcher,
    TruncatedBody,
)
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close, reset_before_headers
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.waiting import wait_until

LIMIT_S = 20.0  # only a hang gets here
PROMPT = RetryPolicy(backoff=0)
PATIENT = RetryPolicy(backoff=1000)
BUSY = Answer(503, body=b"busy")
FINE = Answer(200, body=b"fine")
RESET = Answer(fault=reset_before_headers())


def test_by_default_nothing_is_tried_again(server: EmbeddedServer, session: Session) -> None:
    """But for what the resend rule says; one attempt is told of."""
    server.route("/", BUSY, FINE)
    response = session.get(server.url("/"))
    assert response.status == 503 and response.text == "busy"
    (attempt,) = response.attempts
    assert (attempt.status, attempt.net_error, attempt.wait_s) == (503, None, 0.0) and attempt.elapsed_s > 0


@pytest.mark.parametrize("retries", [2, PROMPT, Retry(2, status_forcelist=[503])])
def test_a_request_may_be_tried_again(server: EmbeddedServer, session: Session, retries: RetryPolicy | Retry) -> None:
    """Row 249, ServerUnavailable: on one connection, because the first answer was read to its end."""
    server.route("/", BUSY, FINE)
    response = session.get(server.url("/"), retries=retries)
    assert (response.status, response.content) == (200, b"fine")
    assert [attempt.status for attempt in response.attempts] == [503, 200]
    assert server.connections_opened == 1
    assert pickle.loads(pickle.dumps(response)).attempts == response.attempts


def test_cookies_are_asked_for_anew(server: EmbeddedServer) -> None:
    """What the failed attempt has set goes with the next one; the request's own cookies go with each."""
    server.route("/", Answer(503, headers={"Set-Cookie": "node=2"}), FINE)
    with Session(trust_env=False) as session:
        assert session.get(server.url("/"), retries=PROMPT, cookies={"own": "1"}).content == b"fine"
    assert [request.headers.get("cookie") for request in server.requests] == ["own=1", "node=2; own=1"]


def test_the_last_answer_is_an_answer(server: EmbeddedServer, session: Session) -> None:
    """Row 249, ServerUnavailablePropagateResponse."""
    server.route("/", BUSY)
    response = session.get(server.url("/"), retries=RetryPolicy(total=2, backoff=0))
    assert (response.status, response.content, len(response.attempts)) == (503, b"busy", 3)


def test_a_session_says_it_for_all_and_a_request_for_itself(server: EmbeddedServer) -> None:
    """Argument before session; None really is none."""
    server.route("/", BUSY)
    with Session(trust_env=False, retries=RetryPolicy(total=1, backoff=0)) as session:
        assert len(session.get(server.url("/")).attempts) == 2
        assert len(session.get(server.url("/"), retries=None).attempts) == 1
        assert len(session.get(server.url("/"), retries=RetryPolicy(total=2, backoff=0)).attempts) == 3
        assert len(session.submit("GET", server.url("/")).result(LIMIT_S).attempts) == 2
        with session.stream("GET", server.url("/")) as stream:
            assert len(stream.attempts) == 2 and stream.content == b"busy"


def test_the_error_tells_of_all_attempts(server: EmbeddedServer, session: Session) -> None:
    server.route("/", RESET)
    with pytest.raises(ConnectionReset) as caught:
        session.get(server.url("/"), retries=RetryPolicy(total=2, backoff=0))
    names = [attempt.net_error and attempt.net_error.name for attempt in caught.value.attempts]
    assert names == ["ERR_CONNECTION_RESET"] * 3 and caught.value.may_have_been_sent
    copy: NetError = pickle.loads(pickle.dumps(caught.value))
    assert copy.attempts == caught.value.attempts


def test_an_error_without_retries_tells_of_one_attempt(server: EmbeddedServer, session: Session) -> None:
    server.route("/", Answer(body=b"too short", fault=early_close(3)))
    with pytest.raises(TruncatedBody) as caught:
        session.get(server.url("/"))
    (attempt,) = caught.value.attempts
    assert attempt.status == 200 and attempt.net_error == caught.value.net_error


def test_a_server_that_is_not_up_yet(server: EmbeddedServer, session: Session) -> None:
    url = server.url("/")
    server.close()
    with pytest.raises(ConnectionRefused) as caught:
        session.post(url, content=b"x", retries=RetryPolicy(total=1, backoff=0))
    assert len(caught.value.attempts) == 2 and not caught.value.may_have_been_sent


@pytest.mark.parametrize("retries", [PROMPT, RetryPolicy(backoff=0, methods=None)])
def test_a_post_is_sent_twice_only_if_told(server: EmbeddedServer, session: Session, retries: RetryPolicy) -> None:
    server.route("/", RESET, FINE)
    if retries.methods is None:
        assert session.post(server.url("/"), content=b"x", retries=retries).status == 200
    else:
        with pytest.raises(ConnectionReset):
            session.post(server.url("/"), content=b"x", retries=retries)
    assert len(server.requests) == (2 if retries.methods is None else 1)


def test_a_body_arrives_whole_each_time(server: EmbeddedServer, session: Session) -> None:
    """Row 245, PostWithUploadStreamFactoryAndRetries; and one that can be read once is sent once."""

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            yield b"pie"
            yield b"ces"

    server.route("/", BUSY, FINE)
    assert session.put(server.url("/"), content=Pieces(), retries=PROMPT).status == 200
    assert [request.body for request in server.requests] == [b"pieces", b"pieces"]
    server.forget_requests()
    server.route("/", BUSY, FINE)
    assert session.put(server.url("/"), content=iter([b"once"]), retries=PROMPT).status == 503
    assert [request.body for request in server.requests] == [b"once"]


def test_a_wait_that_would_outlast_the_deadline_is_not_begun(server: EmbeddedServer, session: Session) -> None:
    server.route("/", Answer(503, headers={"Retry-After": "60"}))
    response = session.get(server.url("/"), retries=PROMPT, timeout=LIMIT_S)
    assert response.status == 503 and len(response.attempts) == 1


def test_cancel_ends_the_back_off(server: EmbeddedServer, session: Session) -> None:
    """Row 249, CancelDifferentThreads: also for who waits, whether in a future or not."""
    server.route("/", BUSY)
    future = session.submit("GET", server.url("/"), retries=PATIENT, timeout=None)
    assert server.wait_until(lambda: len(server.requests) == 1)
    assert future.cancel()
    request = session.prepare("GET", server.url("/"), retries=PATIENT, timeout=None)
    fetcher = SyncUrlFetcher(request, session.context)
    fetcher.start()
    wait_until(lambda: len(fetcher._fetcher.attempts) == 1)
    fetcher.cancel()
    with pytest.raises(FetchCancelled) as caught:
        fetcher.wait()
    assert [attempt.status for attempt in caught.value.attempts] == [503]


def test_closing_the_session_ends_the_back_off(server: EmbeddedServer) -> None:
    server.route("/", BUSY)
    errors: list[BaseException] = []

    def fetch() -> None:
        try:
            session.get(server.url("/"), retries=PATIENT, timeout=None)
        except NetError as error:
            errors.append(error)

    with Session(trust_env=False) as session:
        thread = threading.Thread(target=fetch)
        thread.start()
        assert server.wait_until(lambda: len(server.requests) == 1)
        wait_until(lambda: server.open_connections == 1)
    thread.join(LIMIT_S)
    assert [type(error) for error in errors] == [ContextShutDown]


def test_many_threads_and_a_server_that_fails_two_times_of_three(server: EmbeddedServer) -> None:
    """Everybody gets the whole answer, and nothing is left waiting."""
    broken = (BUSY, RESET, Answer(body=b"too short", fault=early_close(3)), Answer(429))
    turns = itertools.count()

    def answer(_: ReceivedRequest) -> Answer:
        turn = next(turns)
        return broken[turn % len(broken)] if turn % 3 else FINE

    server.route("/", answer)
    policy = RetryPolicy(total=50, backoff=0.001)
    with Session(trust_env=False, retries=policy, rate_limit=RateLimit(1e6)) as session, ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: session.put(server.url("/"), content=b"x"), range(80)))
        assert {(response.status, response.content) for response in responses} == {(200, b"fine")}
        assert 80 < sum(len(response.attempts) for response in responses) <= len(server.requests), "resends besides"
        assert session.stats().requests == 0


def test_a_rate_limit_holds_back_and_counts_against_the_deadline(server: EmbeddedServer) -> None:
    """The burst goes at once; who cannot have a turn in time is told which limit it was."""
    server.route("/", FINE)
    with Session(trust_env=False, rate_limit=RateLimit(0.001, burst=2)) as session:
        assert [session.get(server.url("/")).status for _ in range(2)] == [200, 200]
        with pytest.raises(DeadlineExceeded, match="waiting for the rate limit of") as caught:
            session.get(server.url("/"), timeout=0.05)
        assert caught.value.attempts == () and not caught.value.may_have_been_sent
    assert len(server.requests) == 2


def test_a_throttler_knows_localhost(server: EmbeddedServer) -> None:
    """Row 230, LocalHostOptedOut: a server on this machine is never left alone."""
    server.route("/", BUSY)
    with Session(trust_env=False, throttle=True) as session:
        assert [session.get(server.url("/")).status for _ in range(5)] == [503] * 5


def test_a_throttler_leaves_a_failing_url_alone(server: EmbeddedServer) -> None:
    """Row 248, ThrottleOnRepeatedFetches and ProtectTest: who has no time is refused before anything is sent."""
    server.route("/", BUSY)
    dns = DnsSettings(host_resolver_rules="MAP name.test 127.0.0.1")
    with Session(trust_env=False, throttle=True, dns=dns) as session:
        url = server.url("/", host="name.test")
        assert [session.get(url).status for _ in range(3)] == [503] * 3
        with pytest.raises(NetError, match="past the deadline") as caught:
            session.get(url, timeout=0.05)
    assert caught.value.net_error.name == "ERR_TEMPORARILY_THROTTLED"
    assert len(server.requests) == 3
