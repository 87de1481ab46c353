"""Where a body goes: standard output, or a file that appears only when it is complete."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import sys
from types import TracebackType
from typing import BinaryIO, Protocol
from urllib.parse import unquote

from netstack_sync.base.url import Url
from netstack_sync.cli.exit_status import USAGE, WRITE_ERROR, CommandError

_MAX_NAME_BYTES = 200  # file systems allow 255; the ending .part needs some


class Output(Protocol):
    """Takes the pieces of one body in a with-block; raises CommandError when they cannot be written."""

    def write(self, data: bytes) -> None:
        """Writes one piece."""

    def commit(self) -> None:
        """The body is complete."""

    def __enter__(self) -> Output: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class StreamOutput:
    """A stream that is there already, such as standard output; what was written stays written."""

    def __init__(self, stream: BinaryIO, name: str, is_guarded: bool) -> None:
        """A guarded stream is a terminal that must not get binary data."""
        self._stream = stream
        self._name = name
        self._is_guarded = is_guarded

    def write(self, data: bytes) -> None:
        """See Output. Each piece goes out at once."""
        if self._is_guarded and b"\0" in data:
            raise CommandError(
                WRITE_ERROR,
                "binary output can mess up the terminal; -o - writes it all the same, -o FILE writes to a file",
            )
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError:
            raise  # the reader has seen enough: main() ends quietly
        except OSError as error:
            raise _write_error(self._name, error) from error

    def commit(self) -> None:
        """See Output."""

    def __enter__(self) -> StreamOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing: the stream is not ours."""


class FileOutput:
    """A regular file: written beside its place under a name ending in .part, renamed by commit(), else removed."""

    def __init__(self, path: str) -> None:
        """Opens it, so that a wrong path is known before anything is sent."""
        self._shown = path
        self._path = os.path.realpath(path)  # the rename must replace what a link points at, not the link
        self._part = f"{self._path}.{secrets.token_hex(4)}.part"
        try:
            self._file = open(self._part, "xb")  # noqa: SIM115 - closed in __exit__
        except OSError as error:
            raise _write_error(path, error) from error

    def write(self, data: bytes) -> None:
        """See Output."""
        try:
            self._file.write(data)
        except OSError as error:
            raise _write_error(self._shown, error) from error

    def commit(self) -> None:
        """See Output."""
        try:
            self._file.close()
            if os.path.exists(self._path):
                shutil.copymode(self._path, self._part)
            os.replace(self._part, self._path)
        except OSError as error:
            raise _write_error(self._shown, error) from error

    def __enter__(self) -> FileOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _close(self._file)
        with contextlib.suppress(OSError):  # after commit() there is none
            os.unlink(self._part)


def open_output(path: str | None) -> Output:
    """The output of `-o PATH`; None is standard output."""
    if path is None or path == "-":
        is_guarded = path is None and sys.stdout.isatty()
        return StreamOutput(sys.stdout.buffer, "standard output", is_guarded)
    try:
        mode = os.stat(path).st_mode
    except OSError:  # most often there is none yet; opening it finds out what else is wrong
        return FileOutput(path)
    if stat.S_ISREG(mode):
        return FileOutput(path)
    try:
        return _SpecialFile(open(path, "wb"), path, is_guarded=False)
    except OSError as error:
        raise _write_error(path, error) from error


class _SpecialFile(StreamOutput):
    """A device or pipe, which cannot be renamed into place: /dev/null, /dev/stdout."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _close(self._stream)


def remote_name(url: Url) -> str:
    """The last part of the path as a name that stays in the current folder and is not hidden."""
    name = unquote(url.path.rpartition("/")[2])
    name = "".join([c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in name])
    if name.startswith("."):
        name = "_" + name[1:]
    if not name:
        raise CommandError(USAGE, "-O: the URL ends without a file name; use -o FILE")
    return name.encode("utf-8", "replace")[-_MAX_NAME_BYTES:].decode("utf-8", "ignore")


def _close(file: BinaryIO) -> None:
    with contextlib.suppress(OSError):  # what could not be flushed was told about by write() or commit()
        file.close()


def _write_error(path: str, error: OSError) -> CommandError:
    return CommandError(WRITE_ERROR, f"cannot write {path}: {error.strerror or error}")
