"""Request and response header collections: ordered, case-insensitive, duplicates kept.

Both speak `str` holding latin-1 (one character a byte, RFC 9110 §5.5); whoever knows another encoding
converts. `RequestHeaders` refuses at once what must not reach the wire; `ResponseHeaders` holds a block
that the parser has validated and looks inside only when asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

HeaderItems: TypeAlias = Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]]

# RFC 9110 §5.6.2 token. One anchored match per name and one per value: this is the hot path.
_IS_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# RFC 9110 §5.5 field-value: visible characters, blanks and obs-text; no other control character.
_IS_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch
NOTED_FIELDS: Final = (b"content-encoding", b"keep-alive", b"set-cookie", b"strict-transport-security")
"""Those that every answer is asked for, though few have them: to look for one takes longer than most that is done."""

_BAD_VALUE_CHAR: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


def _checked(name: str, value: str | bytes) -> str:
    """Return `value` as it goes on the wire, or raise a `ValueError` that names the header."""
    if type(value) is str and type(name) is str:  # fast path
        stripped = value.strip(" \t")
        if _IS_NAME(name) and _IS_VALUE(stripped):
            return stripped
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    elif not isinstance(value, str):
        raise ValueError(f"header {name!r}: the value must be str or bytes, not {type(value).__name__}")
    value = value.strip(" \t")
    if not isinstance(name, str):
        raise ValueError(f"header {name!r}: the name must be str, not {type(name).__name__}")
    if not _IS_NAME(name):
        raise ValueError(f"header {name!r}: the name must be letters, digits or one of !#$%&'*+-.^_`|~")
    if not _IS_VALUE(value):
        raise ValueError(f"header {name!r}: {_why_bad(value)}")
    return value


def _why_bad(value: str) -> str:
    """Say what is wrong with a value, without repeating it: it may be a secret."""
    match = _BAD_VALUE_CHAR.search(value)
    assert match is not None
    char, position = match[0], match.start()
    if ord(char) > 0xFF:
        return (
            f"the value holds U+{ord(char):04X} at position {position}, which latin-1 cannot express; "
            "encode the value yourself and pass bytes"
        )
    return f"the value holds the control character {char!r} at position {position}"


class RequestHeaders:
    """The header fields of one request, in the order in which they are sent.

    Every name is an RFC 9110 token and every value is free of control characters; whatever is not raises
    a `ValueError` that names the header. Blanks around a value are dropped. Not thread-safe.
    """

    __slots__ = ("_items", "_keys")

    def __init__(self, items: HeaderItems | RequestHeaders | None = None) -> None:
        if isinstance(items, RequestHeaders):
            self._keys: list[str] = items._keys.copy()  # lower-case names, parallel to _items
            self._items: list[tuple[str, str]] = items._items.copy()
            return
        self._keys = []
        self._items = []
        if items is None:
            return
        for name, value in items.items() if isinstance(items, Mapping) else items:
            self.add(name, value)

    def add(self, name: str, value: str | bytes) -> None:
        """Append a field, next to any that has the same name."""
        checked = _checked(name, value)
        self._keys.append(name.lower())
        self._items.append((name, checked))

    def set(self, name: str, value: str | bytes) -> None:
        """Make `value` the only value of `name`, in the place of the first one if there is one."""
        checked = _checked(name, value)
        key = name.lower()
        if key not in self._keys:
            self._keys.append(key)
            self._items.append((name, checked))
            return
        index = self._keys.index(key)
        self._items[index] = (name, checked)
        self._remove_from(index + 1, key)

    def set_default(self, name: str, value: str | bytes) -> None:
        """Add the field unless there is one of that name."""
        if name not in self:
            self.add(name, value)

    def update(self, items: HeaderItems | RequestHeaders | None) -> None:
        """Let each name in `items` replace what is there; duplicates within `items` are kept."""
        new = RequestHeaders(items)
        for key in set(new._keys):
            self.remove(key)
        self._keys += new._keys
        self._items += new._items

    def with_changes(self, changes: Iterable[tuple[str, str | bytes | None]]) -> RequestHeaders:
        """Return a copy in which each name of `changes` replaces what is there, as in `update`; None drops it."""
        keys: list[str] = []
        items: list[tuple[str, str]] = []
        copy = RequestHeaders(self)
        for name, value in changes:
            if value is not None:
                items.append((name, _checked(name, value)))
                keys.append(name.lower())
            copy.remove(name)
        copy._keys += keys
        copy._items += items
        return copy

    def remove(self, name: str) -> None:
        """Drop every field of that name; it is no error if there is none."""
        key = name.lower()
        if key in self._keys:
            self._remove_from(0, key)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of `name`, several joined by ", "; `default` if there is none."""
        key = name.lower()
        if key not in self._keys:
            return default
        return ", ".join([item[1] for k, item in zip(self._keys, self._items, strict=True) if k == key])

    def items(self) -> list[tuple[str, str]]:
        """Return the fields in order, names as they were written."""
        return self._items.copy()

    def keys(self) -> list[str]:
        """Return the names in order, each once, as it was written first: what makes `dict(headers)` work."""
        names: dict[str, str] = {}
        for key, (name, _) in zip(self._keys, self._items, strict=True):
            names.setdefault(key, name)
        return list(names.values())

    def copy(self) -> RequestHeaders:
        return RequestHeaders(self)

    def _remove_from(self, start: int, key: str) -> None:
        for index in range(len(self._keys) - 1, start - 1, -1):
            if self._keys[index] == key:
                del self._keys[index]
                del self._items[index]

    def has_any(self, names: frozenset[str]) -> bool:
        """Tell whether there is a field of one of these lower-case names."""
        return not names.isdisjoint(self._keys)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._keys

    def __getitem__(self, name: str) -> str:
        """Return what get() gives; KeyError where there is none. To set is set(), on a copy of one's own."""
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, once per field."""
        return iter([name for name, _ in self._items])

    def __repr__(self) -> str:
        return f"<RequestHeaders {', '.join(self) or '(none)'}>"


class ResponseHeaders:
    """The header fields of one response over the block of lines they came in; immutable.

    `raw` is `b"Name: value\\r\\n..."`, already validated, without the status line; a final empty line does
    no harm. It is parsed when first asked for a field, so that an answer nobody looks at costs nothing.
    """

    __slots__ = ("_index", "_items", "noted", "raw")

    def __init__(self, raw: bytes, noted: tuple[bytes, ...] | None = None) -> None:
        """`noted` is given by a parser that has found them on its way."""
        self.raw: Final = raw
        self.noted: Final = noted if noted is not None else _noted_in(raw)
        """Which of NOTED_FIELDS there are."""
        self._items: list[tuple[str, str]] | None = None
        self._index: dict[str, list[str]] | None = None

    @classmethod
    def from_items(cls, items: Iterable[tuple[str, str | bytes]]) -> ResponseHeaders:
        """Build headers that came as pairs; `ValueError` names the field that HTTP would not allow."""
        return cls("".join([f"{name}: {_checked(name, value)}\r\n" for name, value in items]).encode("latin-1"))

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of `name`, several joined by ", " (RFC 9110 §5.3); `default` if there is none.

        Set-Cookie cannot be joined: use `get_all`.
        """
        values = self._by_name().get(name.lower())
        if values is None:
            return default
        return values[0] if len(values) == 1 else ", ".join(values)

    def may_have(self, name: bytes) -> bool:
        """False when no field has this lower-case name, found out without parsing them."""
        return name in self.raw.lower()

    def get_all(self, name: str) -> list[str]:
        """Return the values of `name`, one per line, in order."""
        return self._by_name().get(name.lower(), []).copy()

    def items(self) -> list[tuple[str, str]]:
        """Return the fields in order, names as the server wrote them."""
        return self._pairs().copy()

    def _pairs(self) -> list[tuple[str, str]]:
        if self._items is None:
            lines = self.raw.decode("latin-1").split("\r\n")
            fields = [line.partition(":") for line in lines if line]
            self._items = [(name, value.strip(" \t")) for name, _, value in fields]
        return self._items

    def _by_name(self) -> dict[str, list[str]]:
        if self._index is None:
            index: dict[str, list[str]] = {}
            for name, value in self._pairs():
                index.setdefault(name.lower(), []).append(value)
            self._index = index
        return self._index

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name()

    def __len__(self) -> int:
        return len(self._pairs())

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, once per field."""
        return iter([name for name, _ in self._pairs()])

    def __repr__(self) -> str:
        return f"<ResponseHeaders {', '.join(self) or '(none)'}>"


def _noted_in(raw: bytes) -> tuple[bytes, ...]:
    lines = b"\n" + raw.lower()
    return tuple([name for name in NOTED_FIELDS if b"\n%b:" % name in lines])
