"""T7: Ctrl-C ends a waiting call at once, and the process can go on."""

from __future__ import annotations

import signal
import textwrap
import time

import pytest

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers, stall_in_body
from tests.support.subprocesses import expect_line, finished_output, running_python

_AT_ONCE_S = 2.0  # 0.01 s on an idle machine; the server would go on for ever

_PROGRAM = """
    import sys, time, netstack_sync
    url, good_url = sys.argv[1:]
    {preparation}
    with netstack_sync.Session() as session:
        try:
            {call}
        except KeyboardInterrupt:
            print("interrupted", time.monotonic(), flush=True)
        assert session.get(good_url, timeout=20).text == "hello\\n"
        assert netstack_sync.fetch(good_url, timeout=20).text == "hello\\n"
        assert session.stats().requests == 0
    print("fine", flush=True)
"""

_FETCH = "print('ready', flush=True); session.get(url)"
_WAIT_FOR_FUTURE = """
            future = session.submit('GET', url)
            try:
                print('ready', flush=True)
                future.result()
            except KeyboardInterrupt:
                assert future.running() and future.cancel()  # a future outlives a wait for it
                raise
"""
_READ_STREAM = """
            with session.stream('GET', url) as response:
                for piece in response.iter_bytes():
                    print('ready', flush=True)
"""
_HANG_IN_DNS = """
    import socket, threading
    def hang(*_):
        print("ready", flush=True)
        threading.Event().wait()
    socket.getaddrinfo = hang
"""


def _interrupt(server: EmbeddedServer, url: str, call: str, preparation: str = "") -> None:
    """Interrupts the call once it waits; it must end at once, with what is cancelled given back."""
    program = _PROGRAM.format(call=call.strip(), preparation=preparation.strip())
    with running_python(program, url, server.url("/hello")) as process:
        expect_line(process, "ready")
        if url.startswith(server.url("/")):
            assert server.wait_until(lambda: len(server.requests) == 1)
        process.send_signal(signal.SIGINT)
        sent_at = time.monotonic()  # which all processes share
        interrupted_at = float(expect_line(process, "interrupted"))
        assert interrupted_at - sent_at < _AT_ONCE_S
        assert "fine" in finished_output(process)


@pytest.mark.parametrize("call", [_FETCH, _WAIT_FOR_FUTURE], ids=["fetch", "future"])
def test_interrupt_while_headers_are_awaited(server: EmbeddedServer, call: str) -> None:
    """KeyboardInterrupt in a call that waits for headers.

    pycurl, curl_cffi, wreq and pyreqwest notice it when the 12 s are over, primp with a SystemError besides.
    """
    server.route("/held", Answer(fault=stall_before_headers()))
    _interrupt(server, server.url("/held"), call)


def test_interrupt_while_the_body_is_awaited(server: EmbeddedServer) -> None:
    """The same in the middle of a body that is fetched whole."""
    server.route("/held", Answer(body=b"x" * 1000, fault=stall_in_body()))
    _interrupt(server, server.url("/held"), _FETCH)


def test_interrupt_while_a_stream_is_read(server: EmbeddedServer) -> None:
    """The same in a stream; the fetch ends with it."""
    server.route("/held", Answer(body=b"x" * 1000, fault=stall_in_body()))
    _interrupt(server, server.url("/held"), _READ_STREAM)
    assert server.wait_until(lambda: server.open_connections == 0)


def test_interrupt_while_a_name_is_looked_up(server: EmbeddedServer) -> None:
    """The same while getaddrinfo() hangs, which a thread of the peers' cannot leave."""
    _interrupt(server, "http://name.test/", "session.get(url)", _HANG_IN_DNS)


def test_interrupted_again_and_again(server: EmbeddedServer) -> None:
    """Signals at any moment, also between the steps of a call: each ends one call, none breaks the stack."""
    server.route("/held", Answer(fault=stall_before_headers()))
    program = """
        import random, signal, sys, netstack_sync
        url, good_url = sys.argv[1:]
        luck = random.Random(7)
        interrupted = 0
        with netstack_sync.Session(limits=netstack_sync.Limits(per_host=2)) as session:
            for _ in range(100):
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0005 + luck.random() * 0.01)
                    session.get(url)
                except KeyboardInterrupt:
                    interrupted += 1
            assert session.get(good_url, timeout=20).text == "hello\\n"
            assert session.stats().requests_waiting == 0
        print(interrupted)
    """
    prelude = "import signal; signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
    with running_python(prelude + textwrap.dedent(program), server.url("/held"), server.url("/hello")) as process:
        assert finished_output(process) == "100\n"
