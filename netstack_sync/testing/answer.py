"""Answer: what the embedded server says to a request, well or badly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

from netstack_sync.testing.script import CLOSE, Pause, Script
from netstack_sync.testing.server_request import ReceivedRequest
from netstack_sync.wire.chunked import LAST_CHUNK, encode_chunk

Fields: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


class Exchange(NamedTuple):
    """An answer as a good server would send it: what a fault recipe spoils."""

    head: bytes
    body: bytes  # as coded for the wire; empty where HTTP has no body
    is_reused: bool  # the connection has carried a request before


Fault: TypeAlias = Callable[[Exchange], Script]
"""Turns a good answer into a script; the ready-made ones are in fault_recipes.py."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. Content-Length, Transfer-Encoding and Connection are added unless `headers` has them."""

    status: int = 200
    headers: Fields = ()
    body: bytes = b""
    chunks: Sequence[bytes] | None = None
    """A chunked body, in these chunks; takes the place of `body`."""
    until_close: bool = False
    """The body has no length: the end of the connection is its end."""
    reason: str | None = None
    informational: Sequence[tuple[int, Fields]] = ()
    """Heads of 1xx responses, sent before."""
    delay_s: float = 0.0
    """Nothing is sent before; nobody sleeps meanwhile."""
    fault: Fault | None = None

    def script(self, request: ReceivedRequest) -> Script:
        """What goes on the wire in answer to `request`."""
        fields = list(self.headers.items() if isinstance(self.headers, Mapping) else self.headers)
        names = {name.lower(): value.lower() for name, value in fields}
        keep_alive = request.keep_alive and not self.until_close and names.get("connection") != "close"
        if not keep_alive and "connection" not in names:
            fields.append(("Connection", "close"))
        if not self.until_close and self.status not in (204, 304):
            if self.chunks is not None:
                fields.append(("Transfer-Encoding", "chunked"))
            elif "content-length" not in names and "transfer-encoding" not in names:
                fields.append(("Content-Length", str(len(self.body))))
        head = _head(self.status, fields, self.reason)
        body = b"" if request.method == "HEAD" or self.status in (204, 304) else self._coded_body()
        return self._play(Exchange(head, body, request.ordinal > 1)) + (() if keep_alive else (CLOSE,))

    def _coded_body(self) -> bytes:
        if self.chunks is None:
            return self.body
        return b"".join([encode_chunk(chunk) for chunk in self.chunks]) + LAST_CHUNK

    def _play(self, exchange: Exchange) -> Script:
        script: Script = (exchange.head + exchange.body,) if self.fault is None else self.fault(exchange)
        if self.informational:
            script = (b"".join([_head(status, fields) for status, fields in self.informational]), *script)
        return (Pause(self.delay_s), *script) if self.delay_s else script


def _head(status: int, fields: Fields, reason: str | None = None) -> bytes:
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    phrase = _PHRASES.get(status, "") if reason is None else reason
    lines = "".join([f"{name}: {value}\r\n" for name, value in pairs])
    return f"HTTP/1.1 {status} {phrase}\r\n{lines}\r\n".encode("latin-1")
