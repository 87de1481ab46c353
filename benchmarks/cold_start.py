"""W7: what it takes to import a client, and to import it and have a first response, beyond Python alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from meter import Figures
from rounds import Rounds, Setting
from server import pinned

_FIRST = {
    "netstack_sync": "body = netstack_sync.fetch(url).content",
    "urllib3": "body = urllib3.PoolManager().request('GET', url).data",
    "requests": "body = requests.Session().get(url).content",
    "niquests": "body = niquests.Session().get(url).content",
    "httpx": "body = httpx.Client().get(url).content",
    "primp": "body = primp.Client().get(url).content",
    "pycurl": (
        "import io; answer = io.BytesIO(); curl = pycurl.Curl(); curl.setopt(curl.URL, url);"
        "curl.setopt(curl.WRITEDATA, answer); curl.perform(); body = answer.getvalue()"
    ),
    "aiohttp": (
        "import asyncio\nasync def get():\n"
        "  async with aiohttp.ClientSession() as session, session.get(url) as response: return await response.read()\n"
        "body = asyncio.run(get())"
    ),
}
_END = """
import time, os
with open("/proc/self/status") as file:
    memory = next(line for line in file if line.startswith("VmHWM")).split()[1]
print(time.process_time(), time.perf_counter(), memory, flush=True)
os._exit(0)
"""
_ROUNDS = 10  # for each of the other loads' rounds, since a round is short


def run_cold(clients: list[str], setting: Setting) -> Rounds:
    """By client, also Python alone; the files compiled from the source are there from the first, discarded round."""
    rounds: Rounds = {name: [] for name in clients}
    bare: dict[str, Figures] = {}
    for number in range(max(2, int(setting.rounds * _ROUNDS * setting.scale) + 1)):
        for name in clients:
            python = setting.python(name)
            bare[python] = _process(setting, python, "")
            figures = _round(setting, python, name, bare[python])
            if number and figures:
                rounds[name].append(figures)
    return rounds


def _round(setting: Setting, python: str, name: str, bare: Figures) -> Figures | None:
    url = f"url = {setting.server.base + '/small'!r}\n"
    try:
        imported = _process(setting, python, f"import {name}\n")
        first = _process(setting, python, f"import {name}\n{url}{_FIRST[name]}\nassert len(body) == 200\n")
    except subprocess.CalledProcessError as error:
        print(f"{name} failed at cold: {error.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return {
        **{f"import_{key}": imported[key] - bare[key] for key in ("wall_ms", "cpu_ms")},
        **{f"first_{key}": first[key] - bare[key] for key in ("wall_ms", "cpu_ms")},
        "rss_mb": first["rss_mb"],
    }


def _process(setting: Setting, python: str, code: str) -> Figures:
    """A process from its start to its last line; not its end, in which the libraries differ for other reasons."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    done = subprocess.run(
        [*pinned(setting.core), python, "-c", code + _END], capture_output=True, text=True, check=True, env=environment
    )
    cpu_s, end, memory = done.stdout.split()[-3:]
    return {"cpu_ms": float(cpu_s) * 1e3, "wall_ms": (float(end) - begin) * 1e3, "rss_mb": int(memory) / 1024}
