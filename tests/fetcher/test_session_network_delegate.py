"""A network delegate of a session: the whole way, on a real network thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from netstack_sync import DeadlineExceeded, NetError, NetworkDelegate, RetryPolicy, Session, TooManyRedirects
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_BLOCKED_BY_CLIENT, ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Completion
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.url_request.network_delegate import DelegatedRequest, HopStart
from tests.support.waiting import wait_until


class Guard(NetworkDelegate):
    """Asks a thread about each request, signs what it lets through, and counts."""

    def __init__(self) -> None:
        self.waiting: list[Completion] = []
        self.ends: list[int] = []
        self.threads: set[str] = set()
        self.answer: int | None = OK
        self.target: str | None = None

    def on_before_url_request(self, request: DelegatedRequest, start: HopStart, on_done: Completion) -> int:
        """See NetworkDelegate."""
        self.threads.add(threading.current_thread().name)
        if self.target is not None and request.url.path != self.target:
            start.redirect(self.target)
        if self.answer is None:
            self.waiting.append(on_done)
        elif self.answer == ERR_IO_PENDING:
            threading.Thread(target=on_done, args=(OK,), daemon=True).start()
            return ERR_IO_PENDING
        return self.answer if self.answer is not None else ERR_IO_PENDING

    def on_before_send_headers(self, request: DelegatedRequest, headers: RequestHeaders, on_done: Completion) -> int:
        """See NetworkDelegate."""
        headers.set("X-Signed", request.url.path)
        return OK

    def on_completed(self, request: DelegatedRequest, started: bool, net_error: int) -> None:
        """See NetworkDelegate."""
        self.ends.append(net_error)


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
def session(guard: Guard) -> Iterator[Session]:
    with Session(network_delegate=guard, trust_env=False) as session:
        yield session


@pytest.mark.parametrize("answer", [OK, ERR_IO_PENDING])
def test_every_hop_is_asked_about(server: EmbeddedServer, session: Session, guard: Guard, answer: int) -> None:
    """Row 240: on the network thread, and the answer may come from any other."""
    guard.answer = answer
    assert session.get(server.url("/redirect/1")).text == "hello\n"
    assert [request.headers.get("x-signed") for request in server.requests] == ["/redirect/1", "/hello"]
    assert guard.threads == {"netstack-network"} and guard.ends == [OK]


def test_refused(server: EmbeddedServer, session: Session, guard: Guard) -> None:
    """Row 240: the caller gets the error with its number, a stream and a future as well; nothing is sent."""
    guard.answer = ERR_BLOCKED_BY_CLIENT
    url = server.url("/hello")
    for fetch in (
        lambda: session.get(url),
        lambda: session.stream("GET", url),
        lambda: session.submit("GET", url).result(20.0),
    ):
        with pytest.raises(NetError, match="ERR_BLOCKED_BY_CLIENT") as caught:
            fetch()  # type: ignore[no-untyped-call]
        assert not caught.value.may_have_been_sent
    assert server.requests == [] and guard.ends == [ERR_BLOCKED_BY_CLIENT] * 3


def test_the_deadline_covers_its_wait(server: EmbeddedServer, session: Session, guard: Guard) -> None:
    """And says so; an answer that comes too late does nothing."""
    guard.answer = None
    with pytest.raises(DeadlineExceeded, match="waiting for delegate"):
        session.get(server.url("/hello"), timeout=0.05)
    assert guard.ends == [ERR_ABORTED]
    guard.waiting.pop()(OK)
    guard.answer = OK
    assert session.get(server.url("/hello")).ok and len(server.requests) == 1


def test_cancelled_while_it_waits(server: EmbeddedServer, session: Session, guard: Guard) -> None:
    """Row 240, NetworkDelegateCancelWhileWaiting: from another thread."""
    guard.answer = None
    future = session.submit("GET", server.url("/hello"))
    wait_until(lambda: bool(guard.waiting))
    assert future.cancel()
    wait_until(lambda: guard.ends == [ERR_ABORTED])
    assert server.requests == []


@pytest.mark.parametrize("follows", [False, True])
def test_sent_elsewhere(server: EmbeddedServer, session: Session, guard: Guard, follows: bool) -> None:
    """Row 240, NetworkDelegateRedirectRequestPost: also for those who follow no server's redirects."""
    guard.target = "/echo"
    response = session.post(server.url("/hello"), content=b"body", follow_redirects=follows)
    assert response.json()["body"] == "body" and response.url == server.url("/echo")
    assert [(hop.status, hop.headers["location"]) for hop in response.history] == [(307, server.url("/echo"))]
    with pytest.raises(TooManyRedirects):
        session.get(server.url("/hello"), max_redirects=0)


def test_each_attempt_is_a_request(server: EmbeddedServer, session: Session, guard: Guard) -> None:
    """And each of them ends once."""
    response = session.get(server.url("/status/503"), retries=RetryPolicy(total=2, backoff=0, statuses={503}))
    assert response.status == 503 and len(server.requests) == 3 and len(guard.ends) == 3
