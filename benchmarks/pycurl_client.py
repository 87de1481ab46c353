"""pycurl as a client under comparison: libcurl's easy interface."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterator
from typing import Any

from clients import CA_FILE, Body, Client


def make_pycurl(hosts: int) -> Client:
    """One handle per thread, the usual threaded use; it keeps to no limit of sockets."""
    import pycurl

    local = threading.local()

    def perform(url: str, options: dict[int, Any]) -> None:
        if not hasattr(local, "handle"):
            local.handle = pycurl.Curl()
        curl = local.handle
        curl.reset()  # the options; connections stay
        curl.setopt(pycurl.MAXCONNECTS, max(5, hosts))
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

    return Client(fetch, download, save, upload, post_json, fetch, fetch)


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
