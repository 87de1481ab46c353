"""The arguments of a download."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import InvalidURL, Session, Timeout
from netstack_sync.fetcher.download_arguments import DownloadPlan, check_checksum, check_path, plan_download
from netstack_sync.fetcher.timeout import DEFAULT_STREAM_TIMEOUT
from netstack_sync.workers.part_file import Checksum

MD5 = hashlib.md5(b"", usedforsecurity=False).hexdigest()


def _plan(session: Session, **options: Any) -> DownloadPlan:
    return plan_download(session._config, "http://h/f", "f", options)  # type: ignore[arg-type]


def test_the_defaults(session: Session) -> None:
    """Those of a stream, with the bytes as they are in the file."""
    plan = _plan(session)
    assert (plan.path, plan.resumes, plan.may_replace, plan.checksum, plan.progress) == ("f", True, False, None, None)
    assert (plan.max_size, plan.takes_codings, plan.parts) == (None, False, 1)
    assert plan.request.method == "GET"
    assert plan.request.timeout is DEFAULT_STREAM_TIMEOUT
    assert plan.request.headers.get("Accept-Encoding") == "identity"
    assert session._config.headers.get("Accept-Encoding") != "identity"


def test_everything_set(session: Session) -> None:
    plan = _plan(
        session,
        resume=False,
        overwrite=True,
        checksum=f"MD5:{MD5.upper()}",
        progress=print,
        max_response_size=5,
        timeout=3,
        parts=4,
        params={"a": 1},
        headers={"X": "y"},
    )
    assert (plan.resumes, plan.may_replace, plan.progress, plan.max_size) == (False, True, print, 5)
    assert str(plan.checksum) == f"md5:{MD5}" and plan.parts == 4
    assert (plan.request.timeout, plan.request.url.href) == (Timeout(total=3), "http://h/f?a=1")
    assert plan.request.headers.get("x") == "y"


def test_who_asks_for_codings_gets_them(session: Session) -> None:
    plan = _plan(session, headers=iter([("accept-encoding", "gzip")]))
    assert plan.takes_codings and plan.request.headers.get("Accept-Encoding") == "gzip"


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"resume": 1}, TypeError, "resume: must be True or False"),
        ({"overwrite": None}, TypeError, "overwrite: must be"),
        ({"parts": 0}, ValueError, "parts: must be a whole number from 1 to 16"),
        ({"parts": 17}, ValueError, "parts"),
        ({"parts": True}, ValueError, "parts"),
        ({"parts": None}, ValueError, "parts"),
        ({"progress": 5}, TypeError, "progress: must be callable"),
        ({"checksum": 5}, TypeError, "checksum: must be a string"),
        ({"checksum": "crc32:00"}, ValueError, "does not begin with one of sha256"),
        ({"checksum": "md5:00"}, ValueError, "md5 has 32 hexadecimal digits, not '00'"),
        ({"checksum": "md5:" + "g" * 32}, ValueError, "md5 has 32"),
        ({"data": b""}, TypeError, "data: a download is a GET without a body"),
        ({"upload_progress": print}, TypeError, "upload_progress: a download has no use for it"),
        ({"expect_continue": True}, TypeError, "expect_continue: a download has no use for it"),
        ({"headers": {"range": "bytes=0-1"}}, ValueError, "headers: Range is set by the download"),
        ({"headers": {"If-None-Match": "*"}}, ValueError, "headers: If-None-Match is set"),
        ({"timeout": -1}, ValueError, "timeout"),
        ({"path": "f"}, TypeError, "path: no such argument"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], error: type[Exception], text: str, session: Session) -> None:
    """Before anything is sent, and saying what to do."""
    with pytest.raises(error, match=text):
        _plan(session, **options)


def test_bad_urls_are_refused(session: Session) -> None:
    with pytest.raises(InvalidURL, match="scheme"):
        plan_download(session._config, "ftp://h/f", "f", {})


def test_paths() -> None:
    assert check_path("a/b") == "a/b"
    assert check_path(Path("a/b")) == "a/b"
    for value in (5, None, b"f"):
        with pytest.raises(TypeError, match="path: must be a string or a path"):
            check_path(value)

    class OfBytes:
        def __fspath__(self) -> bytes:
            return b"f"

    with pytest.raises(TypeError, match="not bytes"):
        check_path(OfBytes())
    for text in ("", "a/", "a\0b"):
        with pytest.raises(ValueError, match="names no file"):
            check_path(text)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha384", "sha1", "md5"])
def test_checksums(algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"x").hexdigest()
    assert check_checksum(f" {algorithm.upper()} : {digest.upper()} ") == Checksum(algorithm, digest)
    assert check_checksum(None) is None
