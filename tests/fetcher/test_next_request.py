"""The request that a redirect leads to, and everything else that a caller sees of redirects."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import DigestAuth, InvalidURL, NetError, Response, RetryPolicy, Session, TooManyRedirects
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer

LIMIT_S = 20.0  # only a hang gets here

SECRETS = {"Authorization": "Bearer t", "Cookie": "a=1", "Proxy-Authorization": "Basic eA=="}


def stopped(session: Session, server: EmbeddedServer, location: str, status: int = 302, **options: Any) -> Response:
    """A redirect to there that is not followed."""
    server.route("/from", Answer(status, headers={"Location": location}, body=b"look there"))
    method = options.pop("method", "GET")
    return session.request(method, server.url("/from"), follow_redirects=False, **options)


def names(response: Response) -> set[str]:
    assert response.next_request is not None
    return {name.lower() for name in response.next_request.headers}


def test_the_redirect_is_the_response(server: EmbeddedServer, session: Session) -> None:
    """Row 247, StopOnRedirect: with its body; the target is in the request that would follow."""
    response = stopped(session, server, "/hello", 301)
    assert (response.status_code, response.text, response.history) == (301, "look there", [])
    assert response.is_redirect and response.is_permanent_redirect
    request = response.next_request
    assert request is not None and request is response.next and request.url.href == server.url("/hello")
    followed = session.send(request)
    assert (followed.text, followed.url, followed.request) == ("hello\n", server.url("/hello"), request)


@pytest.mark.parametrize(
    "status, method, expected, has_body",
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (303, "HEAD", "HEAD", False),
        (302, "PUT", "PUT", True),
        (307, "POST", "POST", True),
        (308, "PATCH", "PATCH", True),
    ],
)
def test_method_and_body(
    server: EmbeddedServer, session: Session, status: int, method: str, expected: str, has_body: bool
) -> None:
    """Row 236: as if the stack had followed; a file is sent from its beginning again."""
    body = {"content": io.BytesIO(b"file"), "headers": {"Content-Type": "text/x"}} if method != "HEAD" else {}
    response = stopped(session, server, "/echo", status, method=method, **body)
    assert response.next_request is not None
    assert (response.next_request.method, response.next_request.body is not None) == (expected, has_body)
    followed = session.send(response.next_request)
    if expected != "HEAD":
        echo = followed.json()
        assert (echo["method"], echo["body"]) == (expected, "file" if has_body else "")
        sent = {name.lower() for name in echo["headers"]}
        assert ("content-type" in sent) == ("content-length" in sent) == has_body


@pytest.mark.parametrize("location, is_kept", [("/x", True), ("http://other.test/", False)])
def test_secrets_stay_with_the_origin(server: EmbeddedServer, session: Session, location: str, is_kept: bool) -> None:
    """Rule R5 (CVE-2023-32681 and its kin): whoever follows by hand gives away no more than the stack would."""
    response = stopped(session, server, location, headers={**SECRETS, "X-Mine": "1"})
    assert names(response) & {name.lower() for name in SECRETS} == ({n.lower() for n in SECRETS} if is_kept else set())
    assert "x-mine" in names(response)
    response = stopped(session, server, location, auth=DigestAuth("u", "p"), cookies={"b": "2"})
    assert response.next_request is not None
    assert (response.next_request.auth is not None) == bool(response.next_request.cookies) == is_kept


@pytest.mark.parametrize("location", ["myapp://callback?code=1", "data:,x", "http://[bad/"])
def test_a_target_where_nobody_is_sent(server: EmbeddedServer, session: Session, location: str) -> None:
    """Row 236, RestrictUnsafeRedirect: whoever does not follow may read it; whoever follows is told."""
    response = stopped(session, server, location)
    assert response.status == 302 and response.is_redirect and response.next_request is None
    assert response.headers["location"] == location
    with pytest.raises(NetError, match="REDIRECT"):
        session.get(server.url("/from"))


def test_what_is_no_redirect_leads_nowhere(server: EmbeddedServer, session: Session) -> None:
    """Row 236, NoRedirectOn308WithoutLocationHeader: it is an ordinary answer, as is one that was followed."""
    server.route("/308", Answer(308, body=b"no"))
    server.route("/304", Answer(304, headers={"Location": "/hello"}))
    for path in ("/308", "/304", "/redirect/1"):
        response = session.get(server.url(path))
        assert response.next_request is None and not response.is_redirect and not response.is_permanent_redirect


def loop(server: EmbeddedServer) -> str:
    server.route("/loop", Answer(302, headers={"Location": "/loop"}))
    return server.url("/loop")


def test_twenty_on_every_path(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    """Rule R22: the limit holds for whole answers, streams, futures and downloads, each attempt and send()."""
    url = loop(server)
    paths: list[Callable[[], object]] = [
        lambda: session.get(url),
        lambda: session.stream("GET", url),
        lambda: session.submit("GET", url).result(LIMIT_S),
        lambda: session.download(url, tmp_path / "file"),
        lambda: session.send(session.prepare("GET", url)),
    ]
    for path in paths:
        server.forget_requests()
        with pytest.raises(TooManyRedirects):
            path()
        assert len(server.requests) == 21
    with pytest.raises(TooManyRedirects):
        session.get(url, max_redirects=0)


def test_a_future_and_a_stream_have_a_next_request(server: EmbeddedServer, session: Session) -> None:
    """Whichever way the response came."""
    url = server.url("/redirect/1")
    future = session.submit("GET", url, follow_redirects=False)
    with session.stream("GET", url, follow_redirects=False) as stream:
        for response in (future.result(LIMIT_S), stream):
            assert response.next_request is not None and response.next_request.url.path == "/hello"
            with session.send(response.next_request, stream=True) as followed:
                assert followed.read() == b"hello\n"


def test_a_relative_redirect_is_not_relative_to_the_session(server: EmbeddedServer) -> None:
    """base_url completes what the caller writes, not what servers say."""
    with Session(base_url=server.url("/deep/down/"), trust_env=False) as session:
        server.route("/deep/down/here", Answer(302, headers={"Location": "../up"}))
        server.route("/deep/up", Answer(body=b"up"))
        assert session.get("here").text == "up"
        with pytest.raises(InvalidURL):
            session.get("ftp://a.test/")


def test_a_later_attempt_may_be_no_redirect(server: EmbeddedServer, session: Session) -> None:
    """What the first one led to is forgotten."""
    server.route("/again", Answer(302, headers={"Location": "/hello"}), Answer(body=b"fine"))
    retries = RetryPolicy(backoff=0, statuses={302})
    response = session.get(server.url("/again"), follow_redirects=False, retries=retries)
    assert response.text == "fine" and response.next_request is None and len(response.attempts) == 2
