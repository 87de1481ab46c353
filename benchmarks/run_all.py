"""Runs every comparison and writes its results, tables and plots into docs/benchmarks: one command, about an hour.

    python benchmarks/run_all.py --niquests-python ENVIRONMENT/bin/python

On one core of its own (--core), with nothing else running, the figures of two runs differ by less than a tenth.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from results import DOCS

_HERE = Path(__file__).parent


def main() -> None:
    """Each program in a process of its own; the first that fails ends it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-r", "--rounds", type=int, default=5)
    parser.add_argument("--core", type=int, default=0, help="of the pinned runs")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the requests, for a quick trial")
    parser.add_argument("--niquests-python", metavar="FILE", help="the interpreter of an environment with niquests")
    parser.add_argument("-o", "--output", type=Path, default=DOCS, metavar="FOLDER", help="instead of docs/benchmarks")
    arguments = parser.parse_args()
    shared = ["-r", str(arguments.rounds), "--scale", str(arguments.scale), "-o", str(arguments.output)]
    pinned = [*shared, "--core", str(arguments.core)]
    other = ["--niquests-python", arguments.niquests_python] if arguments.niquests_python else []
    for command in (
        ["compare.py", *pinned, *other],
        ["compare.py", "--pin", "free", *shared, *other],
        ["growth.py", *pinned],
        ["micro.py", *shared],
        ["report.py", str(arguments.output)],
    ):
        print(f"\n# {' '.join(command)}", flush=True)
        subprocess.run([sys.executable, str(_HERE / command[0]), *command[1:]], check=True)


if __name__ == "__main__":
    main()
