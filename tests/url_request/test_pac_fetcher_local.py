"""UrlRequestPacFetcher where there is no server: in files, in data: URLs, nowhere; and all the way to a real one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import (
    ERR_ACCESS_DENIED,
    ERR_DISALLOWED_URL_SCHEME,
    ERR_FILE_NOT_FOUND,
    ERR_FILE_TOO_BIG,
    ERR_INVALID_URL,
    ERR_TIMED_OUT,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.log.net_log import NetLog
from netstack_sync.proxy.pac_file import PacFetch, PacFetchResult, PacFileData
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers
from netstack_sync.url_request.context_builder import ContextBuilder
from netstack_sync.url_request.pac_fetcher import TIME_LIMIT_S, UrlRequestPacFetcher
from netstack_sync.workers.pac_values import MAX_PAC_BYTES
from tests.support.netlink import fake_kernel
from tests.support.pac import TEXT
from tests.support.pac_fetches import FetchAsking
from tests.support.scripted_stack import DrivenThread, ScriptedStack
from tests.support.waiting import wait_until

BODY = TEXT.encode()


@pytest.fixture
def asking(stack: ScriptedStack) -> FetchAsking:
    return FetchAsking(stack)


@pytest.mark.parametrize(
    "url, net_error, words",
    [
        ("ftp://pac.test/p.js", ERR_DISALLOWED_URL_SCHEME, "from http:, https:, file: and data: URLs"),
        ("about:blank", ERR_DISALLOWED_URL_SCHEME, "about:blank: scripts are fetched"),
        ("pac.test", ERR_INVALID_URL, "pac.test"),
        ("http://", ERR_INVALID_URL, "http://"),
    ],
)
@pytest.mark.parametrize("is_cancelled", [True, False])
def test_what_cannot_be_fetched(asking: FetchAsking, url: str, net_error: int, words: str, is_cancelled: bool) -> None:
    """Fails in words, in a later task; unless nobody wants to know."""
    asking.url = url
    fetch = asking.start()
    if is_cancelled:
        fetch.cancel()
        fetch.cancel()
    asking.stack.run()
    if is_cancelled:
        assert asking.results == []
    else:
        assert asking.result.net_error == net_error and words in asking.result.detail


@pytest.mark.parametrize("url", ["data:,function%20FindProxyForURL", "data:;base64,ZnVuY3Rpb24gRmluZFByb3h5Rm9yVVJM"])
def test_in_a_data_url(asking: FetchAsking, url: str) -> None:
    """Nobody was on its way."""
    assert asking.read(url).script == PacFileData("function FindProxyForURL", url, is_trusted=True)


def test_in_a_data_url_with_a_charset(asking: FetchAsking) -> None:
    """Which counts."""
    script = asking.read("data:text/plain;charset=iso-8859-1,%C3%A4").script
    assert script is not None and script.text == "Ã¤"


@pytest.mark.parametrize(
    "url, net_error, words",
    [
        ("data:nothing", ERR_INVALID_URL, "a data: URL has a comma before its data"),
        ("data:," + "x" * (MAX_PAC_BYTES + 1), ERR_FILE_TOO_BIG, "the script exceeds 1048576 bytes"),
    ],
    ids=["malformed", "too large"],
)
def test_in_a_bad_data_url(asking: FetchAsking, url: str, net_error: int, words: str) -> None:
    """The words do not repeat all of it."""
    result = asking.read(url)
    assert (result.net_error, result.script) == (net_error, None)
    assert result.detail.endswith(f": {words}") and len(result.detail) < 1000


def test_in_a_file(asking: FetchAsking, tmp_path: Path) -> None:
    """Read by a worker; whoever can write it can do worse."""
    path = tmp_path / "my proxy.pac"
    path.write_bytes(BODY)
    script = asking.read(path.as_uri()).script
    assert script == PacFileData(TEXT, path.as_uri(), is_trusted=True)


@pytest.mark.parametrize("kind", ["missing", "folder", "too large", "pipe", "of another machine", "not below a folder"])
def test_in_a_bad_file(asking: FetchAsking, tmp_path: Path, kind: str) -> None:
    """Says what is wrong with it; a pipe is not waited for."""
    path = tmp_path / "proxy.pac"
    url = path.as_uri()
    if kind == "folder":
        path.mkdir()
    elif kind == "too large":
        path.write_bytes(b" " * (MAX_PAC_BYTES + 1))
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "of another machine":
        url = "file://a.test/proxy.pac"
    elif kind == "not below a folder":
        url += "%00"
    result = asking.read(url)
    assert result.script is None and result.net_error < 0 and result.detail.startswith(f"{url}: ")
    expected = {"missing": ERR_FILE_NOT_FOUND, "pipe": ERR_ACCESS_DENIED, "of another machine": ERR_ACCESS_DENIED}
    assert result.net_error == expected.get(kind, result.net_error)


def test_a_file_that_is_never_read(asking: FetchAsking) -> None:
    """A network drive that is away holds nobody for ever."""
    asking.url = "file:///far/away.pac"
    asking.start()
    asking.stack.advance(TIME_LIMIT_S)
    assert asking.result == PacFetchResult(ERR_TIMED_OUT, "file:///far/away.pac: not read within 30 s")
    asking.stack.run_workers()
    assert len(asking.results) == 1


def test_a_file_that_nobody_waits_for(asking: FetchAsking) -> None:
    """Is not read."""
    asking.url = "file:///far/away.pac"
    fetch = asking.start()
    fetch.cancel()
    fetch.cancel()
    asking.stack.run_workers()
    asking.stack.advance(2 * TIME_LIMIT_S)
    assert asking.results == []


# --- the whole way, over loopback


class Way:
    """A fetcher in a real context, with the server that it asks."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server
        self.clock = ManualClock(start=100.0)
        self.thread = DrivenThread(clock=self.clock)
        self._context = ContextBuilder().build(self.thread, NetLog(self.clock))
        self.fetcher = UrlRequestPacFetcher(self._context, TlsConfig(TrustConfig()))
        self.results: list[PacFetchResult] = []

    def fetch(self, url: str) -> PacFetch:
        """Begins."""
        return self.fetcher.start(url, self.results.append)

    def run_until(self, condition: Callable[[], object]) -> None:
        """Lets loop, workers and server do their part."""

        def look() -> bool:
            self.thread.run()
            return bool(condition())

        wait_until(look)

    def close(self) -> None:
        """Nothing is left."""
        self._context.shut_down()
        self.thread.run()
        assert not len(self.thread.sockets) and not len(self.thread.timers)
        self.thread.close()


@pytest.fixture
def way() -> Iterator[Way]:
    with EmbeddedServer() as server, fake_kernel():
        way = Way(server)
        yield way
        way.close()


def test_the_whole_way(way: Way) -> None:
    """Over a redirect, and from a server that takes its time."""
    way.server.route("/old", Answer(301, {"Location": "/p.js"}))
    way.server.route("/p.js", Answer(200, body=BODY, delay_s=0.01))
    way.fetch(way.server.url("/old"))
    way.run_until(lambda: way.results)
    (result,) = way.results
    assert result.script == PacFileData(TEXT, way.server.url("/old"), is_trusted=False)


def test_the_whole_way_is_left(way: Way) -> None:
    """Cancelled while the server thinks: no callback, no connection."""
    way.server.route("/p.js", Answer(fault=stall_before_headers()))
    fetch = way.fetch(way.server.url("/p.js"))
    way.run_until(lambda: way.server.requests)
    fetch.cancel()
    way.run_until(lambda: way.server.open_connections == 0)
    assert way.results == []
