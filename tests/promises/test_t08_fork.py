"""T8 and T13: after fork both processes go on, each with sockets of its own."""

from __future__ import annotations

import textwrap

import pytest

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.subprocesses import run_python

_RUNS = 6

# Every body says which process asked, and for what; both sides fetch from four threads at the same time.
_COMMON = """
    import os, sys, threading, time, warnings
    import netstack_sync
    warnings.filterwarnings("ignore", "(?s).*fork", DeprecationWarning)
    url, ca_file = sys.argv[1:]
    session = netstack_sync.Session(verify=ca_file or True, timeout=30)

    def tag(thread, number):
        return f"{os.getpid()}.{thread}.{number}"

    def fetch_some(thread, count, wrong):
        for number in range(count):
            wanted = tag(thread, number)
            try:
                found = session.get(url + wanted).text
            except netstack_sync.NetError as error:
                found = repr(error)
            if found != wanted:
                wrong.append((wanted, found))

    def fetch_from_threads(count=50):
        wrong = []
        threads = [threading.Thread(target=fetch_some, args=(i, count, wrong)) for i in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert not wrong, wrong[:3]

    def wait_for(child):
        assert os.waitpid(child, 0)[1] == 0, "the child failed"
"""


@pytest.fixture
def tagging(server: EmbeddedServer) -> EmbeddedServer:
    """Answers with what it was asked for."""
    _echo_tags(server)
    return server


@pytest.fixture
def tls_tagging(tls_server: EmbeddedServer) -> EmbeddedServer:
    """The same over TLS."""
    _echo_tags(tls_server)
    return tls_server


def _echo_tags(server: EmbeddedServer) -> None:
    server.route("/tag/", lambda request: Answer(body=_tag(request)))
    server.route("/slow-tag/", lambda request: Answer(body=_tag(request), delay_s=0.3))


def _tag(request: ReceivedRequest) -> bytes:
    return request.path.rpartition("/")[2].encode()


def _run(server: EmbeddedServer, program: str, path: str = "/tag/") -> None:
    ca_file = server.ca_file if server.url().startswith("https") else ""
    run_python(textwrap.dedent(_COMMON) + textwrap.dedent(program), server.url(path), ca_file, timeout_s=50)


_BOTH_SIDES_ACTIVE = """
    fetch_from_threads(5)  # warm connections, which the child inherits
    child = os.fork()
    fetch_from_threads()
    if not child:
        os._exit(0)
    wait_for(child)
    fetch_from_threads(5)
    stats = session.stats()
    assert stats.sockets_opened <= 6, stats
"""


@pytest.mark.parametrize("run", range(_RUNS))
def test_no_body_of_another_process(tagging: EmbeddedServer, run: int) -> None:
    """T13: parent and child fetch at the same time on warm connections; each gets its own bodies only.

    Bodies of the other process as "200 OK": up to 86 % in urllib3, 82 % in requests and httpx2, 77 % in niquests,
    56 % in httpx, 99 % in primp, whose parent dies of SIGSEGV in 2 of 6 runs; aiohttp, wreq and pyreqwest hang.
    """
    _run(tagging, _BOTH_SIDES_ACTIVE)


@pytest.mark.parametrize("run", range(_RUNS))
def test_no_bad_record_mac(tls_tagging: EmbeddedServer, run: int) -> None:
    """T13 over TLS, where sharing a connection shows as DECRYPTION_FAILED_OR_BAD_RECORD_MAC (requests#1906)."""
    _run(tls_tagging, _BOTH_SIDES_ACTIVE)


def test_child_uses_sockets_of_its_own(tagging: EmbeddedServer) -> None:
    """T8: the child opens a connection of its own and says nothing on the parent's, which stays good.

    requests, urllib3, httpx, httpx2, niquests, pycurl, curl_cffi and primp write to the parent's socket.
    """
    program = """
    assert session.get(url + "1").text == "1"
    child = os.fork()
    if not child:
        response = session.get(url + "2")
        assert response.text == "2" and not response.connection_reused
        os._exit(0)
    wait_for(child)
    response = session.get(url + "3")
    assert response.text == "3" and response.connection_reused
    """
    _run(tagging, program)
    assert [request.connection for request in tagging.requests] == [1, 2, 1]


@pytest.mark.parametrize("path", ["/tag/", "/slow-tag/"])
def test_fork_while_requests_of_other_threads_are_under_way(tagging: EmbeddedServer, path: str) -> None:
    """T8: a fork at any moment, with requests of other threads in flight: theirs end well, the child works.

    wreq, pyreqwest and aiohttp hang in the child: their loop's thread does not exist there.
    """
    program = """
    count = 2 if "slow" in url else 100
    wrong = []
    threads = [threading.Thread(target=fetch_some, args=(i, count, wrong)) for i in range(4)]
    for thread in threads: thread.start()
    for _ in range(5):
        time.sleep(0.01)
        child = os.fork()
        if not child:
            url = url.replace('slow-', '')
            fetch_some(99, 3, wrong)
            assert session.stats().requests == 0
            session.close()
            os._exit(len(wrong))
        wait_for(child)
    for thread in threads: thread.join()
    assert not wrong, wrong[:3]
    """
    _run(tagging, program, path)


def test_multiprocessing_child_exits_normally(tls_tagging: EmbeddedServer) -> None:
    """T8: workers of multiprocessing's fork method, as Celery and gunicorn have them, use a session made before."""
    program = """
    import multiprocessing
    if __name__ == "__main__":
        context = multiprocessing.get_context("fork")
        fetch_from_threads(5)
        workers = [context.Process(target=fetch_from_threads, args=(20,)) for _ in range(3)]
        for worker in workers: worker.start()
        fetch_from_threads(20)
        for worker in workers: worker.join()
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
    """
    _run(tls_tagging, program)


@pytest.mark.parametrize("uses_it", [True, False], ids=["used", "unused"])
def test_child_exits_normally(tls_tagging: EmbeddedServer, uses_it: bool) -> None:
    """T8: a child that runs its exit handlers sends no close_notify on the parent's connections and does not hang."""
    program = f"""
    fetch_from_threads(5)
    reused = session.stats().sockets_reused
    child = os.fork()
    if not child:
        if {uses_it}:
            fetch_from_threads(5)
        sys.exit(0)
    wait_for(child)
    wrong = []
    fetch_some(1, 5, wrong)
    assert not wrong and session.stats().sockets_reused == reused + 5, "the parent's connections are as they were"
    """
    _run(tls_tagging, program)


def test_default_session_and_grandchildren(tagging: EmbeddedServer) -> None:
    """T8: fetch() works in a child of a child, with streams and futures of the parent's left alone."""
    program = """
    future = session.submit("GET", url.replace("tag", "slow-tag") + "7")
    stream = session.stream("GET", url + "8")
    assert netstack_sync.fetch(url + "1").text == "1"
    child = os.fork()
    if not child:
        assert netstack_sync.fetch(url + "2").text == "2"
        stream.close()
        grandchild = os.fork()
        if not grandchild:
            assert netstack_sync.fetch(url + "3").text == "3"
            sys.exit(0)
        wait_for(grandchild)
        sys.exit(0)
    wait_for(child)
    assert stream.content == b"8" and future.result().content == b"7"
    """
    _run(tagging, program)


def test_fork_while_the_network_thread_is_ending(tagging: EmbeddedServer) -> None:
    """A thread that a close() with a limit has left behind is the parent's: in the child nobody waits for it."""
    program = """
    future = session.submit("GET", url.replace("tag", "slow-tag") + "1")
    network = session.context.thread
    is_held, may_go = threading.Event(), threading.Event()
    def hold():
        is_held.set()
        may_go.wait()
    network.post(hold)
    is_held.wait()
    session.close(timeout=0.05)
    child = os.fork()
    if not child:
        try:
            future.result(timeout=10)
        except netstack_sync.ContextShutDown:
            os._exit(len(network.sockets))
        os._exit(9)
    may_go.set()
    wait_for(child)
    """
    _run(tagging, program)


def test_fork_in_a_signal_handler_while_its_thread_waits(tagging: EmbeddedServer) -> None:
    """The child comes back into a wait that is the parent's: it ends with an error, and the parent gets its answer."""
    program = """
    import signal
    parent, children = os.getpid(), []
    def fork(*_):
        child = os.fork()
        if child:
            children.append(child)
    signal.signal(signal.SIGUSR1, fork)
    session.get(url + "1")  # makes what the thread waits at
    for number in range(3):
        threading.Timer(0.1, os.kill, (parent, signal.SIGUSR1)).start()
        try:
            assert session.get(url.replace("tag", "slow-tag") + "2", timeout=10).text == "2"
            assert os.getpid() == parent
        except netstack_sync.ContextShutDown:
            os._exit(os.getpid() == parent)
        wait_for(children.pop())
    """
    _run(tagging, program)
