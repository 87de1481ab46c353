"""Real nginx that limits connections, speed and bodies, answers early or not at all, and gives ranges."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator

import pytest

import netstack_sync
from netstack_sync import Session
from tests.support.live_sites import PASSWORD, USER, LiveSites

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


def test_a_hundred_at_once_over_connections_of_five_requests(nginx_many: LiveSites, session: Session) -> None:
    """keepalive_requests 5: a hundred answers, twenty connections or a few more, no error."""
    url = nginx_many.url("few", "/200.bin")
    futures = [session.submit("GET", url) for _ in range(100)]
    assert [future.result(60).content for future in futures] == [nginx_many.bodies["/200.bin"]] * 100
    assert 20 <= session.stats().sockets_opened <= 40


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_connections_that_the_server_closes_after_twenty_ms(
    nginx_many: LiveSites, session: Session, method: str
) -> None:
    """Whoever uses a kept connection just as the server closes it is served over another one."""
    url = nginx_many.url("short", "/taken")
    body = b"x" if method == "POST" else None
    pauses = netstack_sync.Session(rate_limit=50)  # every 20 ms, more or less
    with pauses:
        for _ in range(60):
            assert pauses.request(method, url, content=body).status == 200
        stats = pauses.stats()
    assert stats.sockets_opened > 1, "no connection was lost, which this test is about"


def test_no_keep_alive(nginx_many: LiveSites, session: Session) -> None:
    """keepalive_timeout 0, and a body whose end is that of the connection, because chunks are switched off."""
    for _ in range(3):
        response = session.get(nginx_many.url("closed", "/text.txt"))
        assert response.content == nginx_many.bodies["/text.txt"]
        assert response.headers["connection"] == "close" and "content-length" not in response.headers
    assert session.stats().sockets_idle == 0


def test_chunks_of_gzip(nginx_many: LiveSites, session: Session) -> None:
    """Both codings, that of the transfer and that of the content, are undone."""
    response = session.get(nginx_many.url("plain", "/zipped/text.txt"))
    assert (response.headers["transfer-encoding"], response.headers["content-encoding"]) == ("chunked", "gzip")
    assert response.content == nginx_many.bodies["/text.txt"]
    assert session.get(nginx_many.url("plain", "/zipped/text.txt")).connection_reused


def test_slow_body_within_its_limits(nginx_many: LiveSites, session: Session) -> None:
    """limit_rate: a limit for each wait is kept by a server that goes on sending, one for the whole is not."""
    url = nginx_many.url("slow", "/300001.bin")
    timeout = netstack_sync.Timeout(total=None, read=2.5)
    assert session.get(url, timeout=timeout).content == nginx_many.bodies["/300001.bin"]
    with pytest.raises(netstack_sync.DeadlineExceeded):
        session.get(url, timeout=1)


def test_slow_stream_that_is_left(nginx_many: LiveSites, session: Session) -> None:
    """Its connection is closed, and nobody waits for the rest."""
    with session.stream("GET", nginx_many.url("slow", "/large.bin")) as response:
        assert next(response.iter_bytes())
    assert session.get(nginx_many.url("slow", "/1.bin")).content == nginx_many.bodies["/1.bin"]
    assert session.stats().sockets_opened == 2


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}], ids=["plain", "expect"])
def test_body_that_is_too_large(nginx_many: LiveSites, session: Session, headers: dict[str, str]) -> None:
    """client_max_body_size: nginx answers 413 at once and reads on for a while; the 413 is what the caller gets."""

    def pieces() -> Iterator[bytes]:
        for _ in range(300):
            yield b"x" * 65_536

    for body in (b"x" * 20_000_000, pieces()):
        response = session.post(nginx_many.url("strict", "/upload"), content=body, headers=headers)
        assert (response.status, response.text) == (413, "sorry\n")
    assert session.get(nginx_many.url("strict", "/1.bin")).status == 200


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}], ids=["plain", "expect"])
def test_upload(nginx_many: LiveSites, session: Session, headers: dict[str, str]) -> None:
    """The server tells what it was told: a length, or chunks."""
    url = nginx_many.url("plain", "/upload")
    assert session.post(url, content=b"x" * 2_000_000, headers=headers).text == "2000000 "
    assert session.post(nginx_many.url("plain", "/taken"), content=iter([b"x" * 100_000] * 5)).text.strip() == "chunked"


def test_no_answer_at_all(nginx_many: LiveSites, session: Session) -> None:
    """return 444: over a fresh connection that is an error at once, over a kept one after a second try."""
    url = nginx_many.url("strict", "/silent")
    for _ in range(2):
        with pytest.raises(netstack_sync.EmptyResponse) as caught:
            session.get(url)
        assert caught.value.net_error.name == "ERR_EMPTY_RESPONSE" and caught.value.may_have_been_sent
        assert session.get(nginx_many.url("strict", "/1.bin")).status == 200


@pytest.mark.parametrize("path, status", [("/nothing", 404), ("/nowhere/", 502)])
def test_error_pages(nginx_many: LiveSites, session: Session, path: str, status: int) -> None:
    """An error has a body, and the connection goes on."""
    for _ in range(2):
        response = session.get(nginx_many.url("strict", path))
        assert (response.status, response.text) == (status, "sorry\n")
    assert response.connection_reused


def test_basic_auth_and_redirect(nginx_many: LiveSites, session: Session) -> None:
    """As Apache's; and a Location that nginx makes absolute."""
    url = nginx_many.url("plain", "/secret/200.bin")
    assert session.get(url).status == 401
    assert session.get(url, auth=(USER, PASSWORD)).content == nginx_many.bodies["/200.bin"]
    response = session.get(nginx_many.url("plain", "/gone"))
    assert [hop.status for hop in response.history] == [301]
    assert response.content == nginx_many.bodies["/200.bin"]


@pytest.mark.parametrize("first, last", [(0, 0), (0, 99), (100, 4999), (4999, 4999)])
def test_one_range(either: LiveSites, session: Session, first: int, last: int) -> None:
    """206 with these bytes and no others."""
    response = session.get(either.url("plain", "/5000.bin"), headers={"Range": f"bytes={first}-{last}"})
    assert response.status == 206
    assert response.headers["content-range"] == f"bytes {first}-{last}/5000"
    assert response.content == either.bodies["/5000.bin"][first : last + 1]


def test_several_ranges(either: LiveSites, session: Session) -> None:
    """multipart/byteranges arrives as it was sent."""
    response = session.get(either.url("plain", "/5000.bin"), headers={"Range": "bytes=0-9,2000-2099,-5"})
    assert response.status == 206
    head = f"Content-Type: {response.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + response.content, policy=email.policy.HTTP)
    body = either.bodies["/5000.bin"]
    found = [(part["content-range"], part.get_payload(decode=True)) for part in message.iter_parts()]
    assert found == [
        ("bytes 0-9/5000", body[:10]),
        ("bytes 2000-2099/5000", body[2000:2100]),
        ("bytes 4995-4999/5000", body[-5:]),
    ]


def test_range_beyond_the_end(nginx_many: LiveSites, session: Session) -> None:
    """416 says how long the file is."""
    response = session.get(nginx_many.url("plain", "/5000.bin"), headers={"Range": "bytes=5000-"})
    assert (response.status, response.headers["content-range"]) == (416, "bytes */5000")


def test_if_range(either: LiveSites, session: Session) -> None:
    """Of the same state a part, of another the whole."""
    url = either.url("plain", "/large.bin")
    etag = session.head(url).headers["etag"]
    for validator, status in ((etag, 206), ('"another"', 200)):
        assert session.head(url, headers={"Range": "bytes=10-", "If-Range": validator}).status == status
