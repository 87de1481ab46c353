"""multipart/form-data from the `files` and `data` that users of requests and httpx pass (RFC 7578)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from urllib3.fields import RequestField, guess_content_type
from urllib3.filepost import encode_multipart_formdata

from netstack_sync.base.headers import RequestHeaders


def flat_form(data: Mapping[str, object] | Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
    """Pairs, with a list as a value spread over several and None left out, as users of requests expect."""
    flat: list[tuple[str, object]] = []
    for name, value in data.items() if isinstance(data, Mapping) else data:
        values = value if isinstance(value, (list, tuple)) else [value]
        flat += [(name, item) for item in values if item is not None]
    return flat


def multipart_body(files: object, form: list[tuple[str, object]]) -> tuple[bytes, str]:
    """The body and its media type: the form's fields first, then the files.

    Raises TypeError for what is no file, ValueError for a file that cannot be read and for what must not stand in
    the head of a part.
    """
    fields = [_form_field(name, value) for name, value in form]
    fields += [_file_field(name, value) for name, value in _file_pairs(files)]
    return encode_multipart_formdata(fields)


def _file_pairs(files: object) -> list[tuple[str, object]]:
    pairs: Any = files.items() if isinstance(files, Mapping) else files
    if not isinstance(files, (Mapping, list, tuple)) or not all(_is_pair(pair) for pair in pairs):
        raise TypeError(f"files: pass a mapping or a list of pairs, field name to file, not {type(files).__name__}")
    return [(name, value) for name, value in pairs]


def _is_pair(item: object) -> bool:
    return isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)


def _form_field(name: str, value: object) -> RequestField:
    field = RequestField(str(name), value if isinstance(value, bytes) else str(value))
    field.make_multipart()
    return field


def _file_field(name: str, value: object) -> RequestField:
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
    if guess and filename is not None:
        content_type = guess_content_type(filename)
    field = RequestField(name, _content_of(name, content), filename, _checked(name, headers, content_type))
    field.make_multipart(content_type=content_type)
    return field


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


def _content_of(name: str, value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    try:
        if isinstance(value, os.PathLike):
            with open(value, "rb") as file:
                return file.read()
        read: Any = getattr(value, "read", None)
        content = read() if read is not None else None
    except (OSError, ValueError) as error:
        raise ValueError(f"files: cannot read the file of {name!r}: {error}") from error
    if isinstance(content, str):
        return content.encode()
    if not isinstance(content, bytes):
        raise TypeError(f"files: {name!r} must be bytes, a string, a path or a file, not {type(value).__name__}")
    return content
