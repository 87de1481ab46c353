"""Where two readings of one connection differ, and whether that is a difference of a known kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from tests.wire.differential.readings import Message, Reading

_NOTHING = Message("none", why="nothing more is read")


class Difference(NamedTuple):
    """Of one message; `data` are the bytes from its start on."""

    what: str
    """"they refuse", "we refuse", or the name of what has another value."""
    ours: Message
    theirs: Message
    data: bytes

    def __str__(self) -> str:
        return f"{self.what}\n  data   {self.data!r}\n  ours   {self.ours}\n  theirs {self.theirs}"


class Accepted(NamedTuple):
    """One kind of difference, and the reason for it."""

    name: str
    oracle: str
    what: str
    """As in Difference; several with | between them."""
    data: bytes
    """A pattern that the bytes of the message hold."""
    reason: str
    example: bytes
    """Of such a message, in answer to GET."""
    says: str = ""
    """A pattern for the error of whoever refuses."""
    kept: bool = False

    def explains(self, oracle: str, difference: Difference) -> bool:
        """Whether it is of this kind."""
        what, ours, theirs, data = difference
        error = ours.why if what == "we refuse" else theirs.why if what == "they refuse" else ""
        return (
            oracle in self.oracle
            and what in self.what.split("|")
            and (self.kept or not ours.keeps_alive)
            and re.search(self.says, error) is not None
            and re.search(self.data, data, re.DOTALL) is not None
        )


def differences(data: bytes, ours: Reading, theirs: Reading) -> Iterator[Difference]:
    """Message by message, until the two have lost each other."""
    start = 0
    for our, their in zip_longest(ours, theirs, fillvalue=_NOTHING):
        for what in _compare(our, their):
            end = max(our.end, their.end) if our.state == their.state == "whole" else len(data)
            yield Difference(what, our, their, data[start:end])
        if not (our.state == their.state == "whole") or our.end != their.end or not our.keeps_alive:
            return
        if their.keeps_alive is False:
            return
        start = our.end


def _compare(ours: Message, theirs: Message) -> list[str]:
    if ours.state != theirs.state:
        # A message that is refused after its head, or cut there, is no message to anybody.
        rank = ["none", "partial", "whole"]
        return ["they refuse" if rank.index(ours.state) > rank.index(theirs.state) else "we refuse"]
    names = ["status", "reason", "fields"] if ours.state != "none" else []
    if ours.state == "whole":
        names += ["body", "trailers", "end"]
    different = [name for name in names if getattr(ours, name) != getattr(theirs, name)]
    if ours.state == "whole" and theirs.keeps_alive is not None and ours.keeps_alive != theirs.keeps_alive:
        different.append("we keep it" if ours.keeps_alive else "they keep it")
    return different
