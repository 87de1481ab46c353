"""HTTPie's request items: `name==v`, `name=v`, `name:=json`, `Header:v`, `file@path` and their kin."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from netstack_sync.base.shown_text import shown
from netstack_sync.cli.arguments import typed_text
from netstack_sync.cli.data_files import file_content, read_file
from netstack_sync.cli.exit_status import READ_ERROR, USAGE, CommandError

Field = tuple[str, "bytes | None"]
"""A header; a value of None leaves it out."""

FilePart = tuple[str, tuple[str, bytes | Path] | tuple[str, bytes | Path, str]]
"""A file of a multipart body: its field, then filename, content, and the type if it is given."""

_SEPARATORS: Final = (":=@", "==@", "==", ":=", "=@", ":@", "=", "@", ":", ";")  # of two at one place the longer
_MAX_WORD: Final = 80
_SPECIAL: Final = frozenset(":=@;\\")
_HELP: Final = (
    "a request item is name==value for the query, name=value or name:=JSON for the body, Header:value, or file@path"
)


class Item(NamedTuple):
    """One word, taken apart."""

    name: str
    separator: str
    value: str


@dataclass(slots=True)
class RequestItems:
    """What all items of a command line say together."""

    params: list[tuple[str, str]] = field(default_factory=list)
    headers: list[Field] = field(default_factory=list)
    fields: list[tuple[str, Any]] = field(default_factory=list)
    """JSON values, in their order."""
    files: list[FilePart] = field(default_factory=list)

    @property
    def has_body(self) -> bool:
        """Whether anything of it is sent as a body."""
        return bool(self.fields or self.files)

    def form_fields(self) -> list[tuple[str, str]]:
        """The fields as a form has them: what is not text is written as JSON."""
        return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in self.fields]


def read_items(words: Iterable[str]) -> RequestItems:
    """Understands all words and reads the files that they name; raises CommandError."""
    items = RequestItems()
    for word in words:
        _add(items, split_item(word))
    return items


def split_item(word: str) -> Item:
    """Takes a word apart at the first separator that has no backslash before it; raises CommandError."""
    name: list[str] = []
    position = 0
    while position < len(word):
        separator = next((each for each in _SEPARATORS if word.startswith(each, position)), None)
        if separator == ";" and position != len(word) - 1:
            separator = None
        if separator is not None:
            return Item(_checked_name(word, "".join(name)), separator, _unescaped(word[position + len(separator) :]))
        is_escape = word[position] == "\\" and word[position + 1 : position + 2] in _SPECIAL
        position += 1 if is_escape else 0
        name.append(word[position : position + 1])
        position += 1
    raise CommandError(USAGE, f"{word!r} is no URL and no request item: {_HELP}")


def _checked_name(word: str, name: str) -> str:
    if not name:
        raise CommandError(USAGE, f"{word!r} has no name before its separator: {_HELP}")
    return name


def _unescaped(text: str) -> str:
    for character in ":=@;":
        text = text.replace("\\" + character, character)
    return text


def _add(items: RequestItems, item: Item) -> None:
    name, separator, value = typed_text(item.name), item.separator, item.value
    if separator in ("==", "==@"):
        items.params.append((name, typed_text(value) if separator == "==" else _text_of(value)))
    elif separator in (":", ":@", ";"):
        text = _text_of(value) if separator == ":@" else value.strip()
        is_left_out = separator == ":" and not text
        items.headers.append((name.strip(), None if is_left_out else os.fsencode(text)))
    elif separator == "@":
        items.files.append(_file_part(name, value))
    elif separator in ("=", "=@"):
        items.fields.append((name, typed_text(value) if separator == "=" else _text_of(value)))
    else:
        items.fields.append((name, _json_of(item)))


def _file_part(name: str, value: str) -> FilePart:
    path, _, media_type = value.partition(";type=")
    part = (os.path.basename(path), file_content(path))
    return name, (*part, media_type) if media_type else part


def _text_of(path: str) -> str:
    try:
        return read_file(path).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CommandError(READ_ERROR, f"{path!r} is not UTF-8; name@{path} sends it as a file") from None


def _json_of(item: Item) -> object:
    text = typed_text(item.value) if item.separator == ":=" else _text_of(item.value)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        word = shown(f"{item.name}{item.separator}{item.value}", _MAX_WORD)
        raise CommandError(USAGE, f"{word}: this is not JSON ({error}); a field of text has = and not :=") from None
