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

from netstack_sync.cli.exit_status import WRITE_ERROR, CommandError


class Output(Protocol):
    """Takes the pieces of one body in a with-block; raises CommandError when they cannot be written."""

    def write_head(self, data: bytes) -> None:
        """Writes the head of an answer."""

    def write(self, data: bytes) -> None:
        """Writes one piece of the body."""

    def commit(self) -> None:
        """The body is complete."""

    def __enter__(self) -> Output: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class StreamOutput:
    """A stream that is there already, such as standard output; what was written stays written."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def write_head(self, data: bytes) -> None:
        """See Output."""
        self.write(data)

    def write(self, data: bytes) -> None:
        """See Output. Each piece goes out at once."""
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError:
            raise  # the reader has seen enough: main() ends quietly
        except OSError as error:
            raise write_error(self._name, error) from error

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

    def __init__(self, path: str, may_replace: bool = True) -> None:
        """Opens it, so that a wrong path is known before anything is sent."""
        self._shown = path
        self._may_replace = may_replace
        self._refuse_replacing(path)
        self._path = os.path.realpath(path)  # the rename must replace what a link points at, not the link
        self._part = f"{self._path}.{secrets.token_hex(4)}.part"
        try:
            self._file = open(self._part, "xb")  # noqa: SIM115 - closed in __exit__
        except OSError as error:
            raise write_error(path, error) from error

    def write_head(self, data: bytes) -> None:
        """See Output."""
        self.write(data)

    def write(self, data: bytes) -> None:
        """See Output."""
        try:
            self._file.write(data)
        except OSError as error:
            raise write_error(self._shown, error) from error

    def commit(self) -> None:
        """See Output."""
        try:
            self._file.close()
            self._refuse_replacing(self._path)
            if os.path.exists(self._path):
                shutil.copymode(self._path, self._part)
            os.replace(self._part, self._path)
        except OSError as error:
            raise write_error(self._shown, error) from error

    def _refuse_replacing(self, path: str) -> None:
        if not self._may_replace and os.path.lexists(path):
            raise CommandError(WRITE_ERROR, f"{path} is there already, and the server chose this name; use -o FILE")

    def __enter__(self) -> FileOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _close(self._file)
        with contextlib.suppress(OSError):  # after commit() there is none
            os.unlink(self._part)


def standard_output() -> StreamOutput:
    """Standard output as it is."""
    return StreamOutput(sys.stdout.buffer, "standard output")


def open_output(path: str, may_replace: bool = True) -> Output:
    """The output of `-o PATH`; "-" is standard output. Raises CommandError."""
    if path == "-":
        return standard_output()
    try:
        mode = os.stat(path).st_mode
    except OSError:  # most often there is none yet; opening it finds out what else is wrong
        return FileOutput(path, may_replace)
    if stat.S_ISREG(mode):
        return FileOutput(path, may_replace)
    try:
        return _SpecialFile(open(path, "wb"), path)
    except OSError as error:
        raise write_error(path, error) from error


class _SpecialFile(StreamOutput):
    """A device or pipe, which cannot be renamed into place: /dev/null, /dev/stdout."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _close(self._stream)


def _close(file: BinaryIO) -> None:
    with contextlib.suppress(OSError):  # what could not be flushed was told about by write() or commit()
        file.close()


def write_error(path: str, error: OSError) -> CommandError:
    """What to say about a file that cannot be written."""
    return CommandError(WRITE_ERROR, f"cannot write {path}: {error.strerror or error}")
