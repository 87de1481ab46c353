"""An update client: keeps a list from a server on disk and asks for a newer one every 30 minutes.

All of it lives on the session's network thread, the IO thread of the application: nothing there waits, timers and
callbacks move it on, and files are for the workers. At most one request is pending. After a failure it asks again soon,
and later each time. `python examples/update_client.py [URL [FILE]]`
"""

import contextlib
import json
import os
import queue
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import Enum

from netstack_sync import BackoffPolicy, FetchRequest, Session, URLFetcher
from netstack_sync.loop.timers import OneShotTimer
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.url_request.context import URLRequestContext

INTERVAL_S = 30 * 60.0
BACKOFF = BackoffPolicy(0, 60.0, 2.0, 0.2, INTERVAL_S, None)  # one minute, two, four ... never rarer than without


class UpdateResult(Enum):
    UPDATED = "there is a newer list, and it is on disk"
    UP_TO_DATE = "the server has nothing newer"
    NO_ANSWER = "the network or the server failed"
    BAD_STATUS = "the server answered, but with no list"
    BAD_LIST = "what came is no list"
    NOT_SAVED = "the list is there, but could not be written to disk"


@dataclass(frozen=True)
class VersionedList:
    version: int
    entries: tuple[str, ...]
    etag: str | None = None

    @classmethod
    def from_json(cls, data: bytes) -> "VersionedList":
        """Raises ValueError for everything that is no list: whoever wrote it, a server or a disk."""
        try:
            values = json.loads(data)
            version, entries, etag = values["version"], values["entries"], values.get("etag")
        except (AttributeError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"not a list: {error!r}") from error
        if type(version) is not int or not isinstance(entries, list) or not all(isinstance(e, str) for e in entries):
            raise ValueError("not a list: version must be a number, entries must be strings")
        return cls(version, tuple(entries), etag if isinstance(etag, str) else None)


NOTHING = VersionedList(0, ())


class ListFile:
    """The list on disk. Blocks: for workers."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self) -> VersionedList:
        """What is there. A file that is missing or broken is none: the server has a better one."""
        try:
            with open(self.path, "rb") as file:
                return VersionedList.from_json(file.read())
        except (OSError, ValueError):
            return NOTHING

    def write(self, content: VersionedList) -> None:
        """At every moment the old file or the new one is there, also if the machine stops in between."""
        folder, name = os.path.split(self.path)
        descriptor, temporary = tempfile.mkstemp(".tmp", f".{name}.", folder or ".")
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(content), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


class UpdateClient:
    """On the network thread, all of it. `on_result` is called there once for each attempt and must not block."""

    def __init__(
        self,
        request: FetchRequest,
        context: URLRequestContext,
        file: ListFile,
        on_result: Callable[[UpdateResult, VersionedList], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.current = NOTHING
        self.failures = 0  # in a row
        self.wait_s = 0.0  # from the last result to the next attempt
        self._request = request
        self._context = context
        self._file = file
        self._on_result = on_result
        self._chance = chance
        self._timer = OneShotTimer(context.thread.timers, self.update)
        self._fetcher: URLFetcher | None = None
        self._is_busy = True  # until the file is read, while a fetch is pending, while the file is written
        self._is_stopped = False

    def start(self) -> None:
        """Reads what is on disk, then asks the server."""
        self._context.workers.post_job(self._file.read, self._on_read)

    def update(self) -> None:
        """Asks now, unless it is just doing that."""
        if self._is_busy or self._is_stopped:
            return
        self._is_busy = True
        self._timer.stop()
        headers = self._request.headers.copy()
        if self.current.etag is not None:
            headers.set("If-None-Match", self.current.etag)
        self._fetcher = URLFetcher(self._request.replaced(headers=headers), self._context, self)
        self._fetcher.start()

    def stop(self) -> None:
        """Nothing happens any more."""
        self._is_stopped = True
        self._timer.stop()
        if self._fetcher is not None:
            self._fetcher.cancel()

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """See URLFetcherDelegate."""
        self._fetcher = None
        info = fetcher.response
        if fetcher.net_error or info is None:
            self._end(UpdateResult.NO_ANSWER)
        elif info.head.status == 304:
            self._end(UpdateResult.UP_TO_DATE)
        elif info.head.status != 200:
            self._end(UpdateResult.BAD_STATUS)
        else:
            self._on_body(b"".join(fetcher.body), info.head.headers.get("etag"))

    def _on_read(self, reply: VersionedList | BaseException) -> None:
        self._is_busy = False
        if isinstance(reply, VersionedList):
            self.current = reply
        self.update()

    def _on_body(self, body: bytes, etag: str | None) -> None:
        try:
            newer = replace(VersionedList.from_json(body), etag=etag)
        except ValueError:
            self._end(UpdateResult.BAD_LIST)
            return
        if newer.version <= self.current.version:  # an old copy, from a cache say, takes nothing back
            self._end(UpdateResult.UP_TO_DATE)
            return
        self._context.workers.post_job(lambda: self._file.write(newer), lambda reply: self._on_written(reply, newer))

    def _on_written(self, reply: BaseException | None, newer: VersionedList) -> None:
        if reply is None:
            self.current = newer
        self._end(UpdateResult.NOT_SAVED if reply is not None else UpdateResult.UPDATED)

    def _end(self, result: UpdateResult) -> None:
        self._is_busy = False
        if self._is_stopped:
            return
        is_good = result in (UpdateResult.UPDATED, UpdateResult.UP_TO_DATE)
        self.failures = 0 if is_good else self.failures + 1
        self.wait_s = INTERVAL_S if is_good else BACKOFF.delay_s(self.failures, self._chance)
        if not self._context.is_shut_down:
            self._timer.start(self.wait_s)
        self._on_result(result, self.current)


def main(session: Session, url: str, path: str) -> None:
    """Asks twice and ends; an application would go on."""
    inbox: queue.SimpleQueue[tuple[UpdateResult, VersionedList]] = queue.SimpleQueue()
    as_it_is = {"Accept-Encoding": "identity"}  # a URLFetcher gives the body as it was sent
    request = session.prepare("GET", url, headers=as_it_is, timeout=20, max_response_size=1_000_000)
    client = UpdateClient(request, session.context, ListFile(path), lambda *result: inbox.put(result))
    for step in (client.start, client.update):
        session.context.thread.post(step)
        result, content = inbox.get()
        print(f"{result.name}: {result.value}; version {content.version}, {len(content.entries)} entries")
    session.context.thread.post(client.stop)


if __name__ == "__main__":
    with EmbeddedServer() as server, Session() as session, tempfile.TemporaryDirectory() as folder:
        server.route("/list", Answer(body=b'{"version": 3, "entries": ["a.example", "b.example"]}'))
        arguments = sys.argv[1:]
        url = arguments[0] if arguments else server.url("/list")
        main(session, url, arguments[1] if len(arguments) > 1 else f"{folder}/list.json")
