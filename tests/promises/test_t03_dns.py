"""T3: a name server that never answers holds neither the caller nor the process."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import netstack_sync
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.dns import blocked_resolver, silent_dns_namespace
from tests.support.subprocesses import expect_line, running_python, wait_for_exit

_PROMPTLY_S = 6.0  # a lookup in these tests would take 30 s or for ever; an interpreter starts and ends in 1

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


def test_hung_lookups_stop_nobody_else(server: EmbeddedServer) -> None:
    """While lookups hang, requests for other names and close() go on; a peer's resolver threads fill up."""
    with blocked_resolver() as resolver, netstack_sync.Session() as session:
        futures = [session.submit("GET", f"http://host-{number}.test/", timeout=1) for number in range(20)]
        assert session.get(server.url("/hello", host="localhost")).ok
        for future in futures:
            with pytest.raises(netstack_sync.DeadlineExceeded):
                future.result(timeout=20)
        assert len(set(resolver.asked)) == 20
        future = session.submit("GET", _NAME)
        while session.stats().requests == 0:
            time.sleep(0.001)
        begin = time.monotonic()
        session.close()
        with pytest.raises(netstack_sync.ContextShutDown):
            future.result(timeout=20)
        assert time.monotonic() - begin < _PROMPTLY_S


def test_same_name_is_asked_once() -> None:
    """Twenty threads that want the same name share one lookup; requests, urllib3 and httpx send 20 (T11)."""
    with blocked_resolver() as resolver, netstack_sync.Session() as session:
        futures = [session.submit("GET", _NAME) for _ in range(20)]
        while session.stats().requests_waiting < 20:
            time.sleep(0.001)
        assert session.stats().dns_lookups == 1
        while not resolver.asked:
            time.sleep(0.001)
        resolver.release()
        for future in futures:
            with pytest.raises(netstack_sync.NameNotResolved):
                future.result(timeout=20)
