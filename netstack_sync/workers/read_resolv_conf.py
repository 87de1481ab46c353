"""read_nameservers(): which DNS servers the system asks; may block for as long as the file system likes."""

from __future__ import annotations

import re
from typing import Final

RESOLV_CONF: Final = "/etc/resolv.conf"

_WORD: Final = re.compile(r"[^ \t\r]+")  # Unicode has more blanks than the system knows
_MAX_BYTES: Final = 1 << 20  # the file has a few lines
_MAX_NAMESERVERS: Final = 3  # MAXNS of resolv.conf(5): the system reads no more


def read_nameservers(path: str = RESOLV_CONF) -> tuple[str, ...]:
    """The addresses of the DNS servers; () when the file is missing or cannot be read. Never raises."""
    try:
        with open(path, "rb") as file:
            return nameservers_in(file.read(_MAX_BYTES).decode("utf-8", "replace"))
    except (OSError, ValueError):  # ValueError: a path with a NUL
        return ()


def nameservers_in(text: str) -> tuple[str, ...]:
    """The addresses that a resolv.conf(5) names, as they are written there."""
    lines = [_WORD.findall(line) for line in text.split("\n")]
    found = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
    return tuple(found[:_MAX_NAMESERVERS])
