"""Scripts: what a server does on the wire, as values, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Pause:
    """Sends nothing for so many seconds."""

    seconds: float


class Ending(Enum):
    """The last step of a connection."""

    STALL = "stall"  # nothing more is sent until the peer or the server closes
    CLOSE = "close"  # as a well-behaved server does: close_notify where there is TLS, then FIN
    CUT = "cut"  # FIN alone; over TLS that is how an attacker shortens an answer
    RESET = "reset"  # RST


STALL: Final = Ending.STALL
CLOSE: Final = Ending.CLOSE
CUT: Final = Ending.CUT
RESET: Final = Ending.RESET

Step: TypeAlias = bytes | Pause | Ending
Script: TypeAlias = tuple[Step, ...]
"""Bytes are sent as they are; what follows an Ending is never played."""
