"""The clients under comparison behind one interface; only the chosen one is imported."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

CA_FILE = os.environ.get("BENCH_CA_FILE")
"""Whom to trust over https."""


class Client(NamedTuple):
    """How one library fetches: `fetch(url)` gives the body, `download(url)` its length, read as a stream."""

    fetch: Callable[[str], bytes]
    download: Callable[[str], int]


def make_netstack_sync(sockets: int) -> Client:
    """This project."""
    import netstack_sync

    session = netstack_sync.Session(limits=netstack_sync.Limits(per_host=sockets), verify=CA_FILE or True)

    def download(url: str) -> int:
        with session.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_raw())

    return Client(lambda url: session.get(url).content, download)


def make_urllib3(sockets: int) -> Client:
    """A pool that blocks when all its connections are in use."""
    import urllib3

    pool = urllib3.PoolManager(maxsize=sockets, block=True, ca_certs=CA_FILE)

    def download(url: str) -> int:
        response = pool.request("GET", url, preload_content=False)
        size = sum(len(piece) for piece in response.stream(65536))
        response.release_conn()
        return size

    return Client(lambda url: pool.request("GET", url).data, download)


def make_requests(sockets: int) -> Client:
    """One shared session, as most programs use it."""
    import requests

    session = requests.Session()
    session.verify, session.trust_env = CA_FILE or True, False  # a variable would go before the argument
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=sockets, pool_block=True))

    def download(url: str) -> int:
        with session.get(url, stream=True) as response:
            return sum(len(piece) for piece in response.iter_content(65536))

    return Client(lambda url: session.get(url).content, download)


def make_httpx(sockets: int) -> Client:
    """One shared client."""
    import ssl

    import httpx

    limits = httpx.Limits(max_connections=sockets, max_keepalive_connections=sockets)
    client = httpx.Client(limits=limits, timeout=60, verify=ssl.create_default_context(cafile=CA_FILE))

    def download(url: str) -> int:
        with client.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_bytes())

    return Client(lambda url: client.get(url).content, download)


def make_pycurl(sockets: int) -> Client:
    """One handle per thread, the usual threaded use; it keeps to no limit of sockets."""
    import pycurl

    local = threading.local()

    def handle() -> Any:
        if not hasattr(local, "handle"):
            local.handle = pycurl.Curl()
            if CA_FILE is not None:
                local.handle.setopt(pycurl.CAINFO, CA_FILE)
        return local.handle

    def fetch(url: str) -> bytes:
        curl, body = handle(), io.BytesIO()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.WRITEDATA, body)
        curl.perform()
        return body.getvalue()

    def download(url: str) -> int:
        sizes: list[int] = []
        curl = handle()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.WRITEFUNCTION, lambda piece: sizes.append(len(piece)))
        curl.perform()
        return sum(sizes)

    return Client(fetch, download)


SYNC_CLIENTS: dict[str, Callable[[int], Client]] = {
    "netstack_sync": make_netstack_sync,
    "urllib3": make_urllib3,
    "requests": make_requests,
    "httpx": make_httpx,
    "pycurl": make_pycurl,
}
"""Makers by name; each takes the limit of sockets."""
