"""multipart/form-data from the `files` and `data` that users of requests and httpx pass (RFC 7578)."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from urllib3.fields import RequestField, guess_content_type
from urllib3.filepost import choose_boundary

from netstack_sync.base.form_pairs import flat_pairs
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.fetcher.body_file import MeasuredFile, measure_file, open_path
from netstack_sync.fetcher.multipart_source import MultipartSource


def flat_form(data: Mapping[str, object] | Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
    """See flat_pairs(); raises TypeError for a file, too."""
    pairs = list(data.items() if isinstance(data, Mapping) else data)
    for name, value in pairs:
        values = value if isinstance(value, (list, tuple)) else [value]
        if any(hasattr(item, "read") for item in values):
            raise TypeError(f"data: {name!r} is a file, which no form can hold; pass it in files")
    return flat_pairs("data", pairs)


_has_control: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]").search


class Multipart(NamedTuple):
    """A body as a RequestBody takes it."""

    data: bytes
    content_type: str
    source: MultipartSource | None
    """Where there are files: the body, instead of `data`."""
    size: int | None


def multipart_body(files: object, form: list[tuple[str, object]]) -> Multipart:
    """The form's fields first, then the files, which are read as they are sent.

    Raises TypeError for what is no file, ValueError for a file that cannot be read and for what must not stand in
    the head of a part.
    """
    boundary = choose_boundary()
    fields = [*[_form_field(*pair) for pair in form], *[_file_field(*pair) for pair in _file_pairs(files)]]
    parts: list[bytes | MeasuredFile] = []
    memory = bytearray()  # what stands between two files goes in one piece
    for field, content in fields:
        memory += f"--{boundary}\r\n{field.render_headers()}".encode()
        if isinstance(content, bytes):
            memory += content
        else:
            parts += [bytes(memory), content]
            memory.clear()
        memory += b"\r\n"
    memory += f"--{boundary}--\r\n".encode()
    content_type = f"multipart/form-data; boundary={boundary}"
    if not parts:
        return Multipart(bytes(memory), content_type, None, None)
    source = MultipartSource([*parts, bytes(memory)])
    return Multipart(b"", content_type, source, source.size)


def _file_pairs(files: object) -> list[tuple[str, object]]:
    pairs: Any = files.items() if isinstance(files, Mapping) else files
    if not isinstance(files, (Mapping, list, tuple)) or not all(_is_pair(pair) for pair in pairs):
        raise TypeError(f"files: pass a mapping or a list of pairs, field name to file, not {type(files).__name__}")
    return [(name, value) for name, value in pairs]


def _is_pair(item: object) -> bool:
    return isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)


def _form_field(name: str, value: object) -> tuple[RequestField, bytes]:
    field = RequestField(_without_control("data", str(name)), b"")
    field.make_multipart()
    return field, value if isinstance(value, bytes) else str(value).encode()


def _file_field(name: str, value: object) -> tuple[RequestField, bytes | MeasuredFile]:
    """A part; the filename may be None for a plain field, the type is guessed from the filename."""
    filename: str | None
    headers: object = None
    if isinstance(value, (tuple, list)):
        if not 2 <= len(value) <= 4 or not isinstance(value[0], (str, type(None))):
            raise ValueError(f"files: {name!r} must be (filename, content[, type[, headers]])")
        filename, content, content_type, headers = (*value, None, None)[:4]
        guess = len(value) == 2
    else:
        filename, content, content_type, guess = _filename_of(value) or name, value, None, True
    if filename is not None:
        _without_control(f"files: {name!r}", filename)
    if guess and filename is not None:
        content_type = guess_content_type(filename)
    field = RequestField(_without_control("files", name), b"", filename, _checked(name, headers, content_type))
    field.make_multipart(content_type=content_type)
    return field, _content_of(name, content)


def _without_control(argument: str, name: str) -> str:
    """A name for the head of a part. Quotes and line ends are escaped there as browsers do it, the others have no
    escape (rule R14).
    """
    if _has_control(name):
        raise ValueError(f"{argument}: {name!r} holds a control character, which cannot be sent in a name")
    return name


def _filename_of(value: object) -> str:
    path = value if isinstance(value, os.PathLike) else getattr(value, "name", None)
    return os.path.basename(os.fspath(path)) if isinstance(path, (str, os.PathLike)) else ""


def _checked(name: str, headers: object, content_type: object) -> dict[str, str]:
    """The headers of a part; a line end in them would make other parts (rule R16)."""
    if not isinstance(headers, (Mapping, type(None))):
        raise TypeError(f"files: the headers of {name!r} must be a mapping, not {type(headers).__name__}")
    try:
        if content_type is not None:
            media_type: Any = content_type  # whatever it is, it is checked here
            RequestHeaders({"Content-Type": media_type})
        return dict(RequestHeaders(headers).items())
    except ValueError as error:
        raise ValueError(f"files: {name!r}: {error}") from error


def _content_of(name: str, value: object) -> bytes | MeasuredFile:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    what = f"files: {name!r}"
    if isinstance(value, os.PathLike):
        return measure_file(what, open_path(what, value))
    if isinstance(value, io.TextIOBase):
        return _text_of(what, value)
    if hasattr(value, "read"):
        return measure_file(what, value)
    raise TypeError(f"{what} must be bytes, a string, a path or a file, not {type(value).__name__}")


def _text_of(what: str, file: io.TextIOBase) -> bytes:
    try:
        return file.read().encode()
    except UnicodeEncodeError:
        raise
    except (OSError, ValueError) as error:
        raise ValueError(f"{what}: cannot read the file: {error}") from error
