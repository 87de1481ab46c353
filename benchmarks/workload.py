"""Runs one work load with one client in this process and prints its figures as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

from clients import PIECE_BYTES, SYNC_CLIENTS, Body, Client
from meter import Figures, Meter
from upload_sink import ANSWER

SMALL_BYTES = 200
LARGE_BYTES = 100 * 1024 * 1024
JSON_VALUE: dict[str, Any] = {
    "items": [{"id": number, "name": f"item {number}", "price": number / 4, "tags": ["a", "b"]} for number in range(33)]
}
"""2 KB there, and the same back."""

ONE_BODY = ("streamed", "memory", "file", "file-again", "upload-bytes", "upload-file", "upload-chunked")
"""Work loads of one body of LARGE_BYTES."""


def run_threads(work: Callable[[], object], threads: int, requests: int) -> Figures:
    """`work` `requests` times in all, shared evenly by `threads`; the connections are made before the clock starts."""
    share = requests // threads
    warm, start, end = (threading.Barrier(threads + 1) for _ in range(3))
    failures: list[BaseException] = []

    def repeat(count: int) -> None:
        try:
            for _ in range(count):
                work()
        except BaseException as error:
            failures.append(error)

    def run() -> None:
        repeat(max(1, share // 20))
        warm.wait()
        start.wait()
        repeat(share)
        end.wait()

    workers = [threading.Thread(target=run) for _ in range(threads)]
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


def run_once(client: Client, load: str, base: str, folder: str) -> Figures:
    """One large body; something small first, so that making the connection is not counted, or another such file."""
    large, path = base + "/large.bin", f"{folder}/copy"
    is_upload = load.startswith("upload")
    if is_upload:
        client.upload(base, b"warm")
        body = upload_body(load, folder)
    elif load == "file-again":
        client.save(large, f"{folder}/first")
    else:
        client.fetch(base + "/small")
    meter = Meter()
    meter.start()
    if is_upload:
        assert client.upload(base, body) == ANSWER
    elif load.startswith("file"):
        client.save(large, path)
    elif load == "memory":
        assert len(client.fetch(large)) == LARGE_BYTES
    else:
        assert client.download(large) == LARGE_BYTES
    figures = meter.stop()
    if load.startswith("file"):
        with open(path, "rb") as file:
            assert file.seek(0, 2) == LARGE_BYTES
    return figures


def upload_body(load: str, folder: str) -> Body:
    """LARGE_BYTES in one of three forms."""
    if load == "upload-bytes":
        return b"x" * LARGE_BYTES
    if load == "upload-chunked":
        return _pieces()
    with open(f"{folder}/body", "wb") as file:
        file.writelines(_pieces())
    return open(f"{folder}/body", "rb")


def _pieces() -> Iterator[bytes]:
    piece = b"x" * PIECE_BYTES
    for _ in range(LARGE_BYTES // PIECE_BYTES):
        yield piece


def run_aiohttp(load: str, base: str, threads: int, requests: int, sockets: int, folder: str) -> Figures:
    """The same on an event loop."""
    import aiohttp_loads as loads

    small, large = loads.fetch(base + "/small", SMALL_BYTES), base + "/large.bin"
    if load == "json":
        return loads.run_many(loads.post_json(base + "/json", JSON_VALUE), threads, requests, sockets)
    if load not in ONE_BODY:
        return loads.run_many(small, threads, requests, sockets)
    if load.startswith("upload"):
        warm_up = loads.upload(base, b"warm", ANSWER)
        return loads.run_once(warm_up, loads.upload(base, upload_body(load, folder), ANSWER))
    if load.startswith("file"):
        first = loads.save(large, f"{folder}/first") if load == "file-again" else small
        return loads.run_once(first, loads.save(large, f"{folder}/copy"))
    return loads.run_once(small, (loads.fetch if load == "memory" else loads.download)(large, LARGE_BYTES))


def run(name: str, load: str, base: str, requests: int, folder: str) -> Figures:
    """CPU and wall-clock seconds of one work load."""
    threads = {"w16": 16, "w64": 64}.get(load, 1)
    sockets = 6 if load == "w64" else threads
    if name == "aiohttp":
        return run_aiohttp(load, base, threads, requests, sockets, folder)
    client = SYNC_CLIENTS[name](sockets)
    if load in ONE_BODY:
        return run_once(client, load, base, folder)
    if load == "json":
        return run_threads(lambda: _check(client.post_json(base + "/json", JSON_VALUE) == JSON_VALUE), 1, requests)
    small = base + "/small"
    return run_threads(lambda: _check(len(client.fetch(small)) == SMALL_BYTES), threads, requests)


def _check(is_right: bool) -> None:
    assert is_right


def main() -> None:
    """Arguments: client, work load, server's base URL, requests."""
    name, load, base, requests = sys.argv[1:5]
    with tempfile.TemporaryDirectory(prefix="netstack-bench-") as folder:
        cpu, wall = run(name, load, base, int(requests), folder)
    print(json.dumps({"cpu": cpu, "wall": wall}))


if __name__ == "__main__":
    main()
