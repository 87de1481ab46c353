"""Does a proxy script that waits for a dead name hold up requests whose proxy another script chooses?"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time

from fairness import run_threads
from server import Nginx

import netstack_sync

GOAL = 1.15  # the time of a request beside stalled scripts, in those of one beside none
DEAD = "dead.example"
_STALLED = netstack_sync.PacScript(f'function FindProxyForURL(url, host) {{ dnsResolve("{DEAD}"); return "DIRECT"; }}')


def resolve(host: str) -> list[str]:
    """A resolver that never answers for one name."""
    if host == DEAD:
        time.sleep(3600)
    return ["127.0.0.1"]


class Stalled:
    """Threads that ask for URLs whose proxy cannot be found out, while the `with` block runs."""

    def __init__(self, session: netstack_sync.Session, threads: int) -> None:
        self._session = session
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(threads)]
        self.asked = 0

    def __enter__(self) -> Stalled:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        while not self._is_over.is_set():
            try:
                self._session.get(f"http://stalled-{number}.example/", proxy=_STALLED, timeout=0.5)
            except netstack_sync.NetError:
                self.asked += 1


def measure(server: Nginx, threads: int, requests: int, stalled: int) -> tuple[float, float]:
    """Median and 99th percentile, in seconds, of requests through nginx, which a script names for their proxy."""
    proxy = server.base.removeprefix("http://")
    chosen = netstack_sync.PacScript(f'function FindProxyForURL(url, host) {{ return "PROXY {proxy}"; }}')
    dns = netstack_sync.DnsSettings(resolver=resolve)
    with netstack_sync.Session(dns=dns, proxy=chosen) as session, Stalled(session, stalled) as others:
        waits = run_threads(threads, lambda number: session.get(f"http://site-{number}.example/small"), requests)
    assert not stalled or others.asked, "no script was stalled"
    in_order = sorted(wait for of_thread in waits for wait in of_thread)
    return statistics.median(in_order), in_order[len(in_order) * 99 // 100]


def main() -> int:
    """Parses the arguments and runs; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--stalled", type=int, default=8, help="threads whose requests wait for a script")
    parser.add_argument("--requests", type=int, default=8_000, help="in each run")
    parser.add_argument("-r", "--rounds", type=int, default=5)
    arguments = parser.parse_args()
    figures: dict[int, list[tuple[float, float]]] = {0: [], arguments.stalled: []}
    with Nginx(1) as server:
        for _ in range(arguments.rounds):
            for stalled, of_kind in figures.items():
                of_kind.append(measure(server, arguments.threads, arguments.requests, stalled))
    print("| stalled threads | median, ms | p99, ms |\n|---|---|---|")
    medians = []
    for stalled, of_kind in figures.items():
        medians.append(statistics.median(median for median, _ in of_kind))
        print(f"| {stalled} | {medians[-1] * 1e3:.1f} | {statistics.median(p99 for _, p99 in of_kind) * 1e3:.1f} |")
    ratio = medians[1] / medians[0]
    print(f"\nbeside stalled scripts a request takes {ratio:.2f} times as long (goal: at most {GOAL})")
    return int(ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
