"""Downloads in several parts side by side."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync import (
    ChecksumMismatch,
    DeadlineExceeded,
    HTTPStatusError,
    Limits,
    NetError,
    RetryPolicy,
    Session,
    TruncatedBody,
)
from netstack_sync.fetcher import download_job
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close, reset_before_headers, stall_before_headers, stall_in_body
from netstack_sync.workers.gaps import missing_bytes
from netstack_sync.workers.part_record import read_part_record
from tests.support.download_site import BODY, SIZE, DownloadSite, leave_part
from tests.support.subprocesses import running_python

CHECKSUM = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
QUARTER = SIZE // 4
LAST = f"bytes={3 * QUARTER}-{SIZE - 1}"
PROMPT = RetryPolicy(backoff=0)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_job, "LEAST_PART_BYTES", 100_000)


@pytest.fixture
def site(server: EmbeddedServer) -> DownloadSite:
    site = DownloadSite(server)
    site.headers["Accept-Ranges"] = "bytes"
    return site


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f"


def _names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def _kept(path: Path) -> int:
    """Bytes that the record tells of; they are what they should be."""
    record = read_part_record(f"{path}.part.json")
    assert record is not None and record.gaps is not None and record.size is not None
    data, first = Path(f"{path}.part").read_bytes(), 0
    assert len(data) == record.size
    for gap in record.gaps:
        assert data[first : gap.first] == BODY[first : gap.first]
        first = gap.end
    assert data[first:] == BODY[first:]
    return record.size - missing_bytes(record.gaps)


# --- when it is done


def test_a_large_file_comes_in_parts(session: Session, site: DownloadSite, path: Path) -> None:
    """The first answer brings the first part, the others are asked for by range, if the file is still the same."""
    done = session.download(site.url, path, parts=4, checksum=CHECKSUM)
    assert (done.size, done.was_resumed, done.etag) == (SIZE, False, '"one"')
    assert path.read_bytes() == BODY and _names(path) == ["f"]
    assert site.ranges[0] is None
    expected = [f"bytes={first}-{first + QUARTER - 1}" for first in (QUARTER, 2 * QUARTER, 3 * QUARTER)]
    assert sorted([r for r in site.ranges[1:] if r is not None]) == sorted(expected)
    assert {request.headers.get("if-range") for request in site.requests[1:]} == {'"one"'}


@pytest.mark.parametrize("count", [2, 3, 16])
def test_any_number_of_parts(count: int, session: Session, site: DownloadSite, path: Path) -> None:
    """None of them smaller than the least; more than there are sockets for wait for one."""
    session.download(site.url, path, parts=count, checksum=CHECKSUM)
    assert len(site.requests) == min(count, SIZE // 100_000)


def test_the_limits_of_sockets_hold(site: DownloadSite, path: Path) -> None:
    with Session(trust_env=False, limits=Limits(per_host=2)) as session:
        session.download(site.url, path, parts=4, checksum=CHECKSUM)
        assert session.stats().sockets_opened <= 4
    assert len(site.requests) == 4


@pytest.mark.parametrize("without", ["parts", "accept-ranges", "strong validator", "length", "size"])
def test_otherwise_it_comes_in_one_stream(without: str, session: Session, site: DownloadSite, path: Path) -> None:
    parts = 4
    if without == "parts":
        parts = 1
    elif without == "accept-ranges":
        site.headers = {"ETag": '"one"', "Accept-Ranges": "none"}
    elif without == "strong validator":
        site.headers = {"ETag": 'W/"one"', "Accept-Ranges": "bytes"}
    elif without == "length":
        site.server.route("/file", Answer(headers=site.headers, chunks=[BODY]))
    else:
        site.body = BODY[:199_999]
    assert session.download(site.url, path, parts=parts).size == len(site.body)
    assert len(site.requests) == 1 and path.read_bytes() == site.body


def test_progress_counts_all_parts(session: Session, site: DownloadSite, path: Path) -> None:
    """Row 246, DownloadProgress: it only grows, and the total is right."""
    told: list[tuple[int, int | None]] = []
    session.download(site.url, path, parts=4, progress=lambda *news: told.append(news))
    assert told == sorted(told) and told[-1] == (SIZE, SIZE) and {total for _, total in told} == {SIZE}


def test_a_server_that_gives_less_of_a_part_is_asked_again(session: Session, site: DownloadSite, path: Path) -> None:
    site.range_limit = 100_000
    session.download(site.url, path, parts=2, checksum=CHECKSUM)
    assert len(site.requests) == 1 + 8


# --- when it fails


def test_one_part_that_fails_stops_all_and_nothing_is_lost(session: Session, site: DownloadSite, path: Path) -> None:
    """The next attempt asks for what is missing, in whatever number of parts."""
    site.range_faults = {3 * QUARTER: early_close(50_000)}
    with pytest.raises(TruncatedBody, match=r"; \d+ bytes are kept in .*, and the next attempt goes on"):
        session.download(site.url, path, parts=4)
    kept = _kept(path)
    assert kept >= 50_000
    site.server.forget_requests()
    done = session.download(site.url, path, checksum=CHECKSUM)
    assert done.was_resumed and path.read_bytes() == BODY and _names(path) == ["f"]
    assert None not in site.ranges


def test_a_part_is_retried_by_itself(session: Session, site: DownloadSite, path: Path) -> None:
    """From where it stopped, while the others go on."""
    site.range_faults = {QUARTER: early_close(50_000), 2 * QUARTER: reset_before_headers()}
    done = session.download(site.url, path, parts=4, retries=PROMPT, checksum=CHECKSUM)
    assert done.size == SIZE and len(site.requests) == 6
    assert f"bytes={QUARTER + 50_000}-{2 * QUARTER - 1}" in site.ranges


def test_the_first_part_is_retried_as_a_range(session: Session, site: DownloadSite, path: Path) -> None:
    site.fault = early_close(50_000)
    site.range_faults = dict.fromkeys(range(SIZE))
    session.download(site.url, path, parts=2, retries=PROMPT, checksum=CHECKSUM)
    assert f"bytes=50000-{2 * QUARTER - 1}" in site.ranges


def test_a_part_that_is_refused_ends_it(session: Session, site: DownloadSite, path: Path) -> None:
    """What has come is kept; the next attempt needs no other arguments."""
    site.fault = stall_in_body(50_000)
    site.range_answers = [Answer(429, body=b"too many")]
    with pytest.raises(HTTPStatusError, match="429") as raised:
        session.download(site.url, path, parts=2)
    assert raised.value.response.content == b"too many"
    site.fault = None
    _kept(path)
    assert session.download(site.url, path, parts=2, checksum=CHECKSUM).size == SIZE


def test_a_file_that_changes_meanwhile_begins_anew_in_one_stream(
    session: Session, site: DownloadSite, path: Path
) -> None:
    """A part is answered with the whole of another file: not a byte of the old one stays."""
    site.fault = stall_in_body(50_000)
    changed = BODY[::-1]
    site.range_answers = [Answer(headers={**site.headers, "ETag": '"two"'}, body=changed)]
    done = session.download(site.url, path, parts=2)
    assert (done.etag, done.was_resumed) == ('"two"', False) and path.read_bytes() == changed
    assert len(site.requests) == 2


@pytest.mark.parametrize("wrong", ["place", "longer", "etag", "missing", "unsatisfiable"])
def test_a_part_that_cannot_be_used_makes_it_ask_for_the_whole(
    wrong: str, session: Session, site: DownloadSite, path: Path
) -> None:
    half = 2 * QUARTER
    site.range_answers = [
        {
            "place": site.partial(half + 1, SIZE - 1, SIZE),
            "longer": site.partial(half, SIZE - 1, SIZE + 1),
            "etag": site.partial(half, SIZE - 1, SIZE, ETag='"two"'),
            "missing": Answer(206, body=BODY[half:]),
            "unsatisfiable": Answer(416),
        }[wrong]
    ]
    done = session.download(site.url, path, parts=2, checksum=CHECKSUM)
    assert done.size == SIZE and site.ranges == [None, f"bytes={half}-{SIZE - 1}", None]


def test_more_than_was_asked_for_is_not_used(session: Session, site: DownloadSite, path: Path) -> None:
    """Its end belongs to another part."""
    site.range_answers = [site.partial(QUARTER, SIZE - 1, SIZE)]
    site.range_faults = {2 * QUARTER: stall_before_headers(), 3 * QUARTER: stall_before_headers()}
    leave_part(path, BODY[:QUARTER], _record(site))
    done = session.download(site.url, path, parts=3, checksum=CHECKSUM)
    assert done.size == SIZE and site.ranges[-1] is None


def test_a_wrong_checksum_leaves_nothing(session: Session, site: DownloadSite, path: Path) -> None:
    with pytest.raises(ChecksumMismatch):
        session.download(site.url, path, parts=4, checksum="sha256:" + "0" * 64)
    assert _names(path) == []


def test_a_disk_without_room_is_known_at_once(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the other parts are asked for."""

    def refuse(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(OSError, match="No space left") as raised:
            session.download(site.url, path, parts=4)
    assert raised.value.errno == errno.ENOSPC and len(site.requests) == 1
    assert session.download(site.url, path, parts=4, checksum=CHECKSUM).size == SIZE


def test_the_deadline_is_one_for_all_parts(session: Session, site: DownloadSite, path: Path) -> None:
    """The error says what was waited for, and what was written is kept."""
    site.range_faults = dict.fromkeys((QUARTER, 2 * QUARTER, 3 * QUARTER), stall_in_body(50_000))
    with pytest.raises(DeadlineExceeded, match=r"limit of 1\.5 s was reached while reading response"):
        session.download(site.url, path, parts=4, timeout=1.5)
    assert _kept(path) >= 3 * 50_000
    assert session.download(site.url, path, parts=4, checksum=CHECKSUM).was_resumed


# --- going on


def _record(site: DownloadSite, gaps: str = "") -> str:
    """Of what an earlier attempt has left."""
    format_number = 2 if gaps else 1
    return (
        f'{{"format": {format_number}, "url": "{site.url}", "validator": "\\"one\\"", "size": {SIZE}'
        + (f', "gaps": {gaps}' if gaps else "")
        + "}"
    )


def test_the_rest_of_an_earlier_attempt_is_divided(session: Session, site: DownloadSite, path: Path) -> None:
    """Also if that was one stream."""
    leave_part(path, BODY[: 2 * QUARTER], _record(site))
    done = session.download(site.url, path, parts=2, checksum=CHECKSUM)
    assert done.was_resumed and set(site.ranges) == {f"bytes={2 * QUARTER}-{3 * QUARTER - 1}", LAST}


def test_gaps_are_divided_if_there_are_less_of_them_than_parts(
    session: Session, site: DownloadSite, path: Path
) -> None:
    leave_part(path, BODY[: 2 * QUARTER] + bytes(2 * QUARTER), _record(site, f"[[{2 * QUARTER}, {SIZE}]]"))
    done = session.download(site.url, path, parts=2, checksum=CHECKSUM)
    assert done.was_resumed and set(site.ranges) == {f"bytes={2 * QUARTER}-{3 * QUARTER - 1}", LAST}


def test_more_gaps_than_parts_wait_for_their_turn(session: Session, site: DownloadSite, path: Path) -> None:
    """One after another, if it is to be one stream."""
    body = bytearray(BODY)
    body[:10] = body[20:30] = body[-10:] = bytes(10)
    leave_part(path, bytes(body), _record(site, f"[[0, 10], [20, 30], [{SIZE - 10}, {SIZE}]]"))
    done = session.download(site.url, path, checksum=CHECKSUM)
    assert done.was_resumed and site.ranges == ["bytes=0-9", "bytes=20-29", f"bytes={SIZE - 10}-{SIZE - 1}"]


def test_what_has_no_gaps_is_only_checked(session: Session, site: DownloadSite, path: Path) -> None:
    """The process ended just before the end: is it still the same?"""
    leave_part(path, BODY, _record(site, "[]"))
    done = session.download(site.url, path, parts=4, checksum=CHECKSUM)
    assert (done.was_resumed, done.size, done.response.status) == (True, SIZE, 416)
    leave_part(path, BODY[::-1], _record(site, "[]").replace("one", "old"))
    done = session.download(site.url, path, overwrite=True, checksum=CHECKSUM)
    assert not done.was_resumed and done.size == SIZE


def test_a_part_that_is_whole_but_for_its_place(session: Session, site: DownloadSite, path: Path) -> None:
    leave_part(path, BODY, _record(site))
    done = session.download(site.url, path, parts=4, checksum=CHECKSUM)
    assert (done.was_resumed, done.response.status) == (True, 416)


def test_who_does_not_want_to_resume_begins_anew(session: Session, site: DownloadSite, path: Path) -> None:
    leave_part(path, BODY[::-1], _record(site, f"[[0, {QUARTER}]]"))
    done = session.download(site.url, path, parts=2, resume=False, checksum=CHECKSUM)
    assert not done.was_resumed and site.ranges[0] is None


def test_a_process_that_is_killed_in_the_middle(server: EmbeddedServer, path: Path) -> None:
    """SIGKILL: what had been handed to the system is there for the next process."""
    site = DownloadSite(server)
    site.headers["Accept-Ranges"] = "bytes"
    site.fault = stall_in_body(2 * QUARTER - 5)
    site.range_faults = {2 * QUARTER: stall_in_body(200_000)}
    program = f"""
        import os, signal
        import netstack_sync
        from netstack_sync.fetcher import download_job

        download_job.LEAST_PART_BYTES = 100_000

        def progress(done, total):
            from netstack_sync.workers.gaps import missing_bytes
            from netstack_sync.workers.part_record import read_part_record

            while True:
                record = read_part_record({str(path)!r} + ".part.json")
                if record is not None and record.gaps and missing_bytes(record.gaps) < total - 900_000:
                    os.kill(os.getpid(), signal.SIGKILL)

        netstack_sync.download({site.url!r}, {str(path)!r}, parts=2, progress=progress)
        """
    with running_python(program) as process:
        process.communicate(timeout=30.0)
    assert process.returncode == -signal.SIGKILL
    assert _kept(path) > 900_000
    site.fault = None
    with Session(trust_env=False) as session:
        assert session.download(site.url, path, parts=2, checksum=CHECKSUM).was_resumed


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.lists(st.tuples(st.integers(0, 300_000), st.integers(1, 5)), max_size=4),
    limit=st.one_of(st.none(), st.integers(20_000, 300_000)),
    retries=st.integers(0, 3),
)
def test_wherever_it_breaks_the_file_is_right_at_the_end(
    cuts: list[tuple[int, int]], limit: int | None, retries: int
) -> None:
    """Each attempt has another number of parts, of which each loses its connection so many bytes further on."""
    with pytest.MonkeyPatch.context() as patch, EmbeddedServer() as server, TemporaryDirectory() as folder:
        patch.setattr(download_job, "LEAST_PART_BYTES", 10_000)
        site = DownloadSite(server)
        site.headers["Accept-Ranges"] = "bytes"
        site.body, site.range_limit = BODY[:300_000], limit
        path, policy = f"{folder}/f", RetryPolicy(total=retries, backoff=0)
        with Session(trust_env=False) as session:
            for cut, parts in cuts:
                site.fault = early_close(cut)
                with suppress(NetError):
                    session.download(site.url, path, overwrite=True, parts=parts, retries=policy)
            site.fault = None
            session.download(site.url, path, overwrite=True, parts=3)
        assert Path(path).read_bytes() == site.body and os.listdir(folder) == ["f"]
