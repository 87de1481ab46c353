"""One connection read by all parsers, and the count of what was found; the tests and the command share it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise

from tests.wire.differential.accepted import ACCEPTED
from tests.wire.differential.comparing import Difference, differences
from tests.wire.differential.readings import Message, h11_reads, httptools_reads, our_message, ours
from tests.wire.differential.responses import Connection

_ORACLES = (("h11", h11_reads), ("httptools", httptools_reads))


@dataclass
class Tally:
    """What a run has seen."""

    connections: int = 0
    messages: int = 0
    states: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)


def explanation(oracle: str, difference: Difference) -> str | None:
    """The name of the row that accepts a difference; None if it must not be."""
    for row in ACCEPTED:
        if row.explains(oracle, difference):
            return row.name
    return None


def check(connection: Connection, tally: Tally) -> None:
    """Fails on a difference that no row accepts, and when the pieces make one."""
    data, methods = connection.data, connection.methods
    reading = ours(data, methods)
    tally.connections += 1
    tally.messages += len(reading)
    tally.states.update([message.state for message in reading])
    for oracle, read in _ORACLES:
        for difference in differences(data, reading, read(data, methods)):
            name = explanation(oracle, difference)
            assert name is not None, f"{oracle}: {difference}"
            tally.accepted[f"{name} ({oracle})"] += 1
    check_pieces(connection, reading, True)
    if reading and reading[-1].state == "none":  # over plain http what there is may be a head
        check_pieces(connection, ours(data, methods, is_secure=False), False)


def check_pieces(connection: Connection, reading: list[Message], is_secure: bool) -> None:
    """Each message is the same from any pieces; what comes with its end and lies behind it ends the connection."""
    data, start = connection.data, 0
    for message, method in zip(reading, connection.methods, strict=False):
        for end in {message.end if message.state == "whole" else len(data), len(data)}:
            expected = _essence(message, end == message.end)
            for cuts in ((), connection.cuts):
                borders = [start, *[cut for cut in cuts if start < cut < end], end]
                pieces = [data[a:b] for a, b in pairwise(borders) if b > a]
                found = _essence(our_message(pieces, method, is_secure), True)
                # A border at the end of the message keeps what lies behind it out of sight.
                if message.end in borders[:-1]:
                    found = replace(found, keeps_alive=expected.keeps_alive)
                assert found == expected, (pieces, method)
        start = message.end


def _essence(message: Message, is_alone: bool) -> Message:
    """How much of a body comes before an error depends on the pieces, and so does how much was read in all."""
    body = message.body if message.state == "whole" else b""
    return replace(message, body=body, end=0, keeps_alive=message.keeps_alive and is_alone)
