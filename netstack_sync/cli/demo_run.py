"""DemoRun: fetches a list of targets from several threads on one session."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from queue import SimpleQueue

from netstack_sync.base.clock import SystemTickClock
from netstack_sync.base.exceptions import NetError
from netstack_sync.cli.exit_status import OTHER, CommandError
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.session import Session


@dataclass(frozen=True, slots=True)
class Target:
    """What to fetch, and the body that must come if that is known."""

    url: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request."""

    thread: str
    result: Response | Exception
    size_bytes: int = 0
    is_expected: bool = True


class DemoRun:
    """Used by one thread, which gets the outcomes as they come; the threads that fetch end with the session."""

    def __init__(self, session: Session, targets: list[Target], threads: int, requests: int) -> None:
        self._session = session
        self._todo = itertools.islice(itertools.cycle(targets), requests)
        self._todo_lock = threading.Lock()
        self._done: SimpleQueue[Outcome] = SimpleQueue()
        self._threads = threads
        self._failure: Exception | None = None
        self._wrong_bodies = 0
        self.requests = requests
        self.elapsed_s = 0.0
        self.cpu_s = 0.0

    def outcomes(self) -> Iterator[Outcome]:
        """Starts, and gives each outcome; raises what is no failure of the network, such as InvalidURL."""
        clock = SystemTickClock()
        started_at, cpu_at = clock.now(), time.process_time()
        for number in range(1, self._threads + 1):
            threading.Thread(target=self._work, name=f"fetch-{number}", daemon=True).start()
        for _ in range(self.requests):
            outcome = self._done.get()
            self._note(outcome)
            yield outcome
        self.elapsed_s, self.cpu_s = clock.now() - started_at, time.process_time() - cpu_at

    def raise_failure(self) -> None:
        """Raises the first failure there was, or that bodies were wrong."""
        if self._failure is not None:
            raise self._failure
        if self._wrong_bodies:
            raise CommandError(OTHER, f"{self._wrong_bodies} bodies were not what the server sent")

    def _note(self, outcome: Outcome) -> None:
        error = outcome.result
        if isinstance(error, Exception):
            if not isinstance(error, NetError):
                raise error
            self._failure = self._failure or error
        elif not outcome.is_expected:
            self._wrong_bodies += 1

    def _work(self) -> None:
        name = threading.current_thread().name
        while (target := self._next_target()) is not None:
            try:
                response = self._session.get(target.url)
                body = response.content
                self._done.put(Outcome(name, response, len(body), target.body in (None, body)))
            except Exception as error:
                self._done.put(Outcome(name, error))

    def _next_target(self) -> Target | None:
        with self._todo_lock:
            return next(self._todo, None)
