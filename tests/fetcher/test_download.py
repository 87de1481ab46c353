"""A download as an object for ordinary threads."""

from __future__ import annotations

import gc
import json
import os
import threading
import weakref
from pathlib import Path

import pytest

import netstack_sync
from netstack_sync import ContextShutDown, DigestAuth, FetchCancelled, NetError, RetryPolicy, Session
from netstack_sync.fetcher import download as download_module
from netstack_sync.fetcher.download import SyncDownload
from netstack_sync.fetcher.download_arguments import plan_download
from netstack_sync.fetcher.download_job import DownloadJob
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers, stall_in_body, trickle
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.digest_server import DigestServer
from tests.support.download_site import leave_part
from tests.support.subprocesses import run_python
from tests.support.waiting import Caller, wait_until


def _download(session: Session, url: str, path: Path) -> SyncDownload:
    return SyncDownload(plan_download(session._config, url, path, {}), session.context)


def test_in_one_line(server: EmbeddedServer, tmp_path: Path) -> None:
    done = netstack_sync.download(server.url("/bytes/5000"), tmp_path / "f", params={"a": 1})
    assert (done.size, os.path.getsize(done.path)) == (5000, 5000)
    assert server.requests[0].target == "/bytes/5000?a=1"


def test_the_rest_is_asked_for_by_the_same_person(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    """Credentials, cookies and retries go with the request for a range as with any other."""
    url = server.url("/file")
    leave_part(tmp_path / "f", b"hel", json.dumps({"format": 1, "url": url, "validator": '"one"', "size": 5}))
    digest, busy = DigestServer(), [Answer(503)]

    def answer(request: ReceivedRequest) -> Answer:
        refusal = digest(request)
        if refusal.status == 401:
            return refusal
        headers = {"ETag": '"one"', "Content-Range": "bytes 3-4/5"}
        return busy.pop() if busy else Answer(206, headers=headers, body=b"lo")

    server.route("/file", answer)
    credentials, retries = DigestAuth("Mufasa", "Circle of Life"), RetryPolicy(backoff=0)
    done = session.download(url, tmp_path / "f", auth=credentials, cookies={"a": "1"}, retries=retries)
    assert (tmp_path / "f").read_bytes() == b"hello" and done.was_resumed
    assert [attempt.status for attempt in done.response.attempts] == [503, 206]
    seen = [(request.headers.get("range"), request.headers.get("cookie")) for request in server.requests]
    assert seen == [("bytes=3-", "a=1")] * 3 and [value is None for value in digest.seen] == [True, False, False]


def test_progress_is_told_on_the_callers_thread(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    """It never goes back, and the last time all is there."""
    server.route("/slow", Answer(body=b"x" * 40, fault=trickle(8, every_s=0.08)))
    told: list[tuple[int, int | None]] = []
    threads: set[int] = set()

    def progress(done: int, total: int | None) -> None:
        told.append((done, total))
        threads.add(threading.get_ident())

    session.download(server.url("/slow"), tmp_path / "f", progress=progress)
    assert threads == {threading.get_ident()}
    assert told == sorted(told) and told[-1] == (40, 40) and len(told) >= 2
    told.clear()
    server.route("/chunks", Answer(chunks=[b"ab", b"c"]))
    session.download(server.url("/chunks"), tmp_path / "g", progress=progress)
    assert told[-1] == (3, 3) and set(told[:-1]) <= {(2, None), (3, None)}


def test_progress_is_told_now_and_then_only(
    server: EmbeddedServer, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with each piece, of which there are many: once at the beginning, and at the end."""
    monkeypatch.setattr(download_module, "_PROGRESS_S", 3600.0)
    told: list[int] = []
    server.route("/slow", Answer(body=b"x" * 5, fault=trickle(1, every_s=0.02)))
    session.download(server.url("/slow"), tmp_path / "f", progress=lambda done, total: told.append(done))
    assert told == [1, 5]


def test_an_error_is_not_kept_in_a_circle(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    """It goes when it is dropped, and with it what the frames of its traceback hold."""
    gc.disable()
    try:
        error: NetError | None = None
        try:
            session.download("http://127.0.0.1:1/", tmp_path / "f")
        except NetError as caught:
            error = caught
        assert error is not None
        kept = weakref.ref(error)
        error = None
        wait_until(lambda: kept() is None)
    finally:
        gc.enable()


def test_news_that_come_while_progress_is_told(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    """They are told next, without a wait."""
    server.route("/slow", Answer(body=b"x" * 8, fault=trickle(2, every_s=0.12)))
    told: list[int] = []

    def progress(done: int, total: int | None) -> None:
        told.append(done)
        wait_until(lambda: download._news is not None or download._is_done)

    plan = plan_download(session._config, server.url("/slow"), tmp_path / "f", {"progress": progress})
    download = SyncDownload(plan, session.context)
    assert download.run().size == 8
    assert told == sorted(told) and told[-1] == 8


def test_a_thread_that_has_ended_is_not_waited_for(
    server: EmbeddedServer, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of the process, or in a forked child."""
    server.route("/silent", Answer(body=b"x" * 40, fault=stall_in_body(20)))
    with monkeypatch.context() as patch, pytest.raises(ContextShutDown):

        def progress(done: int, total: int | None) -> None:
            patch.setattr(NetworkThread, "is_wait_futile", property(lambda thread: True))

        session.download(server.url("/silent"), tmp_path / "f", progress=progress)


def test_what_progress_raises_ends_the_download(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    server.route("/silent", Answer(body=b"x" * 40, headers={"ETag": '"a"'}, fault=stall_in_body(20)))

    def progress(done: int, total: int | None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        session.download(server.url("/silent"), tmp_path / "f", progress=progress)
    assert server.wait_until(lambda: server.open_connections == 0)


def test_another_thread_may_cancel(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    """Before, while and after it runs."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    running = _download(session, server.url("/silent"), tmp_path / "f")
    caller = Caller(running.run)
    assert server.wait_until(lambda: len(server.requests) == 1)
    running.cancel()
    running.cancel()
    caller.join()
    assert isinstance(caller.error, FetchCancelled)
    server.forget_requests()
    early = _download(session, server.url("/hello"), tmp_path / "g")
    early.cancel()
    with pytest.raises(FetchCancelled):
        early.run()
    assert list(server.requests) == []
    done = _download(session, server.url("/hello"), tmp_path / "g")
    assert done.run().size == 6
    done.cancel()


def test_on_the_network_thread_it_is_refused_at_once(server: EmbeddedServer, session: Session, tmp_path: Path) -> None:
    download = _download(session, server.url("/hello"), tmp_path / "f")
    with pytest.raises(RuntimeError, match="network thread would wait for itself"):
        call_on_network_thread(session.context.thread, download.run)


def test_a_bug_in_the_start_leaves_nobody_waiting(
    server: EmbeddedServer,
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(job: DownloadJob, started_at: float) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(DownloadJob, "start", fail)
    with pytest.raises(NetError, match="ERR_UNEXPECTED"):
        session.download(server.url("/hello"), tmp_path / "f")
    call_on_network_thread(session.context.thread, lambda: None)  # the caller is told before the error is printed
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_after_the_end_of_its_session(server: EmbeddedServer, tmp_path: Path) -> None:
    session = Session(trust_env=False)
    download = _download(session, server.url("/hello"), tmp_path / "f")
    session.close()
    with pytest.raises(ContextShutDown):
        download.run()
    with pytest.raises(ContextShutDown, match=r"the session was closed$"):
        session.download(server.url("/hello"), tmp_path / "f")


def test_a_fork_in_progress_leaves_the_download_to_the_parent(server: EmbeddedServer) -> None:
    """The child's copy of the call ends with ContextShutDown and touches nothing."""
    assert run_python(
        f"""
        import os, sys, tempfile
        import netstack_sync
        path = os.path.join(tempfile.mkdtemp(), "f")
        children = []

        def progress(done, total):
            if not children:
                children.append(os.fork())

        try:
            done = netstack_sync.download({server.url("/bytes/3000000")!r}, path, progress=progress)
        except netstack_sync.ContextShutDown:
            os._exit(7 if children == [0] else 1)
        if children == [0]:
            os._exit(0 if done.size == 3000000 else 2)  # its last news was that all is there
        assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) in (0, 7)
        assert os.path.getsize(path) == done.size == 3000000
        print("ok")
        """
    ).startswith("ok")
