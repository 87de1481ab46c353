"""curl's -F: the fields and files of a multipart form, in the words of the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from netstack_sync.cli.data_files import file_content, read_file
from netstack_sync.cli.exit_status import USAGE, CommandError

Content = bytes | Path
Part = tuple[str, tuple[str | None, Content] | tuple[str | None, Content, str]]
"""Field name; then filename (None: it is no file), content, and the type if it is given."""

_option: Final = re.compile(r";\s*(type|filename)=").search
_quoted: Final = re.compile(r'"((?:[^"\\]|\\.)*)"').match


def form_parts(fields: Iterable[str]) -> list[Part]:
    """The parts in their order; raises CommandError, also for a file that cannot be read."""
    return [_part(field) for field in fields]


def _part(field: str) -> Part:
    name, separator, value = field.partition("=")
    if not separator or not name:
        raise CommandError(USAGE, f"-F {field!r}: a field is NAME=VALUE, NAME=@FILE or NAME=<FILE")
    kind = value[:1] if value[:1] in ("@", "<") else ""
    text, options = _split_options(field, value[len(kind) :])
    filename = options.get("filename")
    if not kind:
        return _with_type(name, filename, os.fsencode(text), options.get("type") or "")
    if kind == "@" and filename is None:
        filename = os.path.basename(text) if text != "-" else "-"
    content = file_content(text) if kind == "@" else read_file(text)
    return _with_type(name, filename, content, options.get("type") or "")


def _with_type(name: str, filename: str | None, content: Content, media_type: str) -> Part:
    if media_type:
        return name, (filename, content, media_type)
    return name, (filename, content)


def _split_options(field: str, text: str) -> tuple[str, dict[str, str]]:
    """The value, and what stands behind it as ;type= and ;filename=, which may be in quotes."""
    value, rest = _word(text) if text.startswith('"') else _up_to_option(text)
    options: dict[str, str] = {}
    while rest:
        match = _option(rest)
        if match is None or match.start() != 0:
            raise CommandError(USAGE, f"-F {field!r}: after the value may come ;type=TYPE and ;filename=NAME")
        options[match[1]], rest = _option_value(rest[match.end() :])
    return value, options


def _option_value(text: str) -> tuple[str, str]:
    return _word(text) if text.startswith('"') else _up_to_option(text)


def _up_to_option(text: str) -> tuple[str, str]:
    match = _option(text)
    return (text, "") if match is None else (text[: match.start()], text[match.start() :])


def _word(text: str) -> tuple[str, str]:
    """What is in the quotes at the beginning, and what comes after; without a second quote it is no quoting."""
    match = _quoted(text)
    if match is None:
        return _up_to_option(text)
    return re.sub(r"\\(.)", r"\1", match[1]), text[match.end() :]
