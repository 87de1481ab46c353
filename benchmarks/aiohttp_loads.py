"""The work loads on an event loop, with tasks in place of threads."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import ClientSession, TCPConnector
from clients import CA_FILE, PIECE_BYTES, Body
from meter import Figures, Meter

Work = Callable[[ClientSession], Awaitable[None]]


def run_many(work: Work, tasks: int, requests: int, sockets: int) -> Figures:
    """`work` `requests` times in all, shared evenly by `tasks`; connections are made before the clock starts."""

    async def main() -> Figures:
        connector = TCPConnector(limit=sockets, ssl=ssl.create_default_context(cafile=CA_FILE))
        async with ClientSession(connector=connector) as session:

            async def repeat(count: int) -> None:
                for _ in range(count):
                    await work(session)

            await asyncio.gather(*(repeat(max(1, requests // tasks // 20)) for _ in range(tasks)))
            meter = Meter()
            meter.start()
            await asyncio.gather(*(repeat(requests // tasks) for _ in range(tasks)))
            return meter.stop()

    return asyncio.run(main())


def run_once(warm_up: Work, work: Work) -> Figures:
    """One large body, after something small."""

    async def main() -> Figures:
        async with ClientSession() as session:
            await warm_up(session)
            meter = Meter()
            meter.start()
            await work(session)
            return meter.stop()

    return asyncio.run(main())


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
