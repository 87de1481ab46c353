"""Real Apache: Digest and Basic, HTTP/1.0, connections that do not live long, bodies that come back or are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from netstack_sync import DigestAuth, Session
from tests.support.live_sites import PASSWORD, USER, LiveSites
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

_AUTH = DigestAuth(USER, PASSWORD)


def test_digest_is_answered_once(apache: LiveSites, session: Session) -> None:
    """One challenge for all requests below /secret; the answers say it is our turn to count (nc)."""
    for path in ("/secret/200.bin?once", "/secret/5000.bin?once&a=b", "/secret/200.bin?once"):
        response = session.get(apache.url("plain", path), auth=_AUTH)
        assert response.status == 200 and response.content == apache.bodies[path[7:].partition("?")[0]]
        assert "rspauth" in response.headers["authentication-info"]
    _wait_for_log(apache, "?once", [401, 200, 200, 200])
    assert session.stats().sockets_opened == 1


@pytest.mark.parametrize(
    "mark, auth, statuses",
    [
        ("password", DigestAuth(USER, "wrong"), [401, 401]),
        ("user", DigestAuth("nobody", PASSWORD), [401, 401]),
        ("none", None, [401]),
        ("pair", (USER, PASSWORD), [401, 200]),
    ],
)
def test_who_is_let_in(apache: LiveSites, session: Session, mark: str, auth: Any, statuses: list[int]) -> None:
    """A wrong password is tried once; a pair meets Digest too, though Basic goes first."""
    url = apache.url("plain", f"/secret/200.bin?who={mark}")
    assert session.get(url, auth=auth).status == statuses[-1]
    _wait_for_log(apache, f"?who={mark}", statuses)


def _wait_for_log(apache: LiveSites, mark: str, statuses: list[int]) -> None:
    wait_until(lambda: apache.statuses(mark) == statuses, f"the log has {statuses} for {mark}")


def test_digest_with_bodies(apache: LiveSites, session: Session) -> None:
    """A body is sent again with the answer, also one that is read from an iterable."""
    url = apache.url("plain", "/secret/200.bin")
    for body in (b"x" * 100_000, [b"x" * 50_000] * 4):
        with Session() as fresh:
            assert fresh.post(url, content=body, auth=_AUTH).status in (200, 405)


def test_nonces_that_do_not_last(apache: LiveSites, session: Session) -> None:
    """A nonce lives a second: each answer names the next one, and one that has grown old is replaced unseen."""
    url = apache.url("plain", "/brief/200.bin")
    nonces = set()
    for _ in range(3):
        response = session.get(url, auth=_AUTH)
        assert response.status == 200
        nonces.add(response.headers["authentication-info"].partition('nextnonce="')[2][:40])
        _let_seconds_pass(apache, 1)
    assert len(nonces) == 3
    _let_seconds_pass(apache, 3)
    assert session.get(url, auth=_AUTH).status == 200
    assert apache.statuses("/brief").count(401) >= 2


def _let_seconds_pass(apache: LiveSites, seconds: int) -> None:
    """By Apache's own clock, without which its nonces do not grow old; it is asked every 50 ms."""
    seen: set[str] = set()
    with Session(rate_limit=20) as pauses:
        while len(seen) <= seconds:
            seen.add(pauses.get(apache.url("plain", "/0.bin")).headers["date"])


def test_basic(apache: LiveSites, session: Session) -> None:
    """Right, wrong, and in the URL."""
    url = apache.url("plain", "/basic/200.bin")
    assert session.get(url, auth=(USER, PASSWORD)).status == 200
    assert session.get(url, auth=(USER, "wrong")).status == 401
    assert session.get(url.replace("//", "//Mufasa:Circle%20of%20Life@")).status == 200


def test_http_1_0(apache: LiveSites, session: Session) -> None:
    """Each answer ends its connection, and all arrive."""
    for path in ("/200.bin", "/300001.bin", "/0.bin") * 3:
        response = session.get(apache.url("old", path))
        assert (response.http_version, response.content) == ("HTTP/1.0", apache.bodies[path])
        assert not response.connection_reused
    assert session.stats().sockets_idle == 0


def test_http_1_0_without_a_length(apache: LiveSites, session: Session) -> None:
    """The end of the connection is the end of the body; as a stream too."""
    url = apache.url("old", "/reflect")
    response = session.post(url, content=b"x" * 20_000)
    assert response.http_version == "HTTP/1.0" and response.content == b"x" * 20_000
    with session.stream("GET", apache.url("old", "/large.bin")) as stream:
        assert b"".join(stream.iter_bytes()) == apache.bodies["/large.bin"]


@pytest.mark.parametrize("coding, path", [("gzip", "/zipped"), ("br", "/brotli")])
def test_codings(apache: LiveSites, session: Session, coding: str, path: str) -> None:
    """mod_deflate and mod_brotli."""
    response = session.get(apache.url("plain", f"{path}/text.txt"), headers={"Accept-Encoding": coding})
    assert response.headers["content-encoding"] == coding and response.content == apache.bodies["/text.txt"]


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}], ids=["plain", "expect"])
@pytest.mark.parametrize("size", [1, 5_000, 300_000])
def test_bodies_come_back(apache: LiveSites, session: Session, size: int, headers: dict[str, str]) -> None:
    """With a length and in chunks, and with a 100 in between for who asks for it."""

    def pieces() -> Iterator[bytes]:
        for start in range(0, size, 7_000):
            yield body[start : start + 7_000]

    body = (b"%d|" % size * size)[:size]
    url = apache.url("plain", "/reflect")
    assert session.post(url, content=body, headers=headers).content == body
    assert session.post(url, content=pieces(), headers=headers).content == body
    assert session.get(apache.url("plain", "/1.bin")).status == 200


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}], ids=["plain", "expect"])
def test_body_that_is_too_large(apache: LiveSites, session: Session, headers: dict[str, str]) -> None:
    """The refusal comes while we are sending; it is the answer, not a reset."""
    for _ in range(3):
        response = session.post(apache.url("plain", "/small"), content=b"x" * 20_000_000, headers=headers)
        assert response.status == 413 and b"Too Large" in response.content
    assert session.post(apache.url("plain", "/small"), content=b"x" * 900).content == b"x" * 900


def test_keep_alive_limit_is_known(apache: LiveSites, session: Session) -> None:
    """Keep-Alive: max counts down, and after the last one there is a new connection."""
    for _ in range(20):
        assert session.get(apache.url("few", "/200.bin")).status == 200
    assert 3 <= session.stats().sockets_opened <= 5
