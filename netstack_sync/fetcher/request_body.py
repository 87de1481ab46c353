"""Request bodies: what the caller passes, checked, and turned into bytes or a source of bytes."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from netstack_sync.base.form_pairs import form_encoded
from netstack_sync.fetcher.body_file import measure_file, open_path
from netstack_sync.fetcher.file_range import FileRange
from netstack_sync.fetcher.multipart import flat_form, multipart_body
from netstack_sync.http.upload import (
    BytesUpload,
    FileSource,
    IterableSource,
    UploadStream,
    WorkerUpload,
)
from netstack_sync.workers.read_ahead import BodySource
from netstack_sync.workers.worker_pool import WorkerPool


class RequestBody:
    """A body, and the media type it implies. Made on the caller's thread; immutable."""

    __slots__ = ("_data", "_source", "content_type", "size")

    def __init__(
        self,
        data: bytes = b"",
        content_type: str | None = None,
        source: BodySource | None = None,
        size: int | None = None,
    ) -> None:
        self._data = data
        self._source = source
        self.content_type = content_type
        self.size = len(data) if source is None else size
        """Bytes in all; None when only the end will tell."""

    def with_size(self, size: int) -> RequestBody:
        """The same body, its length announced by the caller."""
        return RequestBody(self._data, self.content_type, self._source, size)

    def make_upload(self, workers: WorkerPool) -> UploadStream:
        """The body as the stack reads it, from its beginning; network thread. Several in a row, not side by side."""
        if self._source is None:
            return BytesUpload(self._data)
        return WorkerUpload(self._source, self.size, workers)


def make_body(
    *, json: object = None, data: object = None, content: object = None, files: object = None
) -> RequestBody | None:
    """The body of one request, None without one.

    Raises ValueError for two bodies and for files that cannot be read, TypeError for what is no body. `data` may
    be given with `files` when it is a form: both become one multipart body.
    """
    form: Any = data if data is not None and _is_form(data) else None
    if (json is not None) + (data is not None) + (content is not None) + (files is not None) > 1:
        given = _given(json, data, content, files)
        if form is None or given != "data and files":
            raise ValueError(f"{given}: a request has one body; pass only one of them")
    try:
        if json is not None:
            return _json_body(json)
        if files is not None and not _is_empty(files):
            return RequestBody(*multipart_body(files, flat_form(form or ())))
        if form is not None:
            return RequestBody(form_encoded(flat_form(form)).encode("ascii"), "application/x-www-form-urlencoded")
        if data is not None:
            return _raw_body("data", data)
        return None if content is None else _raw_body("content", content)
    except UnicodeEncodeError as error:
        raise ValueError(f"{_given(json, data, content, files)}: cannot be encoded: {error}") from error


def _given(json: object, data: object, content: object, files: object) -> str:
    """The names of what is a body."""
    named = ("json", json), ("data", data), ("content", content), ("files", files)
    return " and ".join([name for name, value in named if value is not None])


_compact_json: Final = json_module.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_ascii_json: Final = json_module.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _json_body(value: object) -> RequestBody:
    try:
        data = _compact_json(value).encode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can express
        data = _ascii_json(value).encode()
    except (TypeError, ValueError) as error:
        raise type(error)(f"json: {error}") from error
    return RequestBody(data, "application/json")


def _is_empty(files: object) -> bool:
    """No files, as of a program that found none to send: then there is nothing to make parts of."""
    return isinstance(files, (Mapping, list, tuple)) and not files


def _is_form(data: object) -> bool:
    """A mapping, or a list or tuple of pairs; anything else in `data` is taken as it is."""
    if isinstance(data, Mapping):
        return True
    return isinstance(data, (list, tuple)) and all(isinstance(item, (tuple, list)) and len(item) == 2 for item in data)


def _raw_body(argument: str, value: object) -> RequestBody:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return RequestBody(bytes(value))
    if isinstance(value, str):
        return RequestBody(value.encode())
    if isinstance(value, FileRange):
        return _range_body(argument, value)
    if isinstance(value, os.PathLike):
        value = open_path(argument, value)
    if hasattr(value, "read"):
        file = measure_file(argument, value)
        return RequestBody(source=file.source, size=file.size)
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return RequestBody(source=IterableSource(value))
    raise TypeError(
        f"{argument}: pass {'a form (mapping or pairs), ' if argument == 'data' else ''}bytes, a string, a path, "
        f"a FileRange, a binary file or an iterable of bytes, not {type(value).__name__}"
    )


def _range_body(argument: str, value: FileRange) -> RequestBody:
    file = open_path(argument, value.path)
    size = value.size_in(file.seek(0, os.SEEK_END))
    file.seek(value.offset)
    return RequestBody(source=FileSource(file), size=size)
