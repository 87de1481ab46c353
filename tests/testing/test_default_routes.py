"""The routes that every server has, as a client of the standard library sees them."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from netstack_sync.testing.default_routes import pattern_bytes
from netstack_sync.testing.embedded_server import EmbeddedServer


@pytest.fixture
def client(server: EmbeddedServer) -> Iterator[HTTPConnection]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    yield connection
    connection.close()


def get(client: HTTPConnection, target: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    client.request("GET", target, headers=headers)
    response = client.getresponse()
    return response, response.read()


def test_hello(client: HTTPConnection) -> None:
    """The smallest page; HEAD shows its size."""
    assert get(client, "/hello")[1] == b"hello\n"
    client.request("HEAD", "/hello")
    response = client.getresponse()
    assert (response.read(), response.headers["Content-Length"]) == (b"", "6")


def test_echo_gives_the_request_back(client: HTTPConnection) -> None:
    """Method, target, headers and body, on the connection's number."""
    client.request("PUT", "/echo?x", body="é".encode(), headers={"X-Y": "z"})
    seen = json.loads(client.getresponse().read())
    assert (seen["method"], seen["target"], seen["body"], seen["connection"]) == ("PUT", "/echo?x", "é", 1)
    assert seen["headers"]["X-Y"] == "z"
    assert json.loads(get(client, "/headers", A="b")[1])["headers"]["A"] == "b"


def test_bytes_and_stream(client: HTTPConnection) -> None:
    """A body of N known bytes; a chunked one of N lines."""
    assert get(client, "/bytes/1000")[1] == pattern_bytes(1000)
    assert len(pattern_bytes(251)) == 251 and pattern_bytes(0) == b""
    response, body = get(client, "/stream/2")
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert body == b'{"line": 0}\n{"line": 1}\n'


def test_encoded_bodies(client: HTTPConnection) -> None:
    """They decode to the pattern."""
    response, body = get(client, "/gzip")
    assert (response.headers["Content-Encoding"], gzip.decompress(body)) == ("gzip", pattern_bytes(4096))
    response, body = get(client, "/deflate?size=10")
    assert (response.headers["Content-Encoding"], zlib.decompress(body)) == ("deflate", pattern_bytes(10))


def test_redirects(client: HTTPConnection) -> None:
    """N of them end at /hello; a single one leads wherever it is told to."""
    targets = []
    target = "/redirect/2"
    while (response := get(client, target)[0]).status == 302:
        target = response.headers["Location"]
        targets.append(target)
    assert targets == ["/redirect/1", "/hello"]
    response = get(client, "/redirect-to?url=http%3A//h/p%3Fq&status=307")[0]
    assert (response.status, response.headers["Location"]) == (307, "http://h/p?q")
    assert get(client, "/redirect-to?url=/x")[0].status == 302


def test_status_and_delay(client: HTTPConnection) -> None:
    """A status on demand; an answer that comes later."""
    assert get(client, "/status/503")[0].status == 503
    assert get(client, "/delay/0.01")[1] == b"late\n"


def test_basic_auth(client: HTTPConnection) -> None:
    """Only the user and password of the path open the door."""
    response = get(client, "/basic-auth/u/p%20w")[0]
    assert response.status == 401 and response.headers["WWW-Authenticate"].startswith("Basic realm=")
    credentials = base64.b64encode(b"u:p w").decode()
    assert get(client, "/basic-auth/u/p%20w", Authorization=f"Basic {credentials}")[0].status == 200
