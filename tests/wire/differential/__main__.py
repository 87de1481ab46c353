"""Reads generated responses for as long as one likes: `python -m tests.wire.differential --minutes 10 [--seed N]`."""

from __future__ import annotations

import argparse
import time
from random import Random

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.wire.differential.campaign import Tally, check
from tests.wire.differential.responses import Connection, connections, damaged_copies

_BATCH = 50
_COPIES = 9  # of each connection


def main() -> None:
    """Stops at the first difference that is not accepted, with the smallest example of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None, help="of the first batch; the next has the next")
    arguments = parser.parse_args()
    first = arguments.seed if arguments.seed is not None else Random().randrange(10**6)
    tally, number = Tally(), first
    ends = time.monotonic() + arguments.minutes * 60
    try:
        while time.monotonic() < ends:
            _run_batch(number, tally)
            number += 1
    finally:
        _report(first, number, tally)


def _run_batch(number: int, tally: Tally) -> None:
    @seed(number)
    @settings(max_examples=_BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(connections(), st.integers(0, 2**32))
    def run(connection: Connection, damage: int) -> None:
        check(connection, tally)
        for copy in damaged_copies(connection, Random(damage), _COPIES):
            check(copy, tally)

    run()


def _report(first: int, last: int, tally: Tally) -> None:
    print(f"seeds {first} to {last - 1}: {tally.connections} connections, {tally.messages} messages of ours")
    for name, count in sorted({**tally.states, **tally.accepted}.items()):
        print(f"{count:9} {name}")


if __name__ == "__main__":
    main()
