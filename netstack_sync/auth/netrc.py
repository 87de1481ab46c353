"""What a netrc file says about a host; blocks, so it is not for the network thread.

Read here and not by the standard library: its rules differ between versions of Python (quotes, missing
passwords), and its errors repeat words of the file, which may be passwords.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_NAMES: Final = (".netrc", "_netrc")
_word: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))', re.DOTALL).match
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_line_end: Final = re.compile(r"\n|\Z").search
_macro_end: Final = re.compile(r"\n[ \t\r]*\n|\Z").search
_FIELDS: Final = {"login": "login", "user": "login", "password": "password", "account": "account"}

_Entry = dict[str, str]
"""Of "machine", "login", "password" and "account" those that there are."""


def find_login(
    path: str | os.PathLike[str] | None, host: str, environment: Mapping[str, str]
) -> tuple[str, str] | None:
    """User and password of the first entry that names exactly this host (rule R6); None without one.

    The "default" entry is for FTP servers that take anybody, and no host is what it names. Raises ValueError for a
    file that cannot be read, unless it is one of the usual places, where there need not be a file.
    """
    file = path if path is not None else environment.get("NETRC") or _usual_file()
    if file is None:
        return None
    shown = f"auth: cannot read the netrc file {os.fspath(file)!r}"
    try:
        text = Path(file).read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{shown}: it is not UTF-8") from None
    except OSError as error:
        raise ValueError(f"{shown}: {error.strerror}") from error
    for entry in _read(text, shown):
        if entry.get("machine", "").lower().rstrip(".") == host:
            login, password = entry.get("login"), entry.get("password")
            return (login, password) if login and password else None  # half an entry is none
    return None


def _read(text: str, shown: str) -> list[_Entry]:
    entries: list[_Entry] = []
    position = 0
    while match := _word(text, position):
        position, word = match.end(), match[2]
        if word is not None and word.startswith("#"):
            position = _end(_line_end(text, match.start(2)))
        elif word == "macdef":
            position = _end(_macro_end(text, position))
        elif word == "default":
            entries.append({})
        elif (word == "machine" or (word in _FIELDS and entries)) and (value := _word(text, position)):
            if word == "machine":
                entries.append({})
            plain = value[2] if value[2] is not None else _ESCAPE.sub(r"\1", value[1])
            entries[-1][_FIELDS.get(word, word)] = plain
            position = value.end()
        else:
            line = text.count("\n", 0, match.end()) + 1
            raise ValueError(f"{shown}: line {line} makes no sense")
    return entries


def _end(match: re.Match[str] | None) -> int:
    assert match is not None, "the end of the text always matches"
    return match.end()


def _usual_file() -> Path | None:
    try:
        home = Path.home()
    except RuntimeError:  # nobody knows where it is
        return None
    return next((home / name for name in _NAMES if (home / name).is_file()), None)
