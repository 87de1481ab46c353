"""Interleaved rounds: each client in a process of its own, one after the other, so that a busy minute meets all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from loads import LARGE_GB, Load
from meter import Figures
from server import Nginx, pinned

CLIENTS = ("netstack_sync", "urllib3", "requests", "httpx", "aiohttp", "pycurl", "primp")
OTHER_CLIENTS = ("niquests",)
"""They bring a package that takes another client's place, and so need an environment of their own."""
_SLOW = {"requests": 4, "httpx": 4, "niquests": 4}  # a fraction of the requests is enough for a figure
_HERE = os.path.dirname(os.path.abspath(__file__))
_LIMIT_S = 300

Rounds = dict[str, list[Figures]]
"""The figures of each round, by client; no round of a client that failed."""


@dataclass(frozen=True)
class Setting:
    """How to run: what is the same for all clients."""

    server: Nginx
    core: int | None
    """The one core of server and clients; None: they run where the system puts them."""
    rounds: int
    scale: float = 1.0
    """The part of the requests that are made: small for a trial."""
    pythons: tuple[tuple[str, str], ...] = ()
    """The interpreters of clients that have one of their own."""

    def python(self, client: str) -> str:
        """The interpreter that has this client."""
        return dict(self.pythons).get(client, sys.executable)

    def fit(self, load: Load, client: str) -> Load:
        """The load with the number of requests that this client makes."""
        wanted = int(load.requests * self.scale / _SLOW.get(client, 1))
        return replace(load, requests=max(wanted, load.threads))


def run_rounds(load: Load, clients: Iterable[str], setting: Setting) -> Rounds:
    """Each round begins with another client."""
    names = list(clients)
    rounds: Rounds = {name: [] for name in names}
    for number in range(setting.rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            figures = measure(name, load, setting)
            if figures is not None:
                rounds[name].append(figures)
    return rounds


def measure(client: str, load: Load, setting: Setting) -> Figures | None:
    """One round; None when the client failed, and its last words on stderr."""
    fitting = setting.fit(load, client)
    base = setting.server.base_of(load.server)
    arguments = [f"{_HERE}/workload.py", client, json.dumps(asdict(fitting)), base]
    command = [*pinned(setting.core), setting.python(client), *arguments]
    environment = {**os.environ, "BENCH_CA_FILE": setting.server.ca_file}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, env=environment)
    except subprocess.TimeoutExpired:
        print(f"{client} failed at {load.name}: not done after {_LIMIT_S} s", file=sys.stderr)
        return None
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it said nothing"]
        print(f"{client} failed at {load.name}: {words[-1]}", file=sys.stderr)
        return None
    return _by_request(json.loads(done.stdout), fitting)


def _by_request(figures: Figures, load: Load) -> Figures:
    cpu_s, wall_s = figures.pop("cpu_s"), figures.pop("wall_s")
    if load.is_one_body:
        return {"mb_per_s": LARGE_GB * 1e3 / wall_s, "cpu_s_per_gb": cpu_s / LARGE_GB, **figures}
    made = load.requests // load.threads * load.threads
    return {"per_s": made / wall_s, "cpu_us": cpu_s / made * 1e6, **figures}


def installed(clients: Iterable[str], setting_python: dict[str, str]) -> dict[str, str]:
    """Client and version of those that are there; the others are named."""
    versions = {}
    for name in clients:
        command = [setting_python.get(name, sys.executable), f"{_HERE}/workload.py", name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{name} is not installed and left out", file=sys.stderr)
        else:
            versions[name] = done.stdout.strip()
    return versions
