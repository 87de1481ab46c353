"""The arguments of a download, checked on the caller's thread before anything is sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.options import FetchOptions, check_flag
from netstack_sync.fetcher.session_config import SessionConfig
from netstack_sync.workers.part_file import Checksum

ProgressCallback = Callable[[int, "int | None"], object]
"""Called with the bytes that are there and those of the whole file, None while that is not known."""

_ALGORITHMS: Final = ("sha256", "sha512", "sha384", "sha1", "md5")
_NOT_FOR_DOWNLOADS: Final = ("json", "data", "content", "files")
_MAX_PARTS: Final = 16  # a server should not take one download for many people
_NOT_TOLD: Final = ("expect_continue", "on_informational", "upload_progress")
_OURS: Final = ("Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")


class DownloadOptions(FetchOptions, total=False):
    """Keyword arguments of every download; see `netstack_sync.download`."""

    resume: bool
    overwrite: bool
    checksum: str | None
    parts: int
    progress: ProgressCallback | None


class DownloadPlan(NamedTuple):
    """One download as values."""

    request: FetchRequest
    path: str
    resumes: bool
    may_replace: bool
    checksum: Checksum | None
    progress: ProgressCallback | None
    max_size: int | None
    """Bytes; the limit of the session is for bodies in memory and does not count."""
    takes_codings: bool
    """True when the caller asked for content codings himself; then the file holds what was sent."""
    parts: int = 1
    """How many requests may bring it side by side."""


def plan_download(config: SessionConfig, url: str, path: object, options: DownloadOptions) -> DownloadPlan:
    """Checks everything that can be checked without looking at the disk; raises InvalidURL, ValueError, TypeError."""
    others: dict[str, Any] = dict(options)
    resume = check_flag("resume", others.pop("resume", True))
    overwrite = check_flag("overwrite", others.pop("overwrite", False))
    checksum = check_checksum(others.pop("checksum", None))
    parts = _check_parts(others.pop("parts", 1))
    progress = others.pop("progress", None)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress: must be callable as progress(done, total), not {progress!r}")
    for name in _NOT_FOR_DOWNLOADS:
        if others.get(name) is not None:
            raise TypeError(
                f"{name}: a download is a GET without a body; use stream() to write another answer to a file"
            )
    for name in _NOT_TOLD:
        if others.get(name) is not None:
            raise TypeError(f"{name}: a download has no use for it; use stream()")
    request = config.prepare("GET", url, cast(FetchOptions, others), is_stream=True)
    for name in _OURS:
        if name in request.headers:
            raise ValueError(f"headers: {name} is set by the download; leave it out")
    headers = request.headers
    takes_codings = headers.get("accept-encoding") != config.headers.get("accept-encoding")
    if not takes_codings:
        headers = headers.copy()
        headers.set("Accept-Encoding", "identity")
    request, max_size = request.replaced(headers=headers), others.get("max_response_size")
    return DownloadPlan(
        request, check_path(path), resume, overwrite, checksum, progress, max_size, takes_codings, parts
    )


def check_path(path: object) -> str:
    """A path as text; raises TypeError and ValueError."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path: must be a string or a path, not {type(path).__name__}")
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError("path: must be a string or a path of text, not bytes")
    if not os.path.basename(text) or "\0" in text:
        raise ValueError(f"path: {text!r} names no file; give folder and name")
    return text


def check_checksum(value: object) -> Checksum | None:
    """ "sha256:HEX" as a value; raises TypeError and ValueError."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f'checksum: must be a string like "sha256:HEX", not {type(value).__name__}')
    algorithm, _, digest = value.partition(":")
    algorithm, digest = algorithm.strip().lower(), digest.strip().lower()
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"checksum: {value!r} does not begin with one of {', '.join(_ALGORITHMS)} and a colon")
    digits = 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size
    if len(digest) != digits or not set(digest) <= set("0123456789abcdef"):
        raise ValueError(f"checksum: {algorithm} has {digits} hexadecimal digits, not {digest!r}")
    return Checksum(algorithm, digest)


def _check_parts(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_PARTS:
        raise ValueError(f"parts: must be a whole number from 1 to {_MAX_PARTS}, not {value!r}")
    return value
