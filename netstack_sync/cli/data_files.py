"""Files that are sent: read or opened, with curl's status when that fails."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import BinaryIO

from netstack_sync.cli.exit_status import READ_ERROR, CommandError


def read_file(path: str) -> bytes:
    """The whole file; "-" is standard input. Raises CommandError."""
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise _read_error(path, error) from error


def file_content(path: str) -> bytes | Path:
    """What a part of a form sends: the path, whose file is read while it is sent; of what is no file, such as standard
    input or a pipe, all that there is. Raises CommandError.
    """
    if path == "-" or not os.path.isfile(path):
        return read_file(path)
    try:
        with open(path, "rb"):
            return Path(path)
    except OSError as error:
        raise _read_error(path, error) from error


def open_file(path: str) -> contextlib.AbstractContextManager[BinaryIO]:
    """The file, to be read while it is sent; "-" is standard input, which stays open. Raises CommandError."""
    if path == "-":
        return contextlib.nullcontext(sys.stdin.buffer)
    try:
        if os.path.isdir(path):
            raise CommandError(READ_ERROR, f"cannot read {path!r}: it is a folder")
        return open(path, "rb")
    except OSError as error:
        raise _read_error(path, error) from error


def _read_error(path: str, error: OSError) -> CommandError:
    return CommandError(READ_ERROR, f"cannot read {path!r}: {error.strerror or error}")
