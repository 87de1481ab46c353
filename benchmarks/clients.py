"""The clients under comparison behind one interface; only the chosen one is imported."""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
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


def make_netstack_sync(sockets: int) -> Client:
    """This project."""
    import netstack_sync

    session = netstack_sync.Session(limits=netstack_sync.Limits(per_host=sockets), verify=CA_FILE or True)

    def download(url: str) -> int:
        with session.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_raw())

    return Client(
        lambda url: session.get(url, max_response_size=None).content,
        download,
        lambda url, path: session.download(url, path, overwrite=True),
        lambda url, body: session.post(url, content=body).content,
        lambda url, value: session.post(url, json=value).json(),
    )


def make_urllib3(sockets: int) -> Client:
    """A pool that blocks when all its connections are in use."""
    import urllib3

    pool = urllib3.PoolManager(maxsize=sockets, block=True, ca_certs=CA_FILE)

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

    return Client(
        lambda url: pool.request("GET", url).data,
        download,
        save,
        upload,
        lambda url, value: pool.request("POST", url, json=value).json(),
    )


def make_requests(sockets: int) -> Client:
    """One shared session, as most programs use it."""
    import requests

    session = requests.Session()
    session.verify, session.trust_env = CA_FILE or True, False  # a variable would go before the argument
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=sockets, pool_block=True))

    def download(url: str) -> int:
        with session.get(url, stream=True) as response:
            return sum(len(piece) for piece in response.iter_content(PIECE_BYTES))

    def save(url: str, path: str) -> None:
        with session.get(url, stream=True) as response, open(path, "wb") as file:
            for piece in response.iter_content(PIECE_BYTES):
                file.write(piece)

    return Client(
        lambda url: session.get(url).content,
        download,
        save,
        lambda url, body: session.post(url, data=body).content,
        lambda url, value: session.post(url, json=value).json(),
    )


def make_httpx(sockets: int) -> Client:
    """One shared client."""
    import ssl

    import httpx

    limits = httpx.Limits(max_connections=sockets, max_keepalive_connections=sockets)
    client = httpx.Client(limits=limits, timeout=60, verify=ssl.create_default_context(cafile=CA_FILE))

    def download(url: str) -> int:
        with client.stream("GET", url) as response:
            return sum(len(piece) for piece in response.iter_bytes())

    def save(url: str, path: str) -> None:
        with client.stream("GET", url) as response, open(path, "wb") as file:
            for piece in response.iter_bytes():
                file.write(piece)

    return Client(
        lambda url: client.get(url).content,
        download,
        save,
        lambda url, body: client.post(url, content=body).content,
        lambda url, value: client.post(url, json=value).json(),
    )


def make_pycurl(sockets: int) -> Client:
    """One handle per thread, the usual threaded use; it keeps to no limit of sockets."""
    import pycurl

    local = threading.local()

    def perform(url: str, options: dict[int, Any]) -> None:
        if not hasattr(local, "handle"):
            local.handle = pycurl.Curl()
        curl = local.handle
        curl.reset()  # the options; connections stay
        if CA_FILE is not None:
            curl.setopt(pycurl.CAINFO, CA_FILE)
        curl.setopt(pycurl.URL, url)
        for option, value in options.items():
            curl.setopt(option, value)
        curl.perform()

    def fetch(url: str) -> bytes:
        body = io.BytesIO()
        perform(url, {pycurl.WRITEDATA: body})
        return body.getvalue()

    def download(url: str) -> int:
        sizes: list[int] = []
        perform(url, {pycurl.WRITEFUNCTION: lambda piece: sizes.append(len(piece))})
        return sum(sizes)

    def save(url: str, path: str) -> None:
        with open(path, "wb") as file:
            perform(url, {pycurl.WRITEDATA: file})

    def upload(url: str, body: Body) -> bytes:
        answer = io.BytesIO()
        headers = ["Expect:"]  # else it waits for a 100 that this server does not send
        options: dict[int, Any] = {pycurl.POST: 1, pycurl.WRITEDATA: answer, pycurl.HTTPHEADER: headers}
        if isinstance(body, bytes):
            options[pycurl.POSTFIELDS] = body
        elif hasattr(body, "fileno"):
            options.update({pycurl.READDATA: body, pycurl.POSTFIELDSIZE_LARGE: os.fstat(body.fileno()).st_size})
        else:
            headers.append("Transfer-Encoding: chunked")
            options[pycurl.READFUNCTION] = _Reader(body).read
        perform(url, options)
        return answer.getvalue()

    def post_json(url: str, value: Any) -> Any:
        answer = io.BytesIO()
        headers = ["Content-Type: application/json", "Expect:"]
        body = json.dumps(value).encode()
        perform(url, {pycurl.POSTFIELDS: body, pycurl.WRITEDATA: answer, pycurl.HTTPHEADER: headers})
        return json.loads(answer.getvalue())

    return Client(fetch, download, save, upload, post_json)


class _Reader:
    """Pieces as a file that gives what it is asked for, as libcurl wants them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        rest = self._rest or next(self._pieces, b"")
        self._rest = rest[size:]
        return rest[:size]


SYNC_CLIENTS: dict[str, Callable[[int], Client]] = {
    "netstack_sync": make_netstack_sync,
    "urllib3": make_urllib3,
    "requests": make_requests,
    "httpx": make_httpx,
    "pycurl": make_pycurl,
}
"""Makers by name; each takes the limit of sockets."""
