"""curl's -b and -c: cookies that are given as text, read from files, and written back."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterable
from typing import TextIO

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.cli.exit_status import USAGE, WRITE_ERROR, CommandError
from netstack_sync.cookies.netscape_file import format_netscape_file, parse_netscape_file
from netstack_sync.fetcher.session import Session

_WALL_CLOCK = SystemWallClock()


def cookie_pairs(arguments: Iterable[str]) -> list[tuple[str, str]]:
    """Those of `-b "name=value; other=value"`; an argument without "=" names a file. Raises CommandError."""
    pairs: list[tuple[str, str]] = []
    for argument in filter(_is_text, arguments):
        for piece in filter(None, map(str.strip, argument.split(";"))):
            name, separator, value = piece.partition("=")
            if not separator:
                raise CommandError(USAGE, f"-b {argument!r}: {piece!r} is no cookie; pass 'name=value; other=value'")
            pairs.append((_bytes_as_text(name), _bytes_as_text(value)))
    return pairs


def load_cookies(session: Session, arguments: Iterable[str], messages: TextIO | None) -> None:
    """Puts the cookies of the files among the arguments into the session.

    As with curl, a file that cannot be read is no failure; what is left out is told to `messages`.
    """
    for path in arguments:
        if path and not _is_text(path):
            for complaint in _load_file(session, path):
                if messages is not None:
                    print(f"netstack: -b {path}: {complaint}", file=messages)


def save_cookies(session: Session, path: str) -> None:
    """Writes all cookies that the session keeps, readable for nobody else; "-" is standard output.

    A file is there as it was, or whole. Raises CommandError.
    """
    text = format_netscape_file(session.cookies)
    if path == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        _write_private(os.path.realpath(path), text.encode("latin-1"))
    except OSError as error:
        raise CommandError(WRITE_ERROR, f"-c: cannot write {path}: {error.strerror or error}") from error


def _is_text(argument: str) -> bool:
    return "=" in argument


def _bytes_as_text(text: str) -> str:
    """One character a byte, as cookies are kept; what was typed goes out in the bytes of the terminal."""
    return os.fsencode(text).decode("latin-1")


def _load_file(session: Session, path: str) -> list[str]:
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as file:
            text = file.read().decode("latin-1")
    except OSError as error:
        return [f"no cookies: {error.strerror or error}"]
    found = parse_netscape_file(text, _WALL_CLOCK.now())
    complaints = [f"line {number} is no cookie" for number in found.bad_lines]
    for cookie in found.cookies:
        try:
            session.cookies.update([cookie])
        except ValueError as error:
            complaints.append(f"left out: {error}")
    return complaints


def _write_private(path: str, data: bytes) -> None:
    descriptor, part = tempfile.mkstemp(prefix=f"{os.path.basename(path)}.", dir=os.path.dirname(path))  # mode 0600
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
