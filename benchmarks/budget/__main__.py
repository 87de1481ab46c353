"""Counts what a request costs and compares it with the budget; status 1 when something is over it.

python -m benchmarks.budget             check, and name what grew
python -m benchmarks.budget --write     a new budget of what is counted now
python -m benchmarks.budget --show get  where a request's cost is, by room and function
python -m benchmarks.budget --repeat 5  how far the counts of five processes lie apart
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from . import comparing
from .comparing import METRICS, Budget, Counts, by_room, find_growth, find_spread, total

BUDGET_FILE = Path(__file__).with_name("budget.json")
PYTHON = (3, 11)
"""Each version compiles to other bytecodes, so that a budget holds for one of them: the one that runs tox in CI."""
STEADY = 0.01
"""How far the totals of several runs may lie apart."""
_LIBRARIES = ("urllib3", "cryptography")
_WARM_UP, _SAMPLES = 10, 25


def count() -> Budget:
    """The cost of each case: of many requests, one at a time, what the cheapest of them costs.

    Others cost more by chance: a heap is rebuilt, a cache renewed.
    """
    from .cases import make_cases
    from .counting import Counter
    from .driver import Driver
    from .server import Server

    counter = Counter()
    cases: dict[str, Counts] = {}
    with Server() as server:
        counter.install()
        for name, run in make_cases(server, Driver(counter)).items():
            for _ in range(_WARM_UP):
                run()
            gc.collect()
            gc.disable()  # it runs finalizers when it likes
            samples = []
            for _ in range(_SAMPLES):
                counter.clear()
                run()
                samples.append(counter.take())
            gc.enable()
            cases[name] = min(samples, key=total)
    return Budget({"Python": ".".join(map(str, sys.version_info[:3])), **{n: version(n) for n in _LIBRARIES}}, cases)


def show(counts: Counts) -> None:
    """A table, the dearest first."""
    for title, rows in (("room", by_room(counts)), ("function", counts)):
        print(*METRICS, title, sep=" | ")
        for name, row in sorted(rows.items(), key=lambda item: (item[1], item[0]), reverse=True):
            print(*(f"{value:6}" for value in row), name)


def repeat(runs: int) -> bool:
    """Counts in so many processes; True when their totals lie within STEADY of each other."""
    command = [sys.executable, "-m", str(__package__), "--json"]
    budgets = [Budget.from_json(subprocess.check_output(command, text=True)) for _ in range(runs)]
    spread = find_spread(budgets)
    for (case, metric), (least, most) in spread.items():
        print(f"{case}: {least} to {most} {metric}, {most / max(1, least) - 1:.2%} apart")
    return all(most <= least * (1 + STEADY) for least, most in spread.values())


def check(counted: Budget) -> bool:
    """Prints what is over the budget; True when nothing is."""
    budget = Budget.from_json(BUDGET_FILE.read_text(encoding="utf-8"))
    for case, counts in counted.cases.items():
        print(
            f"{case}: " + ", ".join(f"{value} {metric}" for metric, value in zip(METRICS, total(counts), strict=True))
        )
    grown = list(find_growth(budget, counted))
    differing = comparing.find_differing_cases(budget, counted)
    for case in differing:
        print(f"\n{case}: only in the {'budget' if case in budget.cases else 'cases'}; write a new budget")
    for growth in grown:
        print(f"\n{growth}")
    if grown and budget.versions != counted.versions:
        print(f"\nThe budget was made with {dict(budget.versions)}, this is {dict(counted.versions)}.")
    if savings := comparing.find_savings(budget, counted):
        print(f"\nCheaper than the budget: {', '.join(savings)}. With --write it stays so.")
    return not grown and not differing


def main() -> int:
    """Parses the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write {BUDGET_FILE.name} anew")
    parser.add_argument("--show", metavar="CASE", help="print where the cost of this case is")
    parser.add_argument("--repeat", type=int, metavar="RUNS", help="count so often, and fail if the totals differ")
    parser.add_argument("--json", action="store_true", help="print the counts")
    arguments = parser.parse_args()
    if reason := why_not_countable():
        print(f"skipped: {reason}")
        return 1 if arguments.write else 0
    if arguments.repeat is not None:
        return 0 if repeat(arguments.repeat) else 1
    counted = count()
    if arguments.json:
        print(counted.to_json())
        return 0
    if arguments.show is not None:
        if arguments.show not in counted.cases:
            parser.error(f"no such case; there are {', '.join(counted.cases)}")
        show(counted.cases[arguments.show])
        return 0
    if arguments.write:
        BUDGET_FILE.write_text(counted.to_json(), encoding="utf-8")
        return 0
    return 0 if check(counted) else 1


def why_not_countable() -> str | None:
    """None where the budget holds."""
    if sys.version_info[:2] != PYTHON or sys.implementation.name != "cpython" or sys.platform != "linux":
        return f"the budget is of CPython {'.'.join(map(str, PYTHON))} on Linux, other ones run other bytecodes"
    import netstack_sync.loop.message_loop as probe

    if not str(probe.__file__).endswith(".py"):
        return "the package is compiled, there are no bytecodes to count"
    return None


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the network threads are traced, and end with the process
