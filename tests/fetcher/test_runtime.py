"""The process's network thread: shared, replaced after fork, ended at exit."""

from __future__ import annotations

import os
import threading

import pytest

from netstack_sync import Session
from netstack_sync.fetcher.network_stack import NetworkStack
from netstack_sync.fetcher.runtime import Runtime, runtime
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.url_request.context_builder import ContextBuilder
from tests.support.subprocesses import run_python


def test_a_thread_that_died_is_replaced() -> None:
    one = NetworkStack(ContextBuilder())
    assert one.context.thread.stop(10.0)
    two = NetworkStack(ContextBuilder())
    assert two.context.thread is not one.context.thread
    one.close(10.0)
    two.close(10.0)


def test_release_without_a_thread_does_nothing() -> None:
    idle = Runtime()
    idle.release_thread(1.0)
    idle.at_exit()
    idle.after_fork_in_child()
    assert idle.generation == 1


def test_the_exit_ends_the_thread() -> None:
    stack = NetworkStack(ContextBuilder())
    runtime.at_exit()
    assert not stack.context.thread.is_alive
    stack.close(10.0)


def test_what_a_fork_leaves_is_dropped(server: EmbeddedServer) -> None:
    """Called here without a fork: the old thread's descriptors close, sessions make a new stack on their next use."""
    own = Runtime()
    stack = NetworkStack(ContextBuilder())
    thread = own.acquire_thread(stack)
    generation = own.generation
    assert thread.stop(10.0)
    own.after_fork_in_child()
    assert own.generation == generation + 1 and thread.is_abandoned
    stack.close(10.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_session_works_on_both_sides_of_a_fork() -> None:
    """T8: the child's answer is its own; the parent's connection is untouched."""
    assert run_python(
        """
        import os, netstack_sync
        from netstack_sync.testing.embedded_server import EmbeddedServer
        server = EmbeddedServer().start()
        url = server.url("/hello")
        session = netstack_sync.Session(trust_env=False)
        assert session.get(url).ok and netstack_sync.fetch(url).ok
        stream = session.stream("GET", server.url("/bytes/3000000"))
        child = os.fork()
        if child == 0:
            assert session.get(url).text == "hello\\n"
            assert not session.get(url).history and netstack_sync.fetch(url).ok
            try:
                stream.content
            except netstack_sync.ContextShutDown:
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert len(stream.content) == 3000000
        assert session.get(url).connection_reused
        session.close()
        print("ok")
        """
    ).startswith("ok")


def test_a_process_ends_with_a_request_in_flight() -> None:
    """T12: at once, and silently, with nothing closed."""
    assert run_python(
        """
        import netstack_sync
        from netstack_sync.testing.answer import Answer
        from netstack_sync.testing.embedded_server import EmbeddedServer
        from netstack_sync.testing.fault_recipes import stall_before_headers
        server = EmbeddedServer().start()
        server.route("/silent", Answer(fault=stall_before_headers()))
        future = netstack_sync.Session(trust_env=False).submit("GET", server.url("/silent"))
        assert server.wait_until(lambda: len(server.requests) == 1)
        print("ok")
        """
    ).startswith("ok")


def test_sessions_made_by_many_threads_at_once_share_one_thread(server: EmbeddedServer, session: Session) -> None:
    start = threading.Barrier(8)
    failures: list[BaseException] = []

    def fetch() -> None:
        start.wait(20.0)
        try:
            assert session.get(server.url("/hello")).ok
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert not failures
    assert sum(thread.name == "netstack-network" for thread in threading.enumerate()) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_files_are_read_leaves_no_half_module() -> None:
    """Whatever a thread of the parent was just reading for TLS, the child can speak it."""
    assert run_python(
        """
        import os, sys, threading
        import netstack_sync

        class Hold:
            "Lets the main thread fork while a worker reads this module."
            def find_spec(self, name, path=None, target=None):
                if name == "netstack_sync.cert.ocsp" and threading.current_thread().name == "netstack-worker":
                    is_reading.set()
                    may_fork.wait()

        is_reading, may_fork = threading.Event(), threading.Event()
        sys.meta_path.insert(0, Hold())
        from netstack_sync.url_request.late_tls_parts import load_tls_rooms
        from netstack_sync.fetcher.runtime import runtime
        worker = threading.Thread(target=load_tls_rooms, name="netstack-worker")
        worker.start()
        is_reading.wait()
        threading.Timer(0.1, may_fork.set).start()
        child = os.fork()
        if child == 0:
            import netstack_sync.url_request.tls_parts
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        worker.join()
        print("ok")
        """
    ).startswith("ok")
