"""Splits text into PEM blocks (RFC 7468). What stands between them, such as comments, does not count."""

from __future__ import annotations

import base64
import binascii
import os
import re
from typing import Final, NamedTuple

# The closing dashes may be missing where a file was cut off. Editors of Windows begin a file with a byte order mark,
# and so it stands wherever such files were joined.
_find_begins: Final = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*-----BEGIN ([^\r\n-]*)(?:-----)?", re.MULTILINE).finditer

_CERTIFICATE_LABELS: Final = ("CERTIFICATE", "X509 CERTIFICATE")
_MARK: Final = "-----BEGIN"


class PemBlock(NamedTuple):
    """From one BEGIN line to what should be its END line."""

    label: str
    body: bytes
    """What is between the lines: base64."""
    is_whole: bool
    """False when no END line of the same label follows: the text was cut off."""

    @property
    def is_certificate(self) -> bool:
        """Whether it says so itself."""
        return self.label in _CERTIFICATE_LABELS

    def decode(self) -> bytes:
        """The contents; ValueError in words for the user when they cannot be read."""
        if not self.is_whole:
            raise ValueError(f"its line -----END {self.label}----- is missing: it was cut off")
        try:
            return base64.b64decode(b"".join(self.body.split()), validate=True)
        except binascii.Error:
            raise ValueError("what it holds is not base64") from None


def find_pem_blocks(data: bytes) -> list[PemBlock]:
    """The blocks of every kind, in their order."""
    return [_block(data, begin) for begin in _find_begins(data)]


def is_pem_text(value: object) -> bool:
    """Whether somebody gave the text itself where a path was to be; a path object counts for what it names."""
    named = os.fspath(value) if isinstance(value, os.PathLike) else value
    return _MARK in (named if isinstance(named, str) else repr(named))


def quoted(value: object) -> str:
    """A value as messages show it: never PEM, which may be a private key."""
    return "PEM text" if is_pem_text(value) else repr(value)


def _block(data: bytes, begin: re.Match[bytes]) -> PemBlock:
    end = data.find(b"-----", begin.end())  # base64 knows no dash
    is_whole = end >= 0 and data.startswith(b"-----END " + begin[1] + b"-----", end)
    body = data[begin.end() : end] if is_whole else b""
    return PemBlock(begin[1].decode("ascii", "replace"), body, is_whole)
