"""Does a request cost the socket pool more when more hosts, or more requests, are in it? And do the limits hold?"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator

from memory_pool import MemoryPool

import netstack_sync
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.testing.embedded_server import EmbeddedServer

GOAL = 1.15  # the cost with many of something, in costs with few
FEW, MANY = 10, 2000  # groups
WAITING = 10_000  # requests in one group
_REQUESTS = 20_000  # in one measurement
_LIMITS = netstack_sync.Limits()

# --- the pool alone


def beside_idle(groups: int) -> float:
    """Reuse of an idle socket while other groups have one each."""
    with MemoryPool() as pool:
        pool.let_idle(groups)
        return pool.cost_of_reuse(_REQUESTS)


def beside_waiting(groups: int) -> float:
    """Reuse of an idle socket while in each other group a request waits at the group's limit."""
    with MemoryPool(per_group=1) as pool:
        pool.let_wait(groups)
        return pool.cost_of_reuse(_REQUESTS)


def beside_stalled(groups: int) -> float:
    """A socket's next turn while in each other group a request waits because the pool is full."""
    with MemoryPool(total=1) as pool:
        return pool.cost_of_turns(1, _REQUESTS, stalled_groups=groups)


def among_stalled(groups: int) -> float:
    """The only slot's next turn while a request waits for it in each of so many groups."""
    with MemoryPool(total=1) as pool:
        return pool.cost_of_turns_of_groups(groups, _REQUESTS)


def evicting(groups: int) -> float:
    """A socket for a new host in a pool that is full of the idle sockets of others."""
    with MemoryPool(total=groups) as pool:
        pool.let_idle(groups)
        return pool.cost_of_eviction(_REQUESTS)


def behind(waiting: int) -> float:
    """A socket's next turn while so many requests of the same group wait for it."""
    with MemoryPool(per_group=1) as pool:
        return pool.cost_of_turns(waiting, _REQUESTS)


def compare(name: str, measure: Callable[[int], float], few: int, many: int, rounds: int) -> bool:
    """Prints a line of the table: medians of interleaved rounds; True when the goal is met."""
    costs: dict[int, list[float]] = {few: [], many: []}
    for _ in range(rounds):
        for number in (few, many):
            costs[number].append(measure(number))
    low, high = (statistics.median(costs[number]) for number in (few, many))
    print(f"| {name} | {few} | {low:.2f} | {many} | {high:.2f} | {high / low:.2f} |", flush=True)
    return high / low < GOAL


# --- whole requests


def fetch_all(urls: Iterator[str], threads: int, session: netstack_sync.Session) -> tuple[int, int]:
    """From so many threads; the most sockets in all and to one host that were seen meanwhile."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while (url := next_url()) is not None:
                assert session.get(url).content == b"hello\n"
        except BaseException as error:
            failures.append(error)

    lock = threading.Lock()

    def next_url() -> str | None:
        with lock:
            return next(urls, None)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    most, most_per_host = 0, 0
    while any(worker.is_alive() for worker in workers):
        stats = session.stats()
        most = max(most, stats.sockets)
        per_host = (group.active + group.connecting + group.idle for group in stats.groups.values())
        most_per_host = max(most_per_host, *per_host, 0)
        time.sleep(0.002)
    if failures:
        raise failures[0]
    return most, most_per_host


def keeps_limits(name: str, hosts: int, requests_per_host: int, threads: int) -> bool:
    """Prints a line of the table; True when there were never more sockets than allowed."""
    with EmbeddedServer(remembered=0) as server, netstack_sync.Session(limits=_LIMITS) as session:
        urls = [server.url("/hello", f"h{number}.localhost") for number in range(hosts)]
        thread = session.context.thread
        cpu, wall = call_on_network_thread(thread, time.thread_time) or 0.0, time.perf_counter()
        most, most_per_host = fetch_all((url for url in urls for _ in range(requests_per_host)), threads, session)
        wall = time.perf_counter() - wall
        cpu = (call_on_network_thread(thread, time.thread_time) or 0.0) - cpu
        cpu_us = cpu / hosts / requests_per_host * 1e6
        stats = session.stats()
    print(
        f"| {name} | {hosts * requests_per_host / wall:.0f} | {cpu_us:.0f} | {most} of {_LIMITS.total} "
        f"| {most_per_host} of {_LIMITS.per_host} | {stats.sockets_opened} | {stats.sockets_reused} |",
        flush=True,
    )
    return most <= _LIMITS.total and most_per_host <= _LIMITS.per_host


def main() -> int:
    """Parses the arguments and runs; 1 when a limit was passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-r", "--rounds", type=int, default=7)
    rounds: int = parser.parse_args().rounds
    print(f"The pool alone, µs of CPU a request; goal: a ratio under {GOAL}\n")
    print("| what | few | µs | many | µs | ratio |\n|---|---|---|---|---|---|")
    results = [
        compare("reuse beside idle groups", beside_idle, FEW, MANY, rounds),
        compare("reuse beside waiting groups", beside_waiting, FEW, MANY, rounds),
        compare("turn beside stalled groups", beside_stalled, FEW, MANY, rounds),
        compare("turn among stalled groups", among_stalled, FEW, MANY, rounds),
        compare("new host, full of idle groups", evicting, FEW, MANY, rounds),
        compare("turn behind waiting requests", behind, 1, WAITING, rounds),
    ]
    print("\nWhole requests, the embedded server on the same cores\n")
    print("| what | requests/s | CPU µs on the network thread | most sockets | most to a host | opened | reused |")
    print("|---|---|---|---|---|---|---|")
    limits = [
        keeps_limits("32 threads x 300 to one host", 1, 9600, 32),
        keeps_limits("500 hosts x 2", 500, 2, 32),
    ]
    print(f"\nratios that meet the goal: {sum(results)} of {len(results)}; limits kept: {all(limits)}")
    return int(not all(limits))


if __name__ == "__main__":
    sys.exit(main())
