"""Reads data: URLs: a whole answer inside the URL (RFC 2397, by the Fetch standard's "data: URL processor")."""

from __future__ import annotations

import binascii
import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from netstack_sync.base.net_errors import ERR_INVALID_URL
from netstack_sync.wire.errors import WireError

_DEFAULT_TYPE: Final = "text/plain;charset=US-ASCII"
_base64_mark: Final = re.compile(r"; *base64", re.IGNORECASE).fullmatch
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_media_type: Final = re.compile(rf"{_TOKEN}/{_TOKEN} *(?:;[\x20-\x7e]*)?").fullmatch
_base64_data: Final = re.compile(rb"[A-Za-z0-9+/]*").fullmatch
_BLANKS: Final = b"\t\n\f\r "


class DataUrl(NamedTuple):
    """What a data: URL holds."""

    media_type: str
    """With its parameters, fit for Content-Type."""
    body: bytes


def parse_data_url(url: str) -> DataUrl:
    """The content of a canonical URL, whose fragment does not count; `WireError` for one that has none."""
    head, comma, data = url.partition("#")[0].removeprefix("data:").partition(",")
    if not comma:
        raise WireError(ERR_INVALID_URL, "a data: URL has a comma before its data")
    body = unquote_to_bytes(data)
    media_type = head.strip(" ")
    before, _, _ = media_type.rpartition(";")
    if _base64_mark(media_type[len(before) :]):
        media_type = before
        body = _decode_base64(body)
    media_type = media_type.strip(" ")
    if media_type.startswith(";"):
        media_type = "text/plain" + media_type
    return DataUrl(media_type if _media_type(media_type) else _DEFAULT_TYPE, body)


def _decode_base64(data: bytes) -> bytes:
    """Forgiving as the Infra standard says: blanks do not count, the padding may be missing."""
    data = data.translate(None, _BLANKS)
    if len(data) % 4 == 0:
        data = data[:-2] if data.endswith(b"==") else data.removesuffix(b"=")
    if len(data) % 4 == 1 or not _base64_data(data):
        raise WireError(ERR_INVALID_URL, "the base64 data of the data: URL cannot be decoded")
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
