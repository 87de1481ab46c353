"""The update client of the examples, with a clock that stands still, scripted connections and a disk that fails."""

from __future__ import annotations

import errno
import os
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.sockets.tls_config import TlsConfig
from tests.support.scripted_socket import Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, scripted_stack
from tests.support.url_requests import context_over

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "examples" / "update_client.py")))
HALF_AN_HOUR = 1800.0


def ask(etag: str | None = None) -> Write:
    """The request as it is expected on the wire."""
    condition = f"If-None-Match: {etag}\r\n" if etag is not None else ""
    return Write(f"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n{condition}\r\n".encode())


def answer(body: bytes = b"", status: int = 200, etag: str | None = None) -> Read:
    """What the server says."""
    field = f"ETag: {etag}\r\n" if etag is not None else ""
    return Read(f"HTTP/1.1 {status} X\r\n{field}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def a_list(version: int) -> bytes:
    return b'{"version": %d, "entries": ["a", "b"]}' % version


class Scene:
    """A client, and what it reports."""

    def __init__(self, stack: ScriptedStack, path: Path) -> None:
        self.stack = stack
        self.path = path
        self.results: list[tuple[str, int]] = []
        self.on_result: Callable[[], None] = lambda: None
        self.context = context_over(stack)
        self.client = self.new_client()

    def new_client(self) -> Any:
        """As after a restart of the application."""
        request = FetchRequest(
            url=Url.parse("http://a.test/"),
            method="GET",
            headers=RequestHeaders(),
            timeout=Timeout(20),
            tls=TlsConfig(TrustConfig()),
            follow_redirects=True,
            max_redirects=20,
            priority=RequestPriority.MEDIUM,
            max_response_size=1_000_000,
        )
        file = EXAMPLE.ListFile(str(self.path))
        return EXAMPLE.UpdateClient(request, self.context, file, self._note, chance=lambda: 0.0)

    def _note(self, result: Any, content: Any) -> None:
        self.results.append((result.name, content.version))
        self.on_result()

    def start(self) -> None:
        """Reads the file and asks."""
        self.client.start()
        self.stack.run_workers()

    def advance(self, delta_s: float) -> None:
        """Lets time pass."""
        self.stack.advance(delta_s)
        self.stack.run_workers()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with scripted_stack(request.param) as stack:
        scene = Scene(stack, tmp_path / "list.json")
        yield scene
        scene.client.stop()
        assert scene.context.request_count == 0


def test_it_asks_every_half_hour(scene: Scene) -> None:
    """Whatever the server says, as long as it says something sensible; with the ETag of what it has."""
    scene.stack.connection(ask(), answer(a_list(1), etag='"1"'))
    scene.stack.connection(ask('"1"'), answer(status=304))
    scene.stack.connection(ask('"1"'), answer(a_list(2)))
    scene.stack.connection(ask(), answer(a_list(1)))
    scene.start()
    assert scene.results == [("UPDATED", 1)] and scene.client.wait_s == HALF_AN_HOUR
    for count in (2, 3, 4):
        scene.advance(HALF_AN_HOUR - 1)
        assert len(scene.results) == count - 1
        scene.advance(1)
    assert scene.results == [("UPDATED", 1), ("UP_TO_DATE", 1), ("UPDATED", 2), ("UP_TO_DATE", 2)]


def test_at_most_one_request_is_pending(scene: Scene) -> None:
    """Neither impatience nor the timer makes another one; and whoever asks now is not asked again by the timer."""
    scene.client.update()
    assert scene.context.request_count == 0, "the file is not read yet"
    scene.stack.failed_connection(NEVER)
    scene.start()
    scene.client.update()
    assert scene.context.request_count == 1 and len(scene.stack.requested_groups) == 1
    scene.advance(20)
    assert scene.results == [("NO_ANSWER", 0)]
    scene.stack.connection(ask(), answer(a_list(1)))
    scene.client.update()
    scene.stack.run_workers()
    assert scene.results[1:] == [("UPDATED", 1)]
    scene.stack.connection(ask(), answer(a_list(2)))
    scene.advance(HALF_AN_HOUR - 1)
    assert len(scene.results) == 2
    scene.advance(1)
    assert len(scene.results) == 3


def test_after_failures_it_waits_longer_each_time(scene: Scene) -> None:
    """A minute, then twice as long, never longer than without; one success forgets all."""
    waits = []
    for _ in range(7):
        scene.stack.failed_connection(ERR_CONNECTION_REFUSED)
    scene.start()
    for _ in range(7):
        waits.append(scene.client.wait_s)
        if len(waits) == 7:
            scene.stack.connection(ask(), answer(a_list(1)))
        scene.advance(waits[-1])
    assert waits == [60.0, 120.0, 240.0, 480.0, 960.0, 1800.0, 1800.0]
    assert scene.results == [("NO_ANSWER", 0)] * 7 + [("UPDATED", 1)]
    assert scene.client.failures == 0 and scene.client.wait_s == HALF_AN_HOUR


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b"5", b"{}", b"\xff", b"[" * 100_000, b'{"version": 2}', b'{"entries": []}'),
        *(b'{"version": "2", "entries": []}', b'{"version": true, "entries": []}', b'{"version": 2, "entries": [5]}'),
    ],
)
def test_what_is_no_list_changes_nothing(scene: Scene, body: bytes) -> None:
    scene.path.write_bytes(a_list(1))
    scene.stack.connection(ask(), answer(body))
    scene.start()
    assert scene.results == [("BAD_LIST", 1)] and scene.client.wait_s == 60.0
    assert scene.path.read_bytes() == a_list(1)


@pytest.mark.parametrize("status", [204, 404, 500])
def test_other_answers(scene: Scene, status: int) -> None:
    scene.stack.connection(ask(), Read(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status))
    scene.start()
    assert scene.results == [("BAD_STATUS", 0)] and scene.client.wait_s == 60.0


def test_what_is_on_disk_is_there_after_a_restart(scene: Scene) -> None:
    """With its ETag, so that it is not fetched again."""
    scene.stack.connection(ask(), answer(a_list(4), etag='"4"'), ask('"4"'), answer(status=304))
    scene.start()
    scene.client.stop()
    scene.client = scene.new_client()
    scene.start()
    assert scene.results == [("UPDATED", 4), ("UP_TO_DATE", 4)] and scene.client.current.entries == ("a", "b")
    assert os.listdir(scene.path.parent) == ["list.json"]


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff\xfe", b"[]", b'{"version": 9, "entries": 5}', a_list(9)[:-3]])
def test_a_broken_file_is_survived(scene: Scene, broken: bytes) -> None:
    """And made good by the next list, which is asked for without a condition."""
    scene.path.write_bytes(broken)
    scene.stack.connection(ask(), answer(a_list(1)))
    scene.start()
    assert scene.results == [("UPDATED", 1)]
    assert EXAMPLE.ListFile(str(scene.path)).read().version == 1


def test_a_disk_that_is_full(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old list stays, on disk and in memory; nothing is left beside it, and the next attempt may work."""
    scene.path.write_bytes(a_list(1))
    scene.stack.connection(ask(), answer(a_list(2)), ask(), answer(a_list(2)))

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        scene.start()
    assert scene.results == [("NOT_SAVED", 1)] and scene.client.wait_s == 60.0
    assert os.listdir(scene.path.parent) == ["list.json"] and scene.path.read_bytes() == a_list(1)
    scene.advance(60)
    assert scene.results[1:] == [("UPDATED", 2)]


def test_after_stop_nothing_happens(scene: Scene) -> None:
    """In the middle of a fetch, while the file is written, and while it waits."""
    scene.stack.failed_connection(NEVER)
    scene.start()
    scene.client.stop()
    scene.advance(10 * HALF_AN_HOUR)
    assert scene.results == []
    scene.client = scene.new_client()
    scene.stack.connection(ask(), answer(a_list(1)), ask(), answer(a_list(2)))
    scene.client.start()
    scene.stack.run()
    scene.stack.workers.run_next()
    scene.stack.run()
    assert len(scene.stack.workers.jobs) == 1
    scene.client.stop()
    scene.stack.run_workers()
    assert scene.results == []
    scene.client = scene.new_client()
    scene.start()
    assert scene.results == [("UPDATED", 2)]
    scene.client.stop()
    scene.advance(10 * HALF_AN_HOUR)
    scene.client.update()
    assert len(scene.results) == 1 and len(scene.stack.thread.timers) == 0


def test_the_end_of_the_session_is_the_end(scene: Scene) -> None:
    """It is told, and asks no more."""
    scene.stack.failed_connection(NEVER)
    scene.start()
    scene.context.shut_down()
    assert scene.results == [("NO_ANSWER", 0)] and len(scene.stack.thread.timers) == 0


def test_chance_only_shortens_the_wait() -> None:
    """Clients that failed together do not come back together."""
    assert EXAMPLE.BACKOFF.delay_s(1, lambda: 1.0) == pytest.approx(48.0)
