"""What a hostile user, or his user, may try with a request: refused before anything is sent, or sent as one request."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync import BearerAuth, Http1Error, InvalidURL, Session
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.raw_server import raw_server, read_request

CONTROLS = ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "a\x7fb", "\x1b"]


@pytest.mark.parametrize("bad", CONTROLS)
@pytest.mark.parametrize("where", ["name", "value", "host", "cookie", "cookie name", "type", "part", "bearer", "base"])
def test_no_control_character_goes_into_a_head(server: EmbeddedServer, session: Session, bad: str, where: str) -> None:
    """R14, R16 (CVE-2026-34514): names, values, cookies, media types, headers of parts, credentials."""
    options: dict[str, dict[str, Any]] = {
        "name": {"headers": {bad: "x"}},
        "value": {"headers": {"X": bad}},
        "host": {"headers": {"Host": bad}},
        "cookie": {"cookies": {"a": bad}},
        "cookie name": {"cookies": {bad: "a"}},
        "type": {"files": {"f": ("n", b"", bad)}},
        "part": {"files": {"f": ("n", b"", "a/b", {"X": bad})}},
    }
    with pytest.raises(ValueError):
        if where == "bearer":
            session.post(server.url("/echo"), auth=BearerAuth(bad))
        elif where == "base":
            Session(headers={"X": bad}, trust_env=False)
        else:
            session.post(server.url("/echo"), **options[where])
    assert not server.requests


@pytest.mark.parametrize("bad", CONTROLS)
def test_no_control_character_goes_into_a_request_line(server: EmbeddedServer, session: Session, bad: str) -> None:
    """R14, R16: neither by the method nor by the URL; a query's values are escaped."""
    with pytest.raises(ValueError, match="method: "):
        session.request(bad, server.url("/echo"))
    with pytest.raises(InvalidURL):
        session.get(server.url("/") + bad)
    with pytest.raises(InvalidURL):
        Session(base_url="http://h/" + bad, trust_env=False)
    assert not server.requests
    session.get(server.url("/echo"), params={"q": bad})
    assert server.requests[0].query == {"q": bad} and "x" not in server.requests[0].headers


@pytest.mark.parametrize("bad", CONTROLS)
@pytest.mark.parametrize("where", ["name", "filename", "field"])
def test_names_in_a_multipart_body_stay_names(server: EmbeddedServer, session: Session, bad: str, where: str) -> None:
    """R14, R16 (CVE-2026-34514): line ends are escaped as browsers do, what has no escape is refused."""
    options: dict[str, dict[str, Any]] = {
        "name": {"files": {bad: ("n", b"")}},
        "filename": {"files": {"f": (bad, b"")}},
        "field": {"files": {"f": b""}, "data": {bad: "x"}},
    }
    if not set(bad) & set("\r\n"):
        with pytest.raises(ValueError, match="holds a control character"):
            session.post(server.url("/echo"), **options[where])
        assert not server.requests
        return
    session.post(server.url("/echo"), **options[where])
    head = server.requests[0].body.split(b"\r\n\r\n")[0]
    assert head.count(b"\r\n") <= 2 and b"\r\nX: y" not in head
    assert bad.replace("\r", "%0D").replace("\n", "%0A").encode() in head


@pytest.mark.parametrize(
    "options",
    [
        {"headers": [("Host", "a"), ("host", "b")]},
        {"headers": {"Content-Length": 2}, "content": b"ab"},
        {"headers": [("Content-Length", "2"), ("content-length", "2")], "content": b"ab"},
        {"headers": {"Content-Length": "2, 2"}, "content": b"ab"},
        {"headers": {"Content-Length": "3"}, "content": b"ab"},
        {"headers": {"Content-Length": "9" * 5000}, "content": iter([b"ab"])},
        {"headers": {"Transfer-Encoding": "chunked"}, "content": b"ab"},
        {"headers": {"Transfer-Encoding": "chunked", "Content-Length": "2"}, "content": iter([b"ab"])},
        {"headers": [("Transfer-Encoding", "chunked"), ("transfer-encoding", "chunked")], "content": iter([b"ab"])},
        {"headers": {"Transfer-Encoding": "gzip, chunked"}, "content": iter([b"ab"])},
        {"headers": {"Transfer-Encoding": "chunked"}},
    ],
)
def test_what_says_where_a_request_ends_is_said_once(
    server: EmbeddedServer, session: Session, options: dict[str, Any]
) -> None:
    """R15, R16 (CVE-2025-53643): two that disagree are how requests are smuggled."""
    with pytest.raises(ValueError, match=r"(?i)host|content-length|transfer-encoding"):
        session.post(server.url("/echo"), **options)
    assert not server.requests


def test_a_host_of_a_request_takes_the_place_of_the_sessions(server: EmbeddedServer) -> None:
    """R16: one Host goes out, in whatever case of letters they were written."""
    with Session(headers={"Host": "session.test"}, trust_env=False) as session:
        session.get(server.url("/echo"))
        session.get(server.url("/echo"), headers={"hOST": "request.test"})
    assert [request.headers.get_all("host") for request in server.requests] == [["session.test"], ["request.test"]]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("content", [None, b"", iter(())])
def test_an_empty_body_has_a_length(server: EmbeddedServer, session: Session, method: str, content: Any) -> None:
    """Rows 177 and 235, PostEmptyTest: the server must not wait for one."""
    session.request(method, server.url("/echo"), content=content)
    headers = server.requests[0].headers
    framing = headers.get("content-length"), headers.get("transfer-encoding")
    assert framing == (("0", None) if content is None or content == b"" else (None, "chunked"))
    assert server.requests[0].body == b""


@pytest.mark.parametrize("upgrade", [{}, {"Upgrade": "websocket", "Connection": "Upgrade"}])
def test_a_switch_to_another_protocol_is_refused(session: Session, upgrade: dict[str, str]) -> None:
    """Row 154: asked for or not, and it is said what to do. What follows the 101 is taken for no answer."""

    def switch(connection: Any) -> None:
        read_request(connection)
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        )

    told: list[int] = []
    with raw_server([switch]) as port, pytest.raises(Http1Error, match=r"101.* send no Upgrade header"):
        session.get(
            f"http://127.0.0.1:{port}/", headers=upgrade, on_informational=lambda status, _: told.append(status)
        )
    assert not told


@pytest.mark.parametrize(
    "answer, version",
    [
        (b"HTTP/1.0 200 OK\r\n\r\nhello", 10),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 10),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", 10),
    ],
)
def test_an_answer_of_http_1_0(session: Session, answer: bytes, version: int) -> None:
    """It ends with the connection unless it says otherwise."""

    def serve(connection: Any) -> None:
        read_request(connection)
        connection.sendall(answer)

    with raw_server([serve, serve]) as port:
        url = f"http://127.0.0.1:{port}/"
        response = session.get(url)
        assert (response.version, response.content) == (version, b"hello")
        assert session.post(url, content=b"abc").content == b"hello"


def test_an_answer_of_http_0_9_is_refused(session: Session) -> None:
    """Rows 151, Http09PortTests, and 160, SimpleGETNoHeaders: nothing tells it from another protocol, on no port."""

    def serve(connection: Any) -> None:
        read_request(connection)
        connection.sendall(b"<html>an answer of 1991</html>")

    with raw_server([serve]) as port, pytest.raises(Http1Error, match="status line"):
        session.get(f"http://127.0.0.1:{port}/")
