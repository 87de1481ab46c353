"""T3: a name server that never answers holds neither the caller nor the process."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

import netstack_sync
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.dns import blocked_resolver, silent_dns_namespace
from tests.support.subprocesses import expect_line, running_python, wait_for_exit
from tests.support.waiting import wait_until

_PROMPTLY_S = 6.0  # a lookup in these tests would take 30 s or for ever; an interpreter starts and ends in 1
_THREADS = 64  # of a session for names

_NAME = "http://name.test/"

_REPORT = """
    import time, netstack_sync
    print("ready", flush=True)
    begin = time.monotonic()
    try:
        netstack_sync.fetch("http://name.test/", timeout=1)
    except netstack_sync.DeadlineExceeded as error:
        assert not error.may_have_been_sent
        print("took", time.monotonic() - begin, flush=True)
"""

_SILENT_SERVER = f"""
    import socket
    name_server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    name_server.bind(("127.0.0.1", 53))
    {_REPORT}
    name_server.settimeout(0)
    assert b"name" in name_server.recv(512), "nobody was asked"
    name_server.close()
"""

_BLOCKED_FUNCTION = f"""
    import socket, threading
    socket.getaddrinfo = lambda *_: threading.Event().wait()
    {_REPORT}
"""


@pytest.mark.live
def test_silent_name_server_holds_nobody(tmp_path: Path) -> None:
    """With a name server that never answers fetch(timeout=1) ends in time, and the process exits at once.

    requests, httpx and niquests take 10 s, urllib3 more than 22 s; aiohttp, pycurl and curl_cffi return after 1 s,
    but their processes exit after 10 s, because they join the thread that is in getaddrinfo.
    """
    with running_python(_SILENT_SERVER, wrapper=silent_dns_namespace(tmp_path)) as process:
        expect_line(process, "ready")
        assert 0.9 < float(expect_line(process, "took")) < _PROMPTLY_S
        assert wait_for_exit(process) < _PROMPTLY_S


def test_blocked_resolver_holds_nobody() -> None:
    """The same with a resolver function that never returns, wherever the tests run."""
    with running_python(_BLOCKED_FUNCTION) as process:
        expect_line(process, "ready")
        assert 0.9 < float(expect_line(process, "took")) < _PROMPTLY_S
        assert wait_for_exit(process) < _PROMPTLY_S


@pytest.fixture
def known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system knows every name; a resolver that blocks, installed later, leaves those under .test to itself."""
    entry = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [entry])


def test_hung_lookups_stop_nobody_else(server: EmbeddedServer, known_names: None) -> None:
    """While more lookups hang than may run at a time, whether anybody waits for them or not, others go on, and close().

    What hangs keeps its turn for a second; a peer's resolver threads fill up, and then nobody gets any further.
    """
    with blocked_resolver() as resolver, netstack_sync.Session() as session:
        futures = [session.submit("GET", f"http://host-{number}.test/", timeout=1) for number in range(20)]
        assert session.get(server.url("/hello", host="localhost")).ok
        assert session.get(server.url("/hello", host="alive.example"), timeout=20).ok
        for future in futures:
            with pytest.raises(netstack_sync.DeadlineExceeded):
                future.result(timeout=20)
        wait_until(lambda: len(set(resolver.asked)) == 20)
        assert session.get(server.url("/hello", host="another.example"), timeout=20).ok
        future = session.submit("GET", _NAME)
        wait_until(lambda: session.stats().requests == 1)
        begin = time.monotonic()
        session.close()
        with pytest.raises(netstack_sync.ContextShutDown):
            future.result(timeout=20)
        assert time.monotonic() - begin < _PROMPTLY_S


def test_threads_that_hang_are_bounded(server: EmbeddedServer, known_names: None) -> None:
    """When all of them do, names wait with their requests' deadlines; what needs no lookup goes on, and it passes."""
    settings = netstack_sync.DnsSettings(max_parallel=100)
    with blocked_resolver() as resolver, netstack_sync.Session(dns=settings) as session:
        futures = [session.submit("GET", f"http://host-{number}.test/") for number in range(_THREADS + 6)]
        wait_until(lambda: len(resolver.asked) == _THREADS)
        with pytest.raises(netstack_sync.DeadlineExceeded):
            session.get(server.url("/hello", host="alive.example"), timeout=0.2)
        assert session.get(server.url("/hello", host="localhost")).ok
        assert len(resolver.asked) == _THREADS
        resolver.release()
        for future in futures:
            with pytest.raises(netstack_sync.NameNotResolved):
                future.result(timeout=20)
        assert session.get(server.url("/hello", host="alive.example"), timeout=20).ok


def test_same_name_is_asked_once() -> None:
    """Twenty threads that want the same name share one lookup; requests, urllib3 and httpx send 20 (T11)."""
    with blocked_resolver() as resolver, netstack_sync.Session() as session:
        futures = [session.submit("GET", _NAME) for _ in range(20)]
        wait_until(lambda: session.stats().requests_waiting == 20)
        assert session.stats().dns_lookups == 1
        wait_until(lambda: bool(resolver.asked))
        resolver.release()
        for future in futures:
            with pytest.raises(netstack_sync.NameNotResolved):
                future.result(timeout=20)
