"""read_hosts(): the text of the hosts file; may block for as long as the file system likes."""

from __future__ import annotations

from typing import Final

_MAX_BYTES: Final = 1 << 25  # Chromium's limit (net/dns/dns_hosts.cc); lists of a million blocked names are smaller


def read_hosts(path: str) -> str:
    """The file's text; "" when it is missing, cannot be read or is too large to be one. Never raises."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a path with a NUL
        return ""
    # What is not UTF-8 becomes a character that no name has; -sig: Windows' editors begin with a mark.
    return data.decode("utf-8-sig", "replace") if len(data) <= _MAX_BYTES else ""
