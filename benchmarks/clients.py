"""The clients under comparison behind one interface; only the chosen one is imported."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

CA_FILE = os.environ.get("BENCH_CA_FILE")
"""Whom to trust over https."""


PIECE_BYTES = 65536
"""What is read and written at a time where a library leaves that to its user."""

Body = bytes | BinaryIO | Iterator[bytes]


class Client(NamedTuple):
    """How one library does it, in the way that its documentation shows."""

    fetch: Callable[[str], bytes]
    """The body, in memory."""
    download: Callable[[str], int]
    """Its length, read as a stream."""
    save: Callable[[str, str], object]
    """Fetches a URL into a file of this name."""
    upload: Callable[[str, Body], bytes]
    """POSTs bytes, a file of known length, or an iterator in chunks, and gives the answer."""
    post_json: Callable[[str, Any], Any]
    """POSTs a value and reads the answer's."""
    fetch_large: Callable[[str], bytes]
    """As fetch(), of what a library may think too large to be taken unasked."""
    fetch_urgently: Callable[[str], bytes]
    """As fetch(), before others that wait, where a library knows of that."""


def make_netstack_sync(sockets: int, hosts: int) -> Client:
    """This project."""
    import netstack_sync

    limits = netstack_sync.Limits(per_host=sockets, total=max(256, sockets * hosts))
    session = netstack_sync.Session(limits=limits, verify=CA_FILE or True)

    def download(url: str) -> int:
        with session.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_raw())

    return Client(
        lambda url: session.get(url).content,
        download,
        lambda url, path: session.download(url, path, overwrite=True),
        lambda url, body: session.post(url, content=body).content,
        lambda url, value: session.post(url, json=value).json(),
        lambda url: session.get(url, max_response_size=None).content,
        lambda url: session.get(url, priority="highest").content,
    )


def make_urllib3(sockets: int, hosts: int) -> Client:
    """A pool that blocks when all its connections are in use."""
    import urllib3

    pool = urllib3.PoolManager(num_pools=hosts, maxsize=sockets, block=True, ca_certs=CA_FILE)

    def download(url: str) -> int:
        response = pool.request("GET", url, preload_content=False)
        size = sum(len(piece) for piece in response.stream(PIECE_BYTES))
        response.release_conn()
        return size

    def save(url: str, path: str) -> None:
        with pool.request("GET", url, preload_content=False) as response, open(path, "wb") as file:
            shutil.copyfileobj(response, file)

    def upload(url: str, body: Body) -> bytes:
        # A file goes in chunks unless its length is said.
        is_file = hasattr(body, "seek")
        headers = {"Content-Length": str(os.fstat(body.fileno()).st_size)} if is_file else None
        return pool.request("POST", url, body=body, headers=headers).data

    def fetch(url: str) -> bytes:
        return pool.request("GET", url).data

    def post_json(url: str, value: Any) -> Any:
        return pool.request("POST", url, json=value).json()

    return Client(fetch, download, save, upload, post_json, fetch, fetch)


def make_requests(sockets: int, hosts: int, module: str = "requests") -> Client:
    """One shared session, as most programs use it; niquests has the same interface."""
    requests = importlib.import_module(module)
    session = requests.Session()
    session.verify, session.trust_env = CA_FILE or True, False  # a variable would go before the argument
    adapter = requests.adapters.HTTPAdapter(pool_connections=hosts, pool_maxsize=sockets, pool_block=True)
    session.mount("http://", adapter)

    def download(url: str) -> int:
        with session.get(url, stream=True) as response:
            return sum(len(piece) for piece in response.iter_content(PIECE_BYTES))

    def save(url: str, path: str) -> None:
        with session.get(url, stream=True) as response, open(path, "wb") as file:
            for piece in response.iter_content(PIECE_BYTES):
                file.write(piece)

    def fetch(url: str) -> bytes:
        body: bytes = session.get(url).content
        return body

    def upload(url: str, body: Body) -> bytes:
        answer: bytes = session.post(url, data=body).content
        return answer

    return Client(fetch, download, save, upload, lambda url, value: session.post(url, json=value).json(), fetch, fetch)


def make_httpx(sockets: int, hosts: int) -> Client:
    """One shared client."""
    import ssl

    import httpx

    limits = httpx.Limits(max_connections=sockets * hosts, max_keepalive_connections=sockets * hosts)
    client = httpx.Client(limits=limits, timeout=60, verify=ssl.create_default_context(cafile=CA_FILE))

    def download(url: str) -> int:
        with client.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_bytes())

    def save(url: str, path: str) -> None:
        with client.stream("GET", url) as response, open(path, "wb") as file:
            for piece in response.iter_bytes():
                file.write(piece)

    def fetch(url: str) -> bytes:
        return client.get(url).content

    def upload(url: str, body: Body) -> bytes:
        return client.post(url, content=body).content

    return Client(fetch, download, save, upload, lambda url, value: client.post(url, json=value).json(), fetch, fetch)


def make_primp(sockets: int, hosts: int) -> Client:
    """A library in Rust; it keeps to no limit of sockets, and uploads bytes only."""
    import primp

    client = primp.Client(ca_cert_file=CA_FILE, timeout=60)

    def download(url: str) -> int:
        return sum(len(piece) for piece in client.get(url, stream=True).iter_bytes())

    def save(url: str, path: str) -> None:
        with open(path, "wb") as file:
            for piece in client.get(url, stream=True).iter_bytes():
                file.write(piece)

    def upload(url: str, body: Body) -> bytes:
        if not isinstance(body, bytes):
            raise SystemExit("uploads bytes only")
        return client.post(url, content=body).content

    def fetch(url: str) -> bytes:
        return client.get(url).content

    return Client(fetch, download, save, upload, lambda url, value: client.post(url, json=value).json(), fetch, fetch)


def _make_pycurl(sockets: int, hosts: int) -> Client:
    from pycurl_client import make_pycurl

    return make_pycurl(hosts)


SYNC_CLIENTS: dict[str, Callable[[int, int], Client]] = {
    "netstack_sync": make_netstack_sync,
    "urllib3": make_urllib3,
    "requests": make_requests,
    "httpx": make_httpx,
    "pycurl": _make_pycurl,
    "primp": make_primp,
    "niquests": lambda sockets, hosts: make_requests(sockets, hosts, "niquests"),
}
"""Makers by name; each takes the limit of sockets for a host, and how many hosts there are."""
