"""T12: a process ends when its program does, quietly, whatever is under way."""

from __future__ import annotations

import textwrap

import pytest

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers, stall_in_body
from tests.support.subprocesses import expect_line, running_python, wait_for_exit

_QUICKLY_S = 6.0  # the requests would take for ever; 0.1 s on an idle machine

_COMMON = """
    import atexit, os, sys, threading, time, netstack_sync
    held, good = sys.argv[1:]

    def wait_until_under_way(session):
        while not session.stats().requests:
            time.sleep(0.001)
"""

_DAEMON_THREAD = """
    session = netstack_sync.Session()
    threading.Thread(target=session.get, args=(held,), daemon=True).start()
    wait_until_under_way(session)
    print("ending", flush=True)
"""

_DEFAULT_SESSION = """
    threading.Thread(target=netstack_sync.fetch, args=(held,), daemon=True).start()
    time.sleep(0.3)
    print("ending", flush=True)
"""

_BUSY_DAEMON_THREADS = """
    session = netstack_sync.Session()
    def ask_for_ever():
        while True:
            session.get(good)
    for _ in range(4):
        threading.Thread(target=ask_for_ever, daemon=True).start()
    wait_until_under_way(session)
    print("ending", flush=True)
"""

_FUTURE = """
    session = netstack_sync.Session()
    future = session.submit("GET", held)
    future.add_done_callback(lambda _: print("never", file=sys.stderr))
    wait_until_under_way(session)
    print("ending", flush=True)
"""

_STREAM_IN_THREAD = """
    session = netstack_sync.Session()
    stream = session.stream("GET", held)
    threading.Thread(target=list, args=(stream.iter_bytes(),), daemon=True).start()
    time.sleep(0.1)
    print("ending", flush=True)
"""

_SYS_EXIT_INSIDE = """
    with netstack_sync.Session() as session:
        def ask():
            try:
                session.get(held)
            except netstack_sync.ContextShutDown:
                pass
        threading.Thread(target=ask).start()  # no daemon: the interpreter waits for it
        wait_until_under_way(session)
        print("ending", flush=True)
        sys.exit(0)
"""

_AT_EXIT = """
    session = netstack_sync.Session()
    assert session.get(good).ok

    def say_goodbye():
        begin = time.monotonic()
        try:
            assert session.get(good, timeout=3).ok
        except netstack_sync.ContextShutDown:
            pass
        assert time.monotonic() - begin < 3

    atexit.register(say_goodbye)
    threading.Thread(target=session.get, args=(held,), daemon=True).start()
    wait_until_under_way(session)
    print("ending", flush=True)
"""

_UNDERSCORE_EXIT = """
    session = netstack_sync.Session()
    threading.Thread(target=session.get, args=(held,)).start()
    wait_until_under_way(session)
    print("ending", flush=True)
    os._exit(0)
"""

_UNCLOSED = """
    for number in range(3):
        assert netstack_sync.Session().get(good).ok
    assert netstack_sync.fetch(good).ok
    print("ending", flush=True)
"""

_PROGRAMS = {
    "daemon thread": _DAEMON_THREAD,
    "default session": _DEFAULT_SESSION,
    "busy daemon threads": _BUSY_DAEMON_THREADS,
    "future": _FUTURE,
    "sys.exit in with": _SYS_EXIT_INSIDE,
    "atexit": _AT_EXIT,
    "os._exit": _UNDERSCORE_EXIT,
    "unclosed": _UNCLOSED,
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", _PROGRAMS)
def test_process_ends_while_headers_are_awaited(
    server: EmbeddedServer, tls_server: EmbeddedServer, name: str, scheme: str
) -> None:
    """Exit status 0, nothing on stderr, and quickly, with a request that would never end.

    All peers pass it with a daemon thread; aiohttp says "Unclosed client session" and, from atexit handlers,
    "cannot schedule new futures after interpreter shutdown"; with a hung lookup see T3.
    """
    chosen = server if scheme == "http" else tls_server
    chosen.route("/held", Answer(fault=stall_before_headers()))
    _run(chosen, _PROGRAMS[name])


def test_process_ends_while_certificates_are_judged(tls_server: EmbeddedServer) -> None:
    """No "FATAL: exception not rethrown" and SIGABRT from workers that are in Rust code at that moment."""
    program = """
    sessions = [netstack_sync.Session() for _ in range(16)]
    futures = [session.submit("GET", good) for session in sessions]
    for session in sessions[:8]:
        session.close()
    print("ending", flush=True)
    """
    for _ in range(5):
        _run(tls_server, program)


def test_process_ends_while_a_stream_is_read(server: EmbeddedServer) -> None:
    """The same in the middle of a body."""
    server.route("/held", Answer(body=b"x" * 1000, fault=stall_in_body()))
    _run(server, _STREAM_IN_THREAD)


def test_atexit_handler_that_was_registered_first(server: EmbeddedServer) -> None:
    """A handler registered before the package was imported runs last; it gets an answer or a clear error."""
    server.route("/held", Answer(fault=stall_before_headers()))
    program = """
    import atexit
    def say_goodbye():
        try:
            assert netstack_sync.fetch(good, timeout=3).ok
        except netstack_sync.ContextShutDown:
            pass
    atexit.register(say_goodbye)
    """
    _run(server, "    assert netstack_sync.fetch(good).ok\n    print('ending', flush=True)\n", program)


def _run(server: EmbeddedServer, program: str, prelude: str = "") -> None:
    whole = "".join([textwrap.dedent(part) for part in (prelude, _COMMON, program)])
    trusted = ""
    if server.url().startswith("https"):
        trusted = f"import os\nos.environ['SSL_CERT_FILE'] = {server.ca_file!r}\n"
    with running_python(trusted + whole, server.url("/held"), server.url("/hello")) as process:
        expect_line(process, "ending")
        assert wait_for_exit(process) < _QUICKLY_S
