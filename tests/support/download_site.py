"""A file on a server that knows ranges, and a disk that is full."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from netstack_sync.testing.answer import Answer, Fault
from netstack_sync.testing.default_routes import pattern_bytes
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.server_request import ReceivedRequest

SIZE = 1_500_000
BODY = pattern_bytes(SIZE)


class DownloadSite:
    """/file of an embedded server, which answers as RFC 9110 §14 wants it; what is changed here counts from then on."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server
        self.url = server.url("/file")
        self.body = BODY
        self.headers: dict[str, str] = {"ETag": '"one"'}
        self.fault: Fault | None = None
        """Of answers that are right."""
        self.range_limit: int | None = None
        """Gives no more than that many bytes of a range."""
        self.range_faults: dict[int, Fault | None] = {}
        """Of the next answer to a request for a range that begins there."""
        self.range_answers: list[Answer] = []
        """Given to requests for a range, in this order, in place of what is right."""
        server.route("/file", self._answer)

    @property
    def requests(self) -> Sequence[ReceivedRequest]:
        return self.server.requests

    @property
    def ranges(self) -> list[str | None]:
        """What was asked for, request by request."""
        return [request.headers.get("range") for request in self.requests]

    def partial(self, first: int, last: int, size: int | str, **headers: str) -> Answer:
        """A 206 that says so, whatever is right."""
        fields = {**self.headers, "Content-Range": f"bytes {first}-{last}/{size}", **headers}
        return Answer(206, headers=fields, body=self.body[first : last + 1], fault=self.fault)

    def _answer(self, request: ReceivedRequest) -> Answer:
        wanted, condition = request.headers.get("range"), request.headers.get("if-range")
        if wanted is None or condition not in (None, self.headers.get("ETag"), self.headers.get("Last-Modified")):
            return Answer(headers=self.headers, body=self.body, fault=self.fault)
        if self.range_answers:
            return self.range_answers.pop(0)
        first_text, _, last_text = wanted.removeprefix("bytes=").partition("-")
        first, size = int(first_text), len(self.body)
        if first >= size:
            return Answer(416, headers={**self.headers, "Content-Range": f"bytes */{size}"})
        last = int(last_text or size - 1)
        if self.range_limit is not None:
            last = min(last, first + self.range_limit - 1)
        fault, self.fault = self.fault, self.range_faults.pop(first, self.fault)
        try:
            return self.partial(first, last, size)
        finally:
            self.fault = fault


def leave_part(path: Path, body: bytes, record: str | None) -> None:
    """What an earlier attempt has left."""
    Path(f"{path}.part").write_bytes(body)
    if record is not None:
        Path(f"{path}.part.json").write_text(record)


def fill_disk(monkeypatch: pytest.MonkeyPatch, room_bytes: int, file: str | None = None) -> None:
    """From now on regular files together take no more than that; or one alone, whatever other workers still write."""
    room, write = room_bytes, os.write

    def limited_write(descriptor: int, data: bytes) -> int:
        nonlocal room
        status = os.fstat(descriptor)
        is_meant = file is None or (os.path.exists(file) and os.path.samestat(status, os.stat(file)))
        if not is_meant or not stat.S_ISREG(status.st_mode):
            return write(descriptor, data)
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = write(descriptor, memoryview(data)[:room])
        room -= count
        return count

    monkeypatch.setattr(os, "write", limited_write)
