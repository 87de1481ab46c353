"""What errors say about the bytes that are there."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from netstack_sync import ChecksumMismatch, DeadlineExceeded, Session
from netstack_sync.base.net_errors import ERR_INVALID_RESPONSE, ERR_TIMED_OUT
from netstack_sync.fetcher.download_errors import kept_text, plain_failure, with_kept_text
from netstack_sync.workers.part_file import PartFile
from netstack_sync.workers.part_record import PartRecord


@pytest.fixture
def part(tmp_path: Path) -> PartFile:
    part = PartFile(str(tmp_path / "f"), may_replace=False)
    part.begin(PartRecord("http://h/", '"a"', 10))
    return part


def test_what_is_kept(part: PartFile) -> None:
    """Nothing is said of nothing, and nothing promised that does not hold."""
    assert kept_text(part) == ""
    part.write([b"abc"])
    assert kept_text(part) == f"; 3 bytes are kept in {part.part_path}, and the next attempt goes on from there"
    part.is_recorded = False
    assert kept_text(part) == ""
    part.begin(None)
    part.write([b"ab"])
    assert kept_text(part).endswith("but without a strong validator of the server's the next attempt begins anew")


def test_errors_of_the_disk_name_a_path(part: PartFile) -> None:
    """Their class stays what it means."""
    part.write([b"abc"])
    full = with_kept_text(OSError(errno.ENOSPC, "No space left on device"), part)
    assert isinstance(full, OSError) and (full.errno, full.filename) == (errno.ENOSPC, part.part_path)
    assert "No space left on device; 3 bytes are kept" in str(full)
    denied = with_kept_text(PermissionError(errno.EACCES, "Permission denied", "elsewhere"), part)
    assert isinstance(denied, PermissionError) and denied.filename == "elsewhere"


def test_other_errors_stay_as_they_are(part: PartFile) -> None:
    part.write([b"abc"])
    for error in (ValueError("a bug"), OSError("no number"), ChecksumMismatch(ERR_INVALID_RESPONSE, "wrong")):
        assert with_kept_text(error, part) is error


def test_a_failure_while_nothing_is_fetched(part: PartFile, session: Session) -> None:
    """Without what is secret in the URL."""
    part.write([b"abc"])
    request = session.prepare("GET", "http://user:secret@h/f")
    failure = plain_failure(ERR_TIMED_OUT, request, part, "total")
    assert isinstance(failure, DeadlineExceeded) and failure.request is request
    assert failure.detail.startswith("http://h/f; 3 bytes are kept in")
