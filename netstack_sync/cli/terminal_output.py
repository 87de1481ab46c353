"""TerminalOutput: a body that somebody reads: text without what moves a terminal, JSON in lines, nothing binary."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
from collections.abc import Iterator
from types import TracebackType
from typing import Final, TextIO

from netstack_sync.base.http_util import charset_of
from netstack_sync.cli.exit_status import WRITE_ERROR, CommandError
from netstack_sync.cli.json_text import Token, json_tokens
from netstack_sync.cli.output import write_error
from netstack_sync.cli.terminal_text import field_text, is_encodable, write_text
from netstack_sync.fetcher.text import is_text_codec

_MAX_JSON_BYTES: Final = 2 * 1024 * 1024  # more is nothing to read, and indenting it takes long
_MAX_COLOURED_BYTES: Final = 256 * 1024  # colours take ten times as long
_is_json: Final = re.compile(r"(?i)[^;]*[/+]json\s*(;|\Z)").match


class TerminalOutput:
    """Standard output that is a terminal, for one answer. Text in the charset that its Content-Type names.

    See Output; what has a zero byte is binary, and is refused with a hint.
    """

    def __init__(self, stream: TextIO, content_type: str, pretty: str) -> None:
        """`pretty` is one of "all", "format" and "none"."""
        charset = charset_of(content_type)
        codec = charset if charset is not None and is_text_codec(charset) else "utf-8"
        self._stream = stream
        self._pretty = pretty
        self._decoder = codecs.getincrementaldecoder(codec)("replace")
        self._codec = codec
        self._held: list[bytes] | None = [] if pretty != "none" and _is_json(content_type) is not None else None
        self._held_bytes = 0
        self._line_end = ""  # a CR whose LF may come with the next piece

    def write_head(self, data: bytes) -> None:
        """See Output."""
        self._write(field_text(data.decode("latin-1")))

    def write(self, data: bytes) -> None:
        """See Output. JSON is kept until it is complete, as long as it is short."""
        if b"\0" in data and not self._codec.lower().startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
            raise CommandError(
                WRITE_ERROR,
                "the body is binary, which can mess up the terminal; -o - writes it all the same, -o FILE to a file",
            )
        if self._held is None:
            self._write_piece(data)
            return
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > _MAX_JSON_BYTES:
            self._release()

    def commit(self) -> None:
        """See Output."""
        if self._held is not None:
            text = b"".join(self._held).decode(self._codec, "replace")
            tokens = json_tokens(text)
            if tokens is not None:
                self._held = None
                self._write_json(tokens)
        self._release()
        self._write(self._line_end + self._decoder.decode(b"", True))

    def __enter__(self) -> TerminalOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What came before a failure is shown."""
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            self._write_piece(b"".join(held))

    def _write_piece(self, data: bytes) -> None:
        text = self._line_end + self._decoder.decode(data)
        self._line_end = "\r" if text.endswith("\r") else ""
        self._write(text.removesuffix("\r"))

    def _write_json(self, tokens: list[Token]) -> None:
        encoding = self._stream.encoding or "utf-8"
        safe = [(kind, text if kind == "space" else _json_escaped(text, encoding)) for kind, text in tokens]
        text = None
        if self._pretty == "all" and self._held_bytes <= _MAX_COLOURED_BYTES and not os.environ.get("NO_COLOR"):
            text = _coloured(safe)
        if text is None:
            self._write("".join([text for _, text in safe]) + "\n")
        else:
            with _telling(self._stream):
                self._stream.write(text + "\n")

    def _write(self, text: str) -> None:
        with _telling(self._stream):
            write_text(self._stream, text)


def _coloured(tokens: list[Token]) -> str | None:
    """The text with colours; None where the extra "cli" is not there."""
    try:
        from netstack_sync.cli.rich_json import coloured  # an extra, and slow to import
    except ImportError:
        return None
    return coloured(tokens)


@contextlib.contextmanager
def _telling(stream: TextIO) -> Iterator[None]:
    """What is written goes out at once; raises CommandError when it does not."""
    try:
        yield
        stream.flush()
    except BrokenPipeError:
        raise  # the reader has seen enough: main() ends quietly
    except OSError as error:
        raise write_error("standard output", error) from error


def _json_escaped(token: str, encoding: str) -> str:
    """A token in which what does not print, there or at all, is escaped as JSON has it."""
    if token.isprintable() and is_encodable(token, encoding):
        return token
    return "".join([c if c.isprintable() and is_encodable(c, encoding) else _unicode_escape(c) for c in token])


def _unicode_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join([f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)])
