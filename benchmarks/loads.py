"""The work loads: what is fetched, how often, and by how many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SMALL_BYTES = 200
LARGE_BYTES = 100 * 1024 * 1024
LARGE_GB = LARGE_BYTES / 1e9
JSON_VALUE: dict[str, Any] = {
    "items": [{"id": number, "name": f"item {number}", "price": number / 4, "tags": ["a", "b"]} for number in range(33)]
}
"""2 KB there, and the same back."""
MIN_HEADERS = 5
"""What nginx sends in any case."""


@dataclass(frozen=True)
class Load:
    """One work load; the process that runs it gets it as JSON."""

    name: str
    title: str
    kind: str
    """What a request is: get, get-large, beside (of the first host only), urgent (of some threads), json.

    Or something else: cold, or one of ONE_BODY.
    """
    requests: int = 1
    threads: int = 1
    sockets: int = 1
    """The limit for each host."""
    hosts: int = 1
    urgent: int = 0
    """So many of the threads are in a hurry."""
    path: str = "/small"
    size: int = SMALL_BYTES
    server: str = "plain"
    """plain, tls, tickets, hosts or sink."""

    @property
    def is_one_body(self) -> bool:
        """Measured by the byte, not by the request."""
        return self.kind in ONE_BODY


ONE_BODY = ("streamed", "memory", "file", "file-again", "upload-bytes", "upload-file", "upload-chunked")
"""Kinds that are one body of LARGE_BYTES."""


def _body(kind: str, title: str) -> Load:
    is_upload = kind.startswith("upload")
    return Load(kind, title, kind, path="/large.bin", size=LARGE_BYTES, server="sink" if is_upload else "plain")


COMPARED = {
    load.name: load
    for load in (
        Load("w1", "W1: one thread, 200 bytes over keep-alive", "get", 4000),
        Load("w16", "W2: 16 threads", "get", 16000, 16, 16),
        Load("w64", "W3: 64 threads on 6 sockets", "get", 16000, 64, 6),
        Load("json", "POST of 2 KB of JSON, whose answer is read", "json", 4000),
        Load("hosts", "500 hosts in turn, a connection kept to each", "get", 4000, hosts=500, server="hosts"),
        Load("mixed", "64 threads on 6 sockets, 8 of them in a hurry", "urgent", 16000, 64, 6, urgent=8),
        _body("streamed", "W4: 100 MiB read as a stream"),
        _body("memory", "100 MiB read at once"),
        _body("file", "100 MiB into a file"),
        _body("file-again", "the second such file of a process"),
        _body("upload-bytes", "100 MiB of bytes uploaded"),
        _body("upload-file", "100 MiB uploaded from a file"),
        _body("upload-chunked", "100 MiB uploaded from an iterator of 64 KiB pieces"),
        Load("tls", "W5: a TLS 1.3 handshake for each request", "get", 1000, server="tls"),
        # A Python that leaks the sessions of connections does no more requests than this in its time.
        Load("resumed", "a TLS 1.3 handshake that goes on from a session", "get", 250, server="tickets"),
        Load("cold", "W7: import, and import with a first response", "cold"),
    )
}
"""What compare.py runs, by name."""

BODY_BYTES = {200: 2000, 2_000: 2000, 20_000: 2000, 200_000: 1000, 2_000_000: 100, 20_000_000: 10, LARGE_BYTES: 3}
"""Requests by size."""
THREADS = (1, 4, 16, 64, 256)
HOSTS = (1, 10, 100, 1000, 2000, 5000)
HEADERS = (5, 10, 25, 50, 100)


def _growth() -> list[Load]:
    body = [
        Load(f"body:{size}", "body bytes", "get-large", count, path=f"/{size}.bin", size=size)
        for size, count in BODY_BYTES.items()
    ]
    threads = [Load(f"threads:{count}", "threads on 6 sockets", "get", 16000, count, 6) for count in THREADS]
    hosts = [Load(f"hosts:{count}", "hosts", "get", 10000, hosts=count, server="hosts") for count in HOSTS]
    beside = [Load(f"beside:{count}", "hosts", "beside", 10000, hosts=count, server="hosts") for count in HOSTS]
    headers = [Load(f"headers:{count}", "response headers", "get", 2000, path=f"/headers/{count}") for count in HEADERS]
    return [*body, *threads, *hosts, *beside, *headers]


GROWN = {load.name: load for load in _growth()}
"""What growth.py runs; the number after the colon is what grows."""
GROWTHS = {
    "body": "Body size, bytes",
    "threads": "Threads on 6 sockets",
    "hosts": "Hosts in turn, a connection kept to each",
    "beside": "One host, beside idle connections to others",
    "headers": "Header fields of the response",
}
"""The questions, and the axis of each."""
