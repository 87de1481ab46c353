"""Which media type a file has, by its name alone."""

from __future__ import annotations

import mimetypes
import posixpath
from functools import lru_cache
from typing import Final

OCTETS: Final = "application/octet-stream"

# What Pythons do not agree on, or do not know.
_TYPES: Final = {
    ".avif": "image/avif",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
_COMPRESSED: Final = {".gz": "application/gzip", ".bz2": "application/x-bzip2", ".xz": "application/x-xz"}


def media_type_of(name: str) -> str:
    """For Content-Type; the same on every machine. What a compressed file holds inside does not count."""
    suffix = posixpath.splitext(name.lower())[1]
    suffix = posixpath.splitext("x" + mimetypes.suffix_map.get(suffix, suffix))[1]  # .tgz is .tar.gz
    if suffix in mimetypes.encodings_map:
        return _COMPRESSED.get(suffix, OCTETS)
    return _TYPES.get(suffix) or _python_types().get(suffix, OCTETS)


@lru_cache(1)
def _python_types() -> dict[str, str]:
    return mimetypes.MimeTypes().types_map[True]  # without what files of the system add
