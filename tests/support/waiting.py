"""Threads that wait for something, and fetches that are looked at while they run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from netstack_sync.base.load_state import LoadState
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.session import Session
from netstack_sync.fetcher.sync_url_fetcher import SyncUrlFetcher

LIMIT_S = 20.0  # only a hang gets here


def wait_until(condition: Callable[[], bool], what: str = "") -> None:
    """Looks again and again; a hang is an AssertionError."""
    give_up_at = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up_at, f"does not hold after {LIMIT_S:.0f} s: {what or condition}"
        time.sleep(0.001)


class Caller:
    """A thread that makes one call and keeps what came of it."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self.value: object = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="caller", daemon=True)
        self._thread.start()

    def join(self) -> float:
        """Waits for the end of the call; how long that took, in seconds. A hang is an AssertionError."""
        begin = time.monotonic()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive(), "the caller still waits"
        return time.monotonic() - begin

    @property
    def is_waiting(self) -> bool:
        """True until the call has ended."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.value = self._call()
        except BaseException as error:
            self.error = error


def make_fetcher(session: Session, url: str, *, stream: bool = False) -> SyncUrlFetcher:
    """What session.get() and session.stream() run, as an object."""
    return session._fetcher_for(session._config.prepare("GET", url, {}, stream), stream)


def load_state(session: Session, fetcher: SyncUrlFetcher) -> LoadState | None:
    """What the fetch waits for."""
    return call_on_network_thread(session._stack.live().context.thread, fetcher._fetcher.load_state)


def is_paused(session: Session, fetcher: SyncUrlFetcher) -> bool:
    """True when the fetch does not read because its reader is slow."""
    inner = fetcher._fetcher
    return call_on_network_thread(session._stack.live().context.thread, lambda: inner._is_paused) is True
