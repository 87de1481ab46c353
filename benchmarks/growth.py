"""How does the cost of a request grow: with the body, with threads, with hosts, with the fields of the response?"""

from __future__ import annotations

import argparse
import sys

from compare import add_arguments, check_loads, command_of, make_setting, pythons
from loads import GROWN, GROWTHS
from results import Results, this_machine
from rounds import installed, run_rounds
from server import Nginx
from tables import growth

_CLIENTS = ("netstack_sync", "urllib3", "pycurl")


def grow(arguments: argparse.Namespace, questions: list[str]) -> Results:
    """Runs the questions one after the other, and prints the table of each when it is there."""
    versions = installed(arguments.client or _CLIENTS, dict(pythons(arguments)))
    results = Results("growth", command_of("growth.py", arguments), this_machine(), versions)
    with Nginx(arguments.core if arguments.pin == "same" else None, tls=True) as server:
        setting = make_setting(arguments, server)
        for question in questions:
            for load in GROWN.values():
                if load.name.partition(":")[0] == question:
                    results.loads[load.name] = run_rounds(load, versions, setting)
            show(results, question, "cpu_us", f"{GROWTHS[question]}: CPU, µs a request")
            if question == "hosts":
                show(results, question, "idle_kb", "KB for each idle connection")
    return results


def show(results: Results, question: str, figure: str, title: str) -> None:
    """A table under a title."""
    print(f"\n### {title}\n\n{growth(results, question, figure).to_markdown()}", flush=True)


def main() -> None:
    """Parses the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"of {', '.join(GROWTHS)}; all by default")
    add_arguments(parser)
    arguments = parser.parse_args()
    results = grow(arguments, check_loads(parser, arguments.questions, list(GROWTHS)))
    if arguments.output:
        print(f"\nwritten: {results.write(arguments.output)}", file=sys.stderr)


if __name__ == "__main__":
    main()
