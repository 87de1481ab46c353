"""Soak: rounds of random calls from many threads, and what must hold during them, between them and at the end."""

from __future__ import annotations

import ctypes
import os
import random
import sys
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

from netstack_sync.fetcher.stats import SessionStats
from tests.support.soak_calls import KINDS, Kind
from tests.support.soak_site import PER_HOST, TOTAL, SoakSite

_LOOK_EVERY_S = 0.05
_MAX_TOLD = 20  # violations in full; one bug makes thousands

_WEIGHTS = [kind.weight for kind in KINDS]


@dataclass
class SoakReport:
    """What a soak has seen so far."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a kind of call ended in which way."""
    violations: list[str] = field(default_factory=list)
    looks: int = 0
    """How often the slots were compared with the sockets."""
    most_sockets: int = 0
    most_waiting: int = 0
    longest_call_s: float = 0.0
    longest_kind: str = ""
    resident_mb: list[float] = field(default_factory=list)
    """After each round, with nothing under way."""

    @property
    def calls(self) -> int:
        """How many have ended."""
        return sum(self.outcomes.values())

    def complain(self, text: str) -> None:
        """Notes what must not be."""
        if len(self.violations) < _MAX_TOLD:
            self.violations.append(text)


class SoakThread:
    """One thread with its own luck, so that what it calls depends on the seed alone."""

    def __init__(self, soak: Soak, number: int) -> None:
        self._soak = soak
        self._luck = random.Random(f"{soak.seed}/{number}")
        self._name = f"soak-{number}"
        self._thread: threading.Thread | None = None
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.current: tuple[str, float] | None = None
        """The call under way and when it began."""
        self.longest: tuple[float, str] = (0.0, "")

    def start(self, calls: int) -> None:
        """Makes so many calls on a thread."""
        self._thread = threading.Thread(target=self._run, args=(calls,), name=self._name, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """True until the last call of the round has ended."""
        return self._thread is not None and self._thread.is_alive()

    def stack(self) -> str:
        """Where it is."""
        assert self._thread is not None and self._thread.ident is not None
        frame = sys._current_frames().get(self._thread.ident)
        return "".join(traceback.format_stack(frame)) if frame is not None else "it is gone"

    def _run(self, calls: int) -> None:
        for kind in self._luck.choices(KINDS, _WEIGHTS, k=calls):
            if self._soak.is_given_up:
                return
            begin = time.monotonic()
            self.current = kind.name, begin
            self.outcomes[kind.name, self._call(kind)] += 1
            self.current = None
            self.longest = max(self.longest, (time.monotonic() - begin, kind.name))

    def _call(self, kind: Kind) -> str:
        """How it ended, in one word."""
        try:
            kind.call(self._soak.site, self._luck)
        except BaseException as error:
            if not kind.allows(error):
                self._soak.report.complain(f"{kind.name}: {traceback.format_exc()}")
            return type(error).__name__
        return "done"


class Soak:
    """Runs rounds on a site that is up, until the first thing that cannot be survived."""

    def __init__(self, site: SoakSite, seed: int, threads: int, hang_s: float) -> None:
        """A call that takes `hang_s` seconds is a hang; it ends the soak."""
        self.site = site
        self.seed = seed
        self.report = SoakReport()
        self.is_given_up = False
        self._hang_s = hang_s
        self._threads = [SoakThread(self, number) for number in range(threads)]
        self._own_sockets = self._warm_up()

    def run_round(self, calls_per_thread: int) -> None:
        """Makes the calls, looks on meanwhile, and afterwards at what they left."""
        for thread in self._threads:
            thread.start(calls_per_thread)
        while not self.is_given_up and any(thread.is_alive for thread in self._threads):
            self._look()
            self._find_hangs()
            time.sleep(_LOOK_EVERY_S)
        self._gather()
        if not self.is_given_up:
            self._expect_quiet()
            self.report.resident_mb.append(resident_mb())

    # --- while calls are under way

    def _look(self) -> None:
        """Slots and sockets, at a moment at which the network thread is between two tasks."""
        seen = self.site.look(self._hang_s)
        if seen is None:
            self._give_up("the network thread does not answer")
            return
        stats, owned = seen
        report = self.report
        report.looks += 1
        report.most_sockets = max(report.most_sockets, stats.sockets)
        report.most_waiting = max(report.most_waiting, stats.requests_waiting)
        for wrong in _contradictions(stats):
            report.complain(f"{wrong}: {stats}")
        if owned < stats.sockets_active + stats.sockets_idle:
            report.complain(f"slots without a socket: the network thread owns {owned}, {stats}")

    def _find_hangs(self) -> None:
        now = time.monotonic()
        for thread in self._threads:
            current = thread.current
            if current is not None and now - current[1] > self._hang_s:
                self._give_up(f"{current[0]} has not ended after {self._hang_s:.0f} s:\n{thread.stack()}")

    def _give_up(self, why: str) -> None:
        self.is_given_up = True
        self.report.complain(why)

    # --- between the rounds

    def _gather(self) -> None:
        report = self.report
        for thread in self._threads:
            report.outcomes.update(thread.outcomes)
            thread.outcomes.clear()
            if thread.longest[0] > report.longest_call_s:
                report.longest_call_s, report.longest_kind = thread.longest

    def _expect_quiet(self) -> None:
        """What was cancelled or left ends soon; then each slot is a socket, each socket a slot, and all are idle."""
        give_up_at = time.monotonic() + self._hang_s
        while True:
            seen = self.site.look(self._hang_s)
            if seen is None:
                self._give_up("the network thread does not answer")
                return
            stats, owned = seen
            is_quiet = not stats.requests and not stats.requests_waiting and stats.sockets_idle == stats.sockets
            if is_quiet and owned == stats.sockets + self._own_sockets:
                return
            if time.monotonic() > give_up_at:
                self._give_up(f"does not come to rest: {owned} sockets ({self._own_sockets} its own), {stats}")
                return
            time.sleep(0.01)

    def _warm_up(self) -> int:
        """How many sockets the network thread owns besides those of the pool: the one that listens to the kernel."""
        assert self.site.session.get(self.site.plain.url("/hello")).ok
        seen = self.site.look(self._hang_s)
        assert seen is not None
        return seen[1] - seen[0].sockets


def _contradictions(stats: SessionStats) -> list[str]:
    """What the numbers say that cannot be."""
    wrong = []
    if stats.sockets != stats.sockets_active + stats.sockets_connecting + stats.sockets_idle:
        wrong.append("slots are not sockets")
    if stats.sockets > TOTAL:
        wrong.append("more sockets than allowed in all")
    for name, group in stats.groups.items():
        # Groups of one host that differ in what they trust are shown as one.
        if not name.startswith("https") and group.active + group.connecting + group.idle > PER_HOST:
            wrong.append(f"more sockets than allowed to {name}")
    return wrong


def resident_mb() -> float:
    """Memory of this process that is in RAM, without what malloc keeps for later; 0 where the system does not tell."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return 0.0


def descriptors() -> Counter[str]:
    """What the open descriptors of this process point to, sockets and files by name; empty where unknown."""
    found: Counter[str] = Counter()
    if sys.platform == "linux":
        for number in os.listdir("/proc/self/fd"):
            try:
                found[os.readlink(f"/proc/self/fd/{number}")] += 1
            except OSError:
                continue  # the listing's own
    return found


def netstack_threads() -> list[str]:
    """The names of the threads that the package, or a soak, has started and that live."""
    prefixes = ("netstack", "soak")
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(prefixes))
