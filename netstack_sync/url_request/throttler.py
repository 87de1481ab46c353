"""URLRequestThrottler: a URL whose server fails, or that is asked too often, is left alone for a while.

Chromium's rules (net/url_request/url_request_throttler_entry.cc): at most 20 requests of one URL within two seconds,
and a back-off after 500, 503 and 509, of which the first two are free.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from netstack_sync.base.backoff import BackoffEntry, BackoffPolicy
from netstack_sync.base.clock import TickClock
from netstack_sync.base.url import Url
from netstack_sync.base.url_host import is_this_machine

SERVER_BACKOFF = BackoffPolicy(
    num_errors_to_ignore=2,
    initial_delay_s=0.7,
    multiply_factor=1.4,
    jitter_factor=0.4,
    maximum_backoff_s=15 * 60.0,
    entry_lifetime_s=2 * 60.0,
)

WINDOW_S = 2.0
MAX_SENDS = 20
"""Of one URL within the window."""

MAX_ENTRIES = 1500
_REQUESTS_BETWEEN_COLLECTIONS = 200

_FAILURES = frozenset({500, 503, 509})
"""Overload, as opposed to 502 and 504, which a gateway says of somebody else."""


class ThrottlerEntry:
    """What is remembered of one URL. Network thread only."""

    __slots__ = ("_backoff", "_clock", "_send_log", "_window_release")

    def __init__(self, clock: TickClock, random: Callable[[], float]) -> None:
        self._clock = clock
        self._backoff = BackoffEntry(SERVER_BACKOFF, clock, random)
        self._send_log: deque[float] = deque()  # clock seconds, also of the future
        self._window_release = clock.now()

    def delay_s(self) -> float:
        """How long the next request would have to wait."""
        release = max(self._backoff.release_time, self._window_release)
        if self._send_log:
            release = max(release, self._send_log[-1])
        return max(0.0, release - self._clock.now())

    def reserve_sending_time(self) -> float:
        """The same, and the request is counted: the next one comes after it."""
        delay_s = self.delay_s()
        send_at = self._clock.now() + delay_s
        log = self._send_log
        log.append(send_at)
        self._window_release = send_at
        while log[0] + WINDOW_S <= send_at or len(log) > MAX_SENDS:
            log.popleft()
        if len(log) == MAX_SENDS:
            self._window_release = log[0] + WINDOW_S
        return delay_s

    def on_status(self, status: int) -> None:
        """Takes note of an answer that came over the network."""
        self._backoff.inform_of_request(status not in _FAILURES)

    @property
    def backoff_s(self) -> float:
        """How long the server is left alone because it failed."""
        return self._backoff.time_until_release_s()

    def is_outdated(self) -> bool:
        """True when forgetting it changes nothing."""
        log = self._send_log
        return self._backoff.can_discard() and (not log or log[-1] + WINDOW_S <= self._clock.now())


class URLRequestThrottler:
    """The entries of one context; network thread only (net/url_request/url_request_throttler_manager.cc)."""

    __slots__ = ("_clock", "_entries", "_random", "_requests")

    def __init__(self, clock: TickClock, random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._entries: dict[str, ThrottlerEntry] = {}  # least recently asked for first
        self._requests = 0

    def entry_for(self, url: Url) -> ThrottlerEntry | None:
        """The entry of a URL, whatever its query; None for this machine, which may be asked as one likes.

        A URL without a host, such as data:, is of this machine.
        """
        if not url.host or is_this_machine(url.host):
            return None
        self._requests += 1
        if self._requests % _REQUESTS_BETWEEN_COLLECTIONS == 0:
            self._collect()
        key = f"{url.scheme}://{url.host}:{url.port}{url.path}".lower()
        entry = self._entries.pop(key, None)
        if entry is None:
            entry = ThrottlerEntry(self._clock, self._random)
        self._entries[key] = entry
        if len(self._entries) > MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]
        return entry

    def clear(self) -> None:
        """Forgets everything: what failed on one network may work on another."""
        self._entries.clear()

    def _collect(self) -> None:
        for key, entry in list(self._entries.items()):
            if entry.is_outdated():
                del self._entries[key]

    def __len__(self) -> int:
        """URLs that are remembered."""
        return len(self._entries)
