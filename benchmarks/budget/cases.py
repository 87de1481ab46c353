"""The requests whose cost is budgeted: each case is a function that makes one request under the eyes of a driver."""

from __future__ import annotations

from collections.abc import Callable

import netstack_sync

from .driver import Driver
from .server import PIECES, Server

Case = Callable[[], None]
_JSON = {"items": [{"id": number, "name": f"item {number}", "tags": ["a", "b"]} for number in range(20)]}


def make_cases(server: Server, driver: Driver) -> dict[str, Case]:
    """By name; each has a session of its own."""
    return {
        "get": _get(server, driver),
        "get-queued": _get_queued(server, driver),
        "post-json": _post_json(server, driver),
        "stream": _stream(server, driver),
        "cookies": _cookies(server, driver),
        "tls": _tls(server, driver),
        "tls-handshake": _tls_handshake(server, driver),
    }


def _get(server: Server, driver: Driver) -> Case:
    """200 bytes over a kept connection."""
    session, url = netstack_sync.Session(), server.base + "/small"
    return lambda: driver.run(lambda: session.get(url).content)


def _get_queued(server: Server, driver: Driver) -> Case:
    """A request waits for the one socket of its host, which another request has. Both are counted."""
    session = netstack_sync.Session(limits=netstack_sync.Limits(per_host=1))

    def run() -> None:
        driver.begin(lambda: session.get(server.base + "/held").content, worker=0)
        driver.begin(lambda: session.get(server.base + "/small").content, worker=1)
        server.let_on()
        driver.let_end()

    return run


def _post_json(server: Server, driver: Driver) -> Case:
    """The value comes back and is read."""
    session, url = netstack_sync.Session(), server.base + "/json"

    def post() -> None:
        assert session.post(url, json=_JSON).json() == _JSON

    return lambda: driver.run(post)


def _stream(server: Server, driver: Driver) -> Case:
    """A body of some pieces; each is asked for before it is sent, but for the first, which comes with the head."""
    session, url = netstack_sync.Session(), server.base + "/pieces"

    def read() -> None:
        with session.stream("GET", url) as response:
            driver.pause()
            for _ in response.iter_bytes():
                driver.pause()

    def run() -> None:
        driver.begin(read)
        driver.go_on()
        for _ in range(PIECES - 1):
            driver.go_on()
            driver.let_settle()
            server.let_on()
        driver.go_on()
        driver.let_end()

    return run


def _cookies(server: Server, driver: Driver) -> Case:
    """Each answer sets a cookie anew, and each request sends it."""
    session, url = netstack_sync.Session(), server.base + "/cookie"
    return lambda: driver.run(lambda: session.get(url).content)


def _tls(server: Server, driver: Driver) -> Case:
    """200 bytes over a kept connection with TLS."""
    session, url = netstack_sync.Session(verify=server.ca_file), server.tls_base + "/small"
    return lambda: driver.run(lambda: session.get(url).content)


def _tls_handshake(server: Server, driver: Driver) -> Case:
    """A new connection with a full handshake; the certificate has been judged before."""
    session, url = netstack_sync.Session(verify=server.ca_file), server.tls_base + "/small"
    headers = {"Connection": "close"}
    return lambda: driver.run(lambda: session.get(url, headers=headers).content)
