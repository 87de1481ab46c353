"""Compares HTTP clients side by side: interleaved rounds, a process per client and round, one core for all."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys

from server import Nginx
from workload import ONE_BODY

LOADS = {
    "w1": 4000,
    "w16": 16000,
    "w64": 16000,
    "json": 4000,
    "tls": 1000,
    "resumed": 250,
    **dict.fromkeys(ONE_BODY, 1),
}
CLIENTS = ["netstack_sync", "urllib3", "requests", "httpx", "aiohttp", "pycurl"]
_SLOW = {"requests": 4, "httpx": 4}  # a fraction of the requests is enough for a figure

Figures = dict[str, float]


def measure(client: str, load: str, server: Nginx, core: int) -> Figures | None:
    """One round; None when the client failed, and its last words on stderr."""
    base = server.sink_base if load.startswith("upload") else server.base
    base = {"tls": server.tls_base, "resumed": server.ticket_base}.get(load, base)
    environment = {**os.environ, "BENCH_CA_FILE": server.ca_file}
    requests = max(1, LOADS[load] // _SLOW.get(client, 1))
    here = os.path.dirname(os.path.abspath(__file__))
    command = ["taskset", "-c", str(core), sys.executable, f"{here}/workload.py", client, load, base, str(requests)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    if done.returncode:
        print(f"{client} failed: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    figures = json.loads(done.stdout)
    return {
        "per_second": requests / figures["wall"],
        "cpu_us": figures["cpu"] / requests * 1e6,
        "megabytes_per_second": 104.8576 / figures["wall"],
    }


def report(load: str, rounds: dict[str, list[Figures]]) -> None:
    """Prints a table: medians, and their ratio to urllib3's."""
    is_body = load in ONE_BODY
    unit = "MB/s | CPU s/GB" if is_body else "requests/s | CPU µs/request"
    print(f"\n### {load}\n\n| client | {unit} | CPU / urllib3's |\n|---|---|---|---|")
    cpu = {name: statistics.median(f["cpu_us"] for f in figures) for name, figures in rounds.items() if figures}
    for name in cpu:
        key = "megabytes_per_second" if is_body else "per_second"
        rate = statistics.median(f[key] for f in rounds[name])
        shown = f"{cpu[name] / 1e6 / 0.1048576:.2f}" if is_body else f"{cpu[name]:.0f}"
        ratio = f"{cpu[name] / cpu['urllib3']:.2f}" if "urllib3" in cpu else "-"
        print(f"| {name} | {rate:.0f} | {shown} | {ratio} |")


def installed(names: list[str]) -> list[str]:
    """Those that can be imported; the others are named."""
    found = [name for name in names if importlib.util.find_spec(name) is not None]
    for name in names:
        if name not in found:
            print(f"{name} is not installed and left out", file=sys.stderr)
    return found


def main() -> None:
    """Parses the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=f"of {', '.join(LOADS)}; all by default")
    parser.add_argument("-c", "--client", action="append", choices=CLIENTS, help="repeatable; all by default")
    parser.add_argument("-r", "--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=0, help="the core that everything is pinned to")
    arguments = parser.parse_args()
    loads = arguments.loads or list(LOADS)
    unknown = [load for load in loads if load not in LOADS]
    if unknown:
        parser.error(f"no such work load: {', '.join(unknown)}")
    clients = installed(arguments.client or CLIENTS)
    with Nginx(arguments.core, tls=True) as server:
        for load in loads:
            rounds: dict[str, list[Figures]] = {name: [] for name in clients}
            for _ in range(arguments.rounds):
                for name in clients:
                    figures = measure(name, load, server, arguments.core)
                    if figures is not None:
                        rounds[name].append(figures)
            report(load, rounds)


if __name__ == "__main__":
    main()
