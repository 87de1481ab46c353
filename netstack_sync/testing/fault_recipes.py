"""Fault recipes: the ways in which servers fail, for `Answer(fault=...)`.

Each takes the good answer and gives the script that is played in its place, so that status, headers and body of
the Answer stay what a test compares with. Stalls end when the server or the client closes the connection.
"""

from __future__ import annotations

import re
from typing import Final

from netstack_sync.testing.answer import Exchange, Fault
from netstack_sync.testing.script import CLOSE, CUT, RESET, STALL, Ending, Pause, Script, Step
from netstack_sync.wire.chunked import LAST_CHUNK, encode_chunk

_length_line: Final = re.compile(rb"\ncontent-length: *(\d+)\r", re.IGNORECASE)


def trickle(size_bytes: int = 1, every_s: float = 0.05, with_head: bool = False) -> Fault:
    """The body, or all of the answer, comes in small pieces with a pause before each."""

    def fault(exchange: Exchange) -> Script:
        slow = exchange.head + exchange.body if with_head else exchange.body
        script: list[Step] = [] if with_head else [exchange.head]
        for start in range(0, len(slow), size_bytes):
            script += [Pause(every_s), slow[start : start + size_bytes]]
        return tuple(script)

    return fault


def stall_before_headers() -> Fault:
    """The request is read and nothing is said."""
    return raw(STALL)


def stall_in_headers() -> Fault:
    """Half of the head comes."""
    return lambda exchange: (exchange.head[: len(exchange.head) // 2], STALL)


def stall_in_body(after_bytes: int | None = None) -> Fault:
    """The head and the first bytes of the body come, half of them unless told otherwise."""
    return lambda exchange: (_cut(exchange, after_bytes), STALL)


def reset_before_headers() -> Fault:
    """RST in place of an answer."""
    return raw(RESET)


def reset_in_body(after_bytes: int | None = None) -> Fault:
    """RST in the middle of the body. What was sent before may be lost with it, as TCP has it."""
    return lambda exchange: (_cut(exchange, after_bytes), RESET)


def close_before_headers() -> Fault:
    """FIN in place of an answer."""
    return raw(CLOSE)


def close_in_headers() -> Fault:
    """FIN after half of the head, without close_notify."""
    return lambda exchange: (exchange.head[: len(exchange.head) // 2], CUT)


def early_close(after_bytes: int | None = None) -> Fault:
    """FIN in the middle of the body, without close_notify."""
    return lambda exchange: (_cut(exchange, after_bytes), CUT)


def reset_on_reuse() -> Fault:
    """The first request of a connection is answered; to a later one the answer is RST."""
    return _on_reuse(RESET)


def close_on_reuse() -> Fault:
    """The first request of a connection is answered; to a later one the answer is FIN."""
    return _on_reuse(CLOSE)


def close_after_answer(delay_s: float = 0.0) -> Fault:
    """The answer promises to keep the connection, which is closed all the same.

    With a delay the connection looks idle for so long, and a request that comes meanwhile is lost.
    """
    pause: Script = (Pause(delay_s),) if delay_s else ()
    return lambda exchange: (exchange.head + exchange.body, *pause, CLOSE)


def bad_chunk() -> Fault:
    """A chunked body that goes wrong in the size line after the first good chunks."""

    def fault(exchange: Exchange) -> Script:
        head = _length_line.sub(b"\nTransfer-Encoding: chunked\r", exchange.head)
        good = encode_chunk(exchange.body) if head != exchange.head else exchange.body.removesuffix(LAST_CHUNK)
        return (head + good + b"not a size\r\n", CLOSE)

    return fault


def missing_last_chunk() -> Fault:
    """A chunked body that ends after its data; the Answer must have `chunks`."""
    return lambda exchange: (exchange.head + exchange.body.removesuffix(LAST_CHUNK), CLOSE)


def wrong_length(by_bytes: int) -> Fault:
    """Content-Length lies: too long by a positive number, after which FIN comes, too short by a negative one."""

    def fault(exchange: Exchange) -> Script:
        head = _length_line.sub(lambda m: b"\nContent-Length: %d\r" % (int(m[1]) + by_bytes), exchange.head)
        return (head + exchange.body, CLOSE) if by_bytes > 0 else (head + exchange.body,)

    return fault


def garbage_head() -> Fault:
    """Bytes that are no HTTP, then FIN."""
    return raw(b"\x16\x03\x01 this is not HTTP\r\n\r\n", CLOSE)


def raw(*steps: Step) -> Fault:
    """Exactly these steps, whatever the Answer says; the connection stays if they don't end it."""
    return lambda exchange: steps


def _on_reuse(ending: Ending) -> Fault:
    return lambda exchange: (ending,) if exchange.is_reused else (exchange.head + exchange.body,)


def _cut(exchange: Exchange, after_bytes: int | None) -> bytes:
    return exchange.head + exchange.body[: len(exchange.body) // 2 if after_bytes is None else after_bytes]
