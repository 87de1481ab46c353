"""Results: the figures of a run with the machine and the versions that they are of, in a JSON file."""

from __future__ import annotations

import json
import os
import platform
import ssl
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from meter import Figures
from rounds import Rounds

DOCS = Path(__file__).resolve().parents[1] / "docs" / "benchmarks"
"""Where the documentation's results are."""


class Spread(NamedTuple):
    """One figure over the rounds."""

    median: float
    least: float
    most: float


@dataclass
class Results:
    """What one run of one program gave."""

    name: str
    command: str
    machine: dict[str, str]
    versions: dict[str, str]
    loads: dict[str, Rounds] = field(default_factory=dict)

    def spread(self, load: str, client: str, figure: str) -> Spread | None:
        """None for what was not measured."""
        return spread_of(self.loads[load].get(client, []), figure)

    def write(self, folder: Path) -> Path:
        """<folder>/<name>.json."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        facts = {"name": self.name, "command": self.command, "machine": self.machine, "versions": self.versions}
        head = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in facts.items())
        loads = ",\n".join(f"  {json.dumps(load)}: {{\n{_lines(clients)}\n  }}" for load, clients in self.loads.items())
        path.write_text(f'{{\n{head} "loads": {{\n{loads}\n }}\n}}\n', encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> Results:
        """What write() wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def spread_of(rounds: Sequence[Figures], figure: str) -> Spread | None:
    """Median, least and most of those rounds that have the figure."""
    values = [figures[figure] for figures in rounds if figure in figures]
    return Spread(median(values), min(values), max(values)) if values else None


def this_machine() -> dict[str, str]:
    """What a reader must know to compare with another run."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "openssl": ssl.OPENSSL_VERSION.split()[1],
        "nginx": _nginx(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def _nginx() -> str:
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
    return (
        subprocess.run(["nginx", "-v"], capture_output=True, text=True, env=environment)
        .stderr.partition("/")[2]
        .strip()
    )


def _lines(clients: Rounds) -> str:
    """One for each client."""
    return ",\n".join(
        f"   {json.dumps(client)}: {json.dumps([_rounded(figures) for figures in rounds])}"
        for client, rounds in clients.items()
    )


def _rounded(figures: Figures) -> Figures:
    """Four digits: more would be noise."""
    return {name: float(f"{value:.4g}") for name, value in figures.items()}
