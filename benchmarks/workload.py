"""Runs one work load with one client in this process and prints its figures as JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import ssl
import sys
import threading
import time

from clients import CA_FILE, SYNC_CLIENTS, Client

SMALL_BYTES = 200
LARGE_BYTES = 100 * 1024 * 1024


class Meter:
    """CPU and wall clock between start() and stop()."""

    def start(self) -> None:
        """Begins to count."""
        self._usage = resource.getrusage(resource.RUSAGE_SELF)
        self._clock = time.perf_counter()

    def stop(self) -> tuple[float, float]:
        """Seconds of CPU (user and system) and of wall clock."""
        wall = time.perf_counter() - self._clock
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime - self._usage.ru_utime + usage.ru_stime - self._usage.ru_stime
        return cpu, wall


def run_threads(client: Client, url: str, threads: int, requests: int) -> tuple[float, float]:
    """`requests` in all, shared evenly by `threads`; the connections are made before the clock starts."""
    share = requests // threads
    warm, start, end = (threading.Barrier(threads + 1) for _ in range(3))
    failures: list[BaseException] = []

    def fetch_many(count: int) -> None:
        try:
            for _ in range(count):
                assert len(client.fetch(url)) == SMALL_BYTES
        except BaseException as error:
            failures.append(error)

    def work() -> None:
        fetch_many(max(1, share // 20))
        warm.wait()
        start.wait()
        fetch_many(share)
        end.wait()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    warm.wait()
    meter = Meter()
    meter.start()
    start.wait()
    end.wait()
    figures = meter.stop()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    return figures


def run_aiohttp(url: str, tasks: int, requests: int, sockets: int) -> tuple[float, float]:
    """The same work on an event loop, with tasks in place of threads."""
    import aiohttp

    async def main() -> tuple[float, float]:
        connector = aiohttp.TCPConnector(limit=sockets, ssl=ssl.create_default_context(cafile=CA_FILE))
        async with aiohttp.ClientSession(connector=connector) as session:

            async def work(count: int) -> None:
                for _ in range(count):
                    async with session.get(url) as response:
                        assert len(await response.read()) == SMALL_BYTES

            await asyncio.gather(*(work(max(1, requests // tasks // 20)) for _ in range(tasks)))
            meter = Meter()
            meter.start()
            await asyncio.gather(*(work(requests // tasks) for _ in range(tasks)))
            return meter.stop()

    return asyncio.run(main())


def download_aiohttp(url: str) -> tuple[float, float]:
    """One large body on an event loop."""
    import aiohttp

    async def main() -> tuple[float, float]:
        async with aiohttp.ClientSession() as session:
            meter = Meter()
            meter.start()
            async with session.get(url) as response:
                size = 0
                async for piece in response.content.iter_any():
                    size += len(piece)
            assert size == LARGE_BYTES
            return meter.stop()

    return asyncio.run(main())


def download(client: Client, url: str) -> tuple[float, float]:
    """One large body; a small request first, so that making the connection is not counted."""
    meter = Meter()
    meter.start()
    assert client.download(url) == LARGE_BYTES
    return meter.stop()


def run(name: str, load: str, base: str, requests: int) -> tuple[float, float]:
    """CPU and wall-clock seconds of one work load."""
    threads = {"w1": 1, "w16": 16, "w64": 64}.get(load, 1)
    sockets = 6 if load == "w64" else threads
    small, large = base + "/small", base + "/large.bin"
    if name == "aiohttp":
        return download_aiohttp(large) if load == "download" else run_aiohttp(small, threads, requests, sockets)
    client = SYNC_CLIENTS[name](sockets)
    if load == "download":
        client.fetch(small)
        return download(client, large)
    return run_threads(client, small, threads, requests)


def main() -> None:
    """Arguments: client, work load, server's base URL, requests."""
    name, load, base, requests = sys.argv[1:5]
    cpu, wall = run(name, load, base, int(requests))
    print(json.dumps({"cpu": cpu, "wall": wall}))


if __name__ == "__main__":
    main()
