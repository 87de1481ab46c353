"""Runs one work load with one client in this process and prints its figures as JSON."""

from __future__ import annotations

import importlib
import itertools
import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from clients import SYNC_CLIENTS, Client
from loads import JSON_VALUE, LARGE_BYTES, Load
from meter import Figures, Meter, memory_mb, sockets_in_use, waits
from upload_body import upload_body
from upload_sink import ANSWER

_SPARE_DESCRIPTORS = 1000

Work = Callable[[], object]


def run_threads(works: list[Work], load: Load, prepare: Work, look: Work) -> tuple[Figures, list[list[float]]]:
    """Each thread its work, shared evenly, after some for warming up; also the seconds of each request.

    `prepare` is run before by the first thread, and `look` at the end, while the threads are still there.
    """
    share = load.requests // len(works)
    warm, start, end, looked = (threading.Barrier(len(works) + 1) for _ in range(4))
    failures: list[BaseException] = []
    seconds: list[list[float]] = [[] for _ in works]

    def repeat(work: Work, count: int, seconds: list[float]) -> None:
        clock = time.perf_counter
        try:
            for _ in range(count):
                begin = clock()
                work()
                seconds.append(clock() - begin)
        except BaseException as error:
            failures.append(error)

    def run(number: int) -> None:
        if not number:
            repeat(prepare, 1, [])
        repeat(works[number], max(1, share // 20), [])
        warm.wait()
        start.wait()
        repeat(works[number], share, seconds[number])
        end.wait()
        looked.wait()

    workers = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for worker in workers:
        worker.start()
    warm.wait()
    meter = Meter()
    meter.start()
    start.wait()
    end.wait()
    figures = meter.stop()
    look()
    looked.wait()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    return figures, seconds


def run_requests(client: Client, load: Load, bases: list[str], port: int) -> Figures:
    """Many small requests; the connections are made before the clock starts."""
    figures: Figures = {}
    fetch = client.fetch_large if load.kind == "get-large" else client.fetch

    asked = bases[:1] if load.kind == "beside" else bases

    def work_with(fetch: Callable[[str], bytes], first: int) -> Work:
        urls = itertools.cycle([base + load.path for base in asked[first:] + asked[:first]])
        return lambda: check(len(fetch(next(urls))) == load.size)

    if load.kind == "json":
        url = bases[0] + "/json"
        works: list[Work] = [lambda: check(client.post_json(url, JSON_VALUE) == JSON_VALUE)]
    else:
        works = [
            work_with(client.fetch_urgently if number < load.urgent else fetch, number % len(asked))
            for number in range(load.threads)
        ]

    def prepare() -> None:
        if load.hosts > 1:
            figures.update(idle_memory(client, load, bases))

    def look() -> None:
        figures["sockets"] = sockets_in_use(port)

    spent, seconds = run_threads(works, load, prepare, look)
    figures.update(spent)
    figures.update(waits(list(itertools.chain(*seconds[load.urgent :]))))
    figures.update(waits(list(itertools.chain(*seconds[: load.urgent])), "urgent_"))
    return figures


def idle_memory(client: Client, load: Load, bases: list[str]) -> Figures:
    """Makes a connection to each host; what an idle one takes."""
    client.fetch(bases[0] + load.path)
    before = memory_mb("VmRSS")
    for base in bases[1:]:
        client.fetch(base + load.path)
    return {"idle_kb": (memory_mb("VmRSS") - before) * 1024 / (load.hosts - 1)}


def run_once(client: Client, load: Load, base: str, folder: str) -> Figures:
    """One large body; something small first, so that making the connection is not counted, or another such file."""
    large, path = base + load.path, f"{folder}/copy"
    is_upload = load.kind.startswith("upload")
    if is_upload:
        client.upload(base, b"warm")
        body = upload_body(load.kind, folder)
    elif load.kind == "file-again":
        client.save(large, f"{folder}/first")
    else:
        client.fetch(base + "/small")
    meter = Meter()
    meter.start()
    if is_upload:
        check(client.upload(base, body) == ANSWER)
    elif load.kind.startswith("file"):
        client.save(large, path)
    elif load.kind == "memory":
        check(len(client.fetch_large(large)) == LARGE_BYTES)
    else:
        check(client.download(large) == LARGE_BYTES)
    figures = meter.stop()
    if load.kind.startswith("file"):
        with open(path, "rb") as file:
            check(file.seek(0, 2) == LARGE_BYTES)
    return figures


def check(is_right: bool) -> None:
    """Also under -O."""
    if not is_right:
        raise SystemExit("a wrong answer")


def bases_of(load: Load, base: str) -> list[str]:
    """As many hosts as the load has: all addresses of 127/8 are this machine's, so that no name has to be looked up."""
    if load.hosts == 1:
        return [base]
    port = urlsplit(base).port
    return [f"http://127.1.{number // 250}.{number % 250 + 1}:{port}" for number in range(load.hosts)]


def allow_descriptors(count: int) -> None:
    """Raises the limit of this process, as far as the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + _SPARE_DESCRIPTORS:
        wanted = count + _SPARE_DESCRIPTORS
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


def run(name: str, load: Load, base: str, folder: str) -> Figures:
    """All figures of one work load; `base` is the server's address."""
    allow_descriptors(load.hosts * load.sockets)
    bases = bases_of(load, base)
    port = urlsplit(base).port or 0
    if name == "aiohttp":
        from aiohttp_loads import run as run_aiohttp

        figures = run_aiohttp(load, bases, folder, lambda: sockets_in_use(port))
    else:
        client = SYNC_CLIENTS[name](load.sockets, load.hosts)
        if load.is_one_body:
            figures = {**run_once(client, load, base, folder), "sockets": sockets_in_use(port)}
        else:
            figures = run_requests(client, load, bases, port)
    figures["rss_mb"] = memory_mb()
    return figures


def version_of(client: str) -> str:
    """Of what is installed; a checkout on the path says it itself."""
    try:
        return version(client)
    except PackageNotFoundError:
        return str(importlib.import_module(client).__version__)


def main() -> None:
    """Arguments: client, work load as JSON, server's base URL; or the client alone, to print its version."""
    if len(sys.argv) == 2:
        print(version_of(sys.argv[1]))
        return
    name, load, base = sys.argv[1:4]
    with tempfile.TemporaryDirectory(prefix="netstack-bench-") as folder:
        print(json.dumps(run(name, Load(**json.loads(load)), base, folder)))


if __name__ == "__main__":
    main()
