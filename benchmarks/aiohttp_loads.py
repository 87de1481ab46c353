"""The work loads on an event loop, with tasks in place of threads."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import ClientSession, TCPConnector
from clients import CA_FILE, PIECE_BYTES, Body
from loads import JSON_VALUE, LARGE_BYTES, SMALL_BYTES, Load
from meter import Figures, Meter, memory_mb, waits
from upload_body import upload_body
from upload_sink import ANSWER

Work = Callable[[ClientSession], Awaitable[None]]


def run(load: Load, bases: list[str], folder: str, count_sockets: Callable[[], int]) -> Figures:
    """See workload.run(); the sockets are counted while the session is open."""
    work, warm_up = works(load, bases, folder) if load.is_one_body else (small(load, bases), None)

    async def main() -> Figures:
        tls = ssl.create_default_context(cafile=CA_FILE)
        limits = {"limit": load.sockets * load.hosts, "limit_per_host": load.sockets}
        async with ClientSession(connector=TCPConnector(ssl=tls, **limits)) as session:
            figures = await (run_many(session, load, work) if warm_up is None else run_once(session, warm_up, work))
            figures["sockets"] = count_sockets()
        return figures

    return asyncio.run(main())


async def run_many(session: ClientSession, load: Load, work: Work) -> Figures:
    """`work`, shared evenly by tasks; connections are made before the clock starts."""
    seconds: list[list[float]] = [[] for _ in range(load.threads)]
    figures: Figures = {}

    async def repeat(count: int, seconds: list[float]) -> None:
        clock = time.perf_counter
        for _ in range(count):
            begin = clock()
            await work(session)
            seconds.append(clock() - begin)

    if load.hosts > 1:
        await work(session)
        before = memory_mb("VmRSS")
        await repeat(load.hosts - 1, [])
        figures["idle_kb"] = (memory_mb("VmRSS") - before) * 1024 / (load.hosts - 1)
    share = load.requests // load.threads
    await asyncio.gather(*(repeat(max(1, share // 20), []) for _ in range(load.threads)))
    meter = Meter()
    meter.start()
    await asyncio.gather(*(repeat(share, of_task) for of_task in seconds))
    figures.update(meter.stop())
    figures.update(waits(list(itertools.chain(*seconds[load.urgent :]))))
    figures.update(waits(list(itertools.chain(*seconds[: load.urgent])), "urgent_"))
    return figures


async def run_once(session: ClientSession, warm_up: Work, work: Work) -> Figures:
    """One large body, after something small."""
    await warm_up(session)
    meter = Meter()
    meter.start()
    await work(session)
    return meter.stop()


def small(load: Load, bases: list[str]) -> Work:
    """One request; the hosts in turn."""
    if load.kind == "json":
        return post_json(bases[0] + "/json", JSON_VALUE)
    urls = itertools.cycle([base + load.path for base in bases])

    async def work(session: ClientSession) -> None:
        async with session.get(next(urls)) as response:
            assert len(await response.read()) == load.size

    return work


def works(load: Load, bases: list[str], folder: str) -> tuple[Work, Work]:
    """One body, and what makes the connection before."""
    base, large = bases[0], bases[0] + load.path
    first = fetch(base + "/small", SMALL_BYTES)
    if load.kind.startswith("upload"):
        return upload(base, upload_body(load.kind, folder), ANSWER), upload(base, b"warm", ANSWER)
    if load.kind.startswith("file"):
        again = save(large, f"{folder}/first") if load.kind == "file-again" else first
        return save(large, f"{folder}/copy"), again
    return (fetch if load.kind == "memory" else download)(large, LARGE_BYTES), first


def fetch(url: str, size: int) -> Work:
    """The body, in memory."""

    async def work(session: ClientSession) -> None:
        async with session.get(url) as response:
            assert len(await response.read()) == size

    return work


def download(url: str, size: int) -> Work:
    """As a stream."""

    async def work(session: ClientSession) -> None:
        async with session.get(url) as response:
            assert sum([len(piece) async for piece in response.content.iter_any()]) == size

    return work


def save(url: str, path: str) -> Work:
    """Into a file."""

    async def work(session: ClientSession) -> None:
        async with session.get(url) as response:
            with open(path, "wb") as file:
                async for piece in response.content.iter_chunked(PIECE_BYTES):
                    file.write(piece)

    return work


def upload(url: str, body: Body, answer: bytes) -> Work:
    """Bytes, a file, or an iterator in chunks."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in body:  # type: ignore[union-attr]
            yield piece

    async def work(session: ClientSession) -> None:
        data: Any = body if isinstance(body, bytes) or hasattr(body, "fileno") else pieces()
        async with session.post(url, data=data) as response:
            assert await response.read() == answer

    return work


def post_json(url: str, value: Any) -> Work:
    """There and back."""

    async def work(session: ClientSession) -> None:
        async with session.post(url, json=value) as response:
            assert await response.json() == value

    return work
