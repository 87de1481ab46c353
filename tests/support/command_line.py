"""What the fixture `netstack` of the command line's tests gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Done(NamedTuple):
    """What a command did."""

    status: int
    out: bytes
    err: str


Netstack: TypeAlias = Callable[..., Done]
"""`netstack(*arguments)` runs a command as a shell would."""
