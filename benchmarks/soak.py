"""Does a session survive every fault at once for minutes: no hang, no lost slot, no growing memory, nothing left?"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # what is done and looked at is shared with tests/promises

from tests.support.soak import Soak, SoakReport, descriptors, netstack_threads
from tests.support.soak_site import SoakSite

_CALLS_PER_ROUND = 100  # of each thread
_HANG_S = 60.0
_WORKERS_END_S = 20.0  # idle ones stay for ten
_WARM_UP = 0.1  # of the rounds: caches fill, the allocator finds its size
_MAX_GROWTH = 1.05


def run(minutes: float, threads: int, seed: int) -> SoakReport:
    """Rounds until the time is up or something cannot be survived."""
    with SoakSite() as site:
        soak = Soak(site, seed, threads, _HANG_S)
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end and not soak.is_given_up:
            soak.run_round(_CALLS_PER_ROUND)
        return soak.report


def run_and_look(minutes: float, threads: int, seed: int) -> SoakReport:
    """A run, and then a look at what is left."""
    threads_before, descriptors_before = netstack_threads(), descriptors()
    report = run(minutes, threads, seed)
    give_up_at = time.monotonic() + _WORKERS_END_S
    while netstack_threads() != threads_before and time.monotonic() < give_up_at:
        time.sleep(0.1)
    gc.collect()  # a loop's waker and the signals of a thread are closed when they are garbage
    if netstack_threads() != threads_before:
        report.complain(f"threads left: {netstack_threads()}")
    left = descriptors() - descriptors_before
    if left:
        report.complain(f"descriptors left: {dict(left)}")
    return report


def check_memory(report: SoakReport) -> str:
    """Compares the first rounds after the warm-up with the last ones, in words."""
    rounds = report.resident_mb[int(len(report.resident_mb) * _WARM_UP) :]
    share = max(1, len(rounds) // 5)
    early, late = statistics.median(rounds[:share]), statistics.median(rounds[-share:])
    if late > early * _MAX_GROWTH:
        report.complain(f"memory has grown from {early:.1f} to {late:.1f} MB")
    return f"resident {early:.1f} MB after the warm-up, {late:.1f} MB at the end"


def print_report(report: SoakReport) -> None:
    """Prints how the calls ended."""
    of_kind: dict[str, Counter[str]] = {}
    for (kind, outcome), count in report.outcomes.items():
        of_kind.setdefault(kind, Counter())[outcome] += count
    print("\n| call | how it ended |\n|---|---|")
    for kind, outcomes in of_kind.items():
        print(f"| {kind} | {', '.join(f'{outcome} {count}' for outcome, count in outcomes.most_common())} |")
    print(
        f"\ncalls {report.calls} in {len(report.resident_mb)} rounds; longest {report.longest_call_s:.2f} s "
        f"({report.longest_kind})\nlooks at the slots {report.looks}; most sockets {report.most_sockets}, "
        f"most requests waiting {report.most_waiting}"
    )


def main() -> int:
    """Parses the arguments and runs; 1 when anything was not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"{arguments.minutes:g} minutes, {arguments.threads} threads, seed {arguments.seed}", flush=True)
    complaints = io.StringIO()  # the loops print what their callbacks raise; there must be nothing
    with contextlib.redirect_stderr(complaints):
        report = run_and_look(arguments.minutes, arguments.threads, arguments.seed)
    if complaints.getvalue():
        report.complain(f"on stderr:\n{complaints.getvalue()}")
    print_report(report)
    if report.resident_mb:
        print(check_memory(report))
    print(f"violations: {len(report.violations)}")
    for violation in report.violations:
        print(f"\n* {violation}")
    sys.stdout.flush()
    if report.violations:
        os._exit(1)  # a thread that hangs must not hold the exit
    return 0


if __name__ == "__main__":
    sys.exit(main())
