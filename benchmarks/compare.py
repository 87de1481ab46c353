"""Compares HTTP clients side by side: interleaved rounds, a process per client and round."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cold_start import run_cold
from loads import COMPARED
from results import Results, this_machine
from rounds import CLIENTS, OTHER_CLIENTS, Setting, installed, run_rounds
from server import Nginx
from tables import comparison


def add_arguments(parser: argparse.ArgumentParser, rounds: int = 3) -> None:
    """Those that compare.py and growth.py share."""
    parser.add_argument("-c", "--client", action="append", choices=[*CLIENTS, *OTHER_CLIENTS], help="repeatable")
    parser.add_argument("-r", "--rounds", type=int, default=rounds)
    parser.add_argument("--pin", choices=["same", "free"], default="same", help="server and client on one core, or not")
    parser.add_argument("--core", type=int, default=0, help="the core of --pin same")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the requests, for a quick trial")
    parser.add_argument("--niquests-python", metavar="FILE", help="the interpreter of an environment with niquests")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="write NAME.json with all figures there")


def check_loads(parser: argparse.ArgumentParser, wanted: list[str], known: list[str]) -> list[str]:
    """All when none is named."""
    unknown = [load for load in wanted if load not in known]
    if unknown:
        parser.error(f"no such work load: {', '.join(unknown)}")
    return wanted or known


def make_setting(arguments: argparse.Namespace, server: Nginx) -> Setting:
    """From the command line."""
    core = arguments.core if arguments.pin == "same" else None
    return Setting(server, core, arguments.rounds, arguments.scale, pythons(arguments))


def pythons(arguments: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """The interpreters of clients that have one of their own."""
    return (("niquests", arguments.niquests_python),) if arguments.niquests_python else ()


def command_of(program: str, arguments: argparse.Namespace) -> str:
    """How to have such a run again; without places of files."""
    pin = f"--core {arguments.core}" if arguments.pin == "same" else "--pin free"
    return f"{program} -r {arguments.rounds} {pin} --scale {arguments.scale:g}"


def compare(arguments: argparse.Namespace, loads: list[str], name: str) -> Results:
    """Runs the loads one after the other, and prints each table when it is there."""
    wanted = arguments.client or [*CLIENTS, *(client for client, _ in pythons(arguments))]
    versions = installed(wanted, dict(pythons(arguments)))
    results = Results(name, command_of("compare.py", arguments), this_machine(), versions)
    with Nginx(arguments.core if arguments.pin == "same" else None, tls=True) as server:
        setting = make_setting(arguments, server)
        for load in loads:
            run = run_cold(list(versions), setting) if load == "cold" else None
            results.loads[load] = run or run_rounds(COMPARED[load], versions, setting)
            print(f"\n### {COMPARED[load].title}\n\n{comparison(results, load).to_markdown()}", flush=True)
    return results


def main() -> None:
    """Parses the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=f"of {', '.join(COMPARED)}; all by default")
    add_arguments(parser)
    arguments = parser.parse_args()
    loads = check_loads(parser, arguments.loads, list(COMPARED))
    results = compare(arguments, loads, "pinned" if arguments.pin == "same" else "free")
    if arguments.output:
        print(f"\nwritten: {results.write(arguments.output)}", file=sys.stderr)


if __name__ == "__main__":
    main()
