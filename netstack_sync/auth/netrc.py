"""What a netrc file says about a host; blocks, so it is not for the network thread."""

from __future__ import annotations

import netrc
import os
from collections.abc import Mapping
from pathlib import Path

_NAMES = (".netrc", "_netrc")


def find_login(
    path: str | os.PathLike[str] | None, host: str, environment: Mapping[str, str]
) -> tuple[str, str] | None:
    """User and password of the entry that names exactly this host (rule R6); None without one.

    The "default" entry is for FTP servers that take anybody, and no host is what it names. Raises ValueError for a
    file that cannot be read, unless it is one of the usual places, where there need not be a file.
    """
    file = path if path is not None else environment.get("NETRC") or _usual_file()
    if file is None:
        return None
    try:
        logins = netrc.netrc(os.fspath(file)).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        raise ValueError(f"auth: cannot read the netrc file {os.fspath(file)!r}: {error}") from error
    for name, (login, _, password) in logins.items():
        if name != "default" and name.lower().rstrip(".") == host:
            return (login, password) if login and password else None  # half an entry is none
    return None


def _usual_file() -> Path | None:
    try:
        home = Path.home()
    except RuntimeError:  # nobody knows where it is
        return None
    return next((home / name for name in _NAMES if (home / name).is_file()), None)
