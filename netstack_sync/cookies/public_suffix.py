"""Registrable domains: the part of a name that somebody owns, such as example.co.uk (publicsuffix.org).

Under co.uk, github.io and the like anybody can register. A cookie for such a name would go to strangers, so there is
none. The list takes some 50 ms to read, so that it is done once, on a worker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.net_errors import OK
from netstack_sync.loop.completion import Task
from netstack_sync.loop.gate import Gate
from netstack_sync.workers.worker_pool import WorkerPool

_CACHED_HOSTS: Final = 8192  # 6 MB at the most
_MAX_CACHED_LENGTH: Final = 253  # as long as DNS can name

_Lookup = Callable[[str], "str | None"]


class PublicSuffixes:
    """The list of public suffixes, those of private owners included, as Chromium has it for cookies. Any thread."""

    __slots__ = ("_find", "_find_cached")

    def __init__(self) -> None:
        self._find: _Lookup | None = None
        self._find_cached: _Lookup | None = None

    @property
    def is_loaded(self) -> bool:
        """True once load() is through."""
        return self._find_cached is not None

    def load(self) -> None:
        """Reads the list unless that is done; blocks."""
        if self._find_cached is None:
            from publicsuffixlist import PublicSuffixList  # late: reading it takes some 50 ms

            find: _Lookup = PublicSuffixList().privatesuffix
            self._find, self._find_cached = find, lru_cache(_CACHED_HOSTS)(find)

    def registrable_domain(self, host: str) -> str:
        """That of a canonical host; "" for an address and for a name that is a public suffix itself.

        The last label of a name that the list does not know is its suffix, so that `localhost` is one too. Without
        the list every name counts as a suffix: no cookie goes to more than its own host.
        """
        find = self._find_cached if len(host) <= _MAX_CACHED_LENGTH else self._find
        if find is None or "." not in host or parse_ip_literal(host) is not None:
            return ""
        return find(host) or ""


class PublicSuffixGate:
    """Lets tasks wait for the list, and has it read when the first one does. Network thread only."""

    __slots__ = ("_gate", "_has_begun", "_workers", "suffixes")

    def __init__(self, suffixes: PublicSuffixes, workers: WorkerPool) -> None:
        self.suffixes = suffixes
        self._workers = workers
        self._gate = Gate()
        self._has_begun = False

    def wait(self, on_ready: Task) -> int:
        """OK when the list can be asked; else ERR_IO_PENDING, and one call when it can."""
        if self.suffixes.is_loaded or self._gate.is_open:
            return OK
        if not self._has_begun:
            self._has_begun = True
            self._workers.post_job(self.suffixes.load, self._on_loaded)
        return self._gate.wait(on_ready)

    def stop_waiting(self, on_ready: Task) -> None:
        """The call never comes; idempotent."""
        self._gate.stop_waiting(on_ready)

    def _on_loaded(self, _: BaseException | None) -> None:
        """Also when it cannot be read: then cookies are for their own host."""
        self._gate.open()
