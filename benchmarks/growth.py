"""How does the cost of a request grow: with the body, with threads, with hosts, with the fields of the response?"""

from __future__ import annotations

import argparse
import sys

from compare import add_arguments, check_loads, make_setting, pythons
from loads import GROWN, GROWTHS
from results import Results, this_machine
from rounds import installed, run_rounds
from server import Nginx
from tables import growth

_CLIENTS = ("netstack_sync", "urllib3", "pycurl")


def grow(arguments: argparse.Namespace, questions: list[str]) -> Results:
    """Runs the questions one after the other, and prints the table of each when it is there."""
    versions = installed(arguments.client or _CLIENTS, dict(pythons(arguments)))
    results = Results("growth", " ".join(["growth.py", *sys.argv[1:]]), this_machine(), versions)
    with Nginx(arguments.core if arguments.pin == "same" else None, tls=True) as server:
        setting = make_setting(arguments, server)
        for question in questions:
            for load in GROWN.values():
                if load.name.partition(":")[0] == question:
                    results.loads[load.name] = run_rounds(load, versions, setting)
            print(f"\n### CPU µs a request\n\n{growth(results, question, 'cpu_us').to_markdown()}", flush=True)
            if question == "hosts":
                print(
                    f"\n### KB an idle connection\n\n{growth(results, question, 'idle_kb').to_markdown()}", flush=True
                )
    return results


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
