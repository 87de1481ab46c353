"""A download on the network thread, against a server of ours."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync import (
    ChecksumMismatch,
    ConnectionReset,
    ContextShutDown,
    DeadlineExceeded,
    DecodingError,
    DnsSettings,
    Download,
    HTTPStatusError,
    NetError,
    ReadTimeout,
    ResponseTooLarge,
    RetryPolicy,
    Session,
    Timeout,
    TruncatedBody,
)
from netstack_sync.base.net_errors import ERR_ABORTED
from netstack_sync.fetcher import download_job
from netstack_sync.fetcher.download import SyncDownload
from netstack_sync.fetcher.download_arguments import plan_download
from netstack_sync.fetcher.download_job import DownloadJob
from netstack_sync.fetcher.download_writer import HIGH_WATER_BYTES
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.sockets.read_size import LARGE_READ_BYTES
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close, reset_before_headers, stall_before_headers, stall_in_body
from netstack_sync.workers.gaps import Gap
from netstack_sync.workers.part_file import PartFile
from netstack_sync.workers.part_place import PartPlace
from netstack_sync.workers.part_record import PartRecord
from tests.support.download_site import BODY, SIZE, DownloadSite, fill_disk, leave_part
from tests.support.waiting import Caller, wait_until

CHECKSUM = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
CUT = 600_000
CHANGED = "Sat, 21 Nov 2026 10:00:00 GMT"
LATER = "Sat, 21 Nov 2026 10:05:00 GMT"


@pytest.fixture
def site(server: EmbeddedServer) -> DownloadSite:
    return DownloadSite(server)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f"


def _names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def _cut_off(session: Session, site: DownloadSite, path: Path, after_bytes: int = CUT) -> None:
    """An attempt that breaks in the middle."""
    site.fault = early_close(after_bytes)
    with pytest.raises(TruncatedBody, match=f"; {after_bytes} bytes are kept in {path}.part"):
        session.download(site.url, path)
    site.fault = None
    assert Path(f"{path}.part").read_bytes() == BODY[:after_bytes]
    site.server.forget_requests()


def _is_paused(job: DownloadJob) -> bool:
    (stream,) = job._streams
    return stream._fetcher is not None and stream._fetcher._is_paused


def _record(site: DownloadSite, size: int = SIZE, etag: str = "one") -> str:
    return f'{{"format": 1, "url": "{site.url}", "validator": "\\"{etag}\\"", "size": {size}}}'


def test_a_whole_file(session: Session, site: DownloadSite, path: Path) -> None:
    """Asked for as it is, in one request; nothing is left beside it."""
    done = session.download(site.url, path, checksum=CHECKSUM)
    assert isinstance(done, Download)
    assert (done.path, done.size, done.was_resumed, done.etag, done.checksum) == (
        str(path), SIZE, False, '"one"', CHECKSUM,
    )  # fmt: skip
    assert (done.response.status, done.response.url) == (200, site.url)
    assert path.read_bytes() == BODY and _names(path) == ["f"]
    assert site.requests[0].headers.get("accept-encoding") == "identity"
    assert site.ranges == [None]


@pytest.mark.parametrize("body", [b"", b"x"])
def test_small_files(body: bytes, session: Session, site: DownloadSite, path: Path) -> None:
    site.body = body
    assert session.download(site.url, path).size == len(body)
    assert path.read_bytes() == body


def test_a_file_of_unknown_size(session: Session, server: EmbeddedServer, path: Path) -> None:
    """In chunks, or until the connection ends."""
    server.route("/chunks", Answer(chunks=[b"ab", b"c"]))
    server.route("/close", Answer(body=b"abc", until_close=True))
    for target in ("/chunks", "/close"):
        assert session.download(server.url(target), path, overwrite=True).size == 3
        assert path.read_bytes() == b"abc"


def test_the_next_attempt_goes_on(session: Session, site: DownloadSite, path: Path) -> None:
    """With If-Range, from the very byte; the whole has the checksum."""
    _cut_off(session, site, path)
    done = session.download(site.url, path, checksum=CHECKSUM)
    assert (done.was_resumed, done.size, done.response.status) == (True, SIZE, 206)
    assert path.read_bytes() == BODY and _names(path) == ["f"]
    assert site.ranges == [f"bytes={CUT}-"]
    assert site.requests[0].headers.get("if-range") == '"one"'


def test_an_old_last_modified_is_as_good_as_an_etag(session: Session, site: DownloadSite, path: Path) -> None:
    site.headers = {"Last-Modified": CHANGED, "Date": LATER, "ETag": 'W/"weak"'}
    _cut_off(session, site, path)
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed
    assert site.requests[0].headers.get("if-range") == CHANGED


def test_without_a_strong_validator_the_next_attempt_begins_anew(
    session: Session, site: DownloadSite, path: Path
) -> None:
    """A weak ETag proves nothing about bytes."""
    site.headers = {"ETag": 'W/"weak"'}
    _cut_off(session, site, path)
    assert _names(path) == ["f.part"]
    assert not session.download(site.url, path, checksum=CHECKSUM).was_resumed
    assert site.ranges == [None]


def test_who_does_not_want_to_resume_begins_anew(session: Session, site: DownloadSite, path: Path) -> None:
    _cut_off(session, site, path)
    assert not session.download(site.url, path, resume=False, checksum=CHECKSUM).was_resumed
    assert site.ranges == [None]


def test_a_file_that_has_changed_begins_anew(session: Session, site: DownloadSite, path: Path) -> None:
    """The server answers 200 to If-Range, and nothing of the old bytes stays."""
    _cut_off(session, site, path)
    site.headers, site.body = {"ETag": '"two"'}, BODY[::-1][:700_000]
    done = session.download(site.url, path)
    assert (done.was_resumed, done.size, done.etag) == (False, 700_000, '"two"')
    assert path.read_bytes() == site.body
    assert site.ranges == [f"bytes={CUT}-"]


@pytest.mark.parametrize("wrong", ["place", "size", "etag", "missing", "unsatisfiable"])
def test_a_range_that_cannot_be_used_makes_it_ask_for_the_whole(
    wrong: str, session: Session, site: DownloadSite, path: Path
) -> None:
    """Never a byte of it is written."""
    _cut_off(session, site, path)
    site.range_answers = [
        {
            "place": site.partial(CUT + 1, SIZE - 1, SIZE),
            "size": site.partial(CUT, SIZE - 1, SIZE + 1),
            "etag": site.partial(CUT, SIZE - 1, SIZE, ETag='"two"'),
            "missing": Answer(206, body=BODY[CUT:]),
            "unsatisfiable": Answer(416),
        }[wrong]
    ]
    done = session.download(site.url, path, checksum=CHECKSUM)
    assert not done.was_resumed and path.read_bytes() == BODY
    assert site.ranges == [f"bytes={CUT}-", None]


def test_a_part_that_is_the_whole_already(session: Session, site: DownloadSite, path: Path) -> None:
    """The process ended just before the end: the server is asked whether it is still the same, and says 416."""
    leave_part(path, BODY, _record(site))
    done = session.download(site.url, path, checksum=CHECKSUM)
    assert (done.was_resumed, done.size, done.response.status) == (True, SIZE, 416)
    assert path.read_bytes() == BODY and _names(path) == ["f"]


def test_a_server_that_gives_less_than_it_was_asked_for_is_asked_again(
    session: Session, site: DownloadSite, path: Path
) -> None:
    """A range may be answered in part (RFC 9110 §15.3.7)."""
    _cut_off(session, site, path)
    site.range_limit = 400_000
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed
    assert site.ranges == [f"bytes={first}-" for first in (600_000, 1_000_000, 1_400_000)]


@pytest.mark.parametrize("length", [SIZE - CUT - 5, SIZE - CUT + 5])
def test_a_range_with_another_number_of_bytes_than_it_says(
    length: int, session: Session, site: DownloadSite, path: Path
) -> None:
    """In chunks nothing else tells; what fits is kept."""
    _cut_off(session, site, path)
    headers = {"Content-Range": f"bytes {CUT}-{SIZE - 1}/{SIZE}"}
    site.range_answers = [Answer(206, headers=headers, chunks=[(BODY[CUT:] + b"extra")[:length]])]
    with pytest.raises(TruncatedBody, match="are kept in"):
        session.download(site.url, path)
    assert BODY.startswith(Path(f"{path}.part").read_bytes())
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed


def test_answers_that_are_no_file(session: Session, site: DownloadSite, path: Path) -> None:
    """The error has status and body, also a long one or one that is cut off; the part stays."""
    _cut_off(session, site, path)
    site.range_answers = [Answer(503, body=b"later")]
    with pytest.raises(HTTPStatusError, match="503 Service Unavailable: no file to download") as raised:
        session.download(site.url, path)
    assert raised.value.response.text == "later"
    site.server.route("/long", Answer(404, body=b"x" * 1_000_000))
    site.server.route("/cut", Answer(404, body=b"abcd", fault=early_close()))
    for target, size in (("/long", 64 * 1024), ("/cut", 2), ("/status/204", 0)):
        with pytest.raises(HTTPStatusError) as raised:
            session.download(site.server.url(target), path)
        assert len(raised.value.response.content) >= size
    with pytest.raises(HTTPStatusError, match="302"):
        session.download(site.server.url("/redirect/1"), path, follow_redirects=False)
    assert _names(path) == ["f.part", "f.part.json"]
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed


def test_redirects_are_followed_and_the_range_goes_with_them(session: Session, site: DownloadSite, path: Path) -> None:
    start = site.server.url(f"/redirect-to?url={site.url}")
    site.fault = early_close(CUT)
    with pytest.raises(TruncatedBody):
        session.download(start, path)
    site.fault = None
    done = session.download(start, path, checksum=CHECKSUM)
    assert done.was_resumed and [hop.status for hop in done.response.history] == [302]


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_coding_that_nobody_asked_for_is_refused(
    coding: str, session: Session, site: DownloadSite, path: Path
) -> None:
    """Who asks for it gets the bytes as they are sent."""
    site.headers = {"Content-Encoding": coding}
    with pytest.raises(DecodingError, match=f"Content-Encoding '{coding}' although identity"):
        session.download(site.url, path)
    assert _names(path) == []
    session.download(site.url, path, headers={"Accept-Encoding": coding})
    assert path.read_bytes() == BODY


def test_a_file_that_is_too_large(session: Session, site: DownloadSite, path: Path) -> None:
    """Known from the head, or found out."""
    site.server.route("/chunks", Answer(chunks=[BODY]))
    for url in (site.url, site.server.url("/chunks")):
        with pytest.raises(ResponseTooLarge, match="max_response_size=1000"):
            session.download(url, path, max_response_size=1000)
    with Session(trust_env=False, max_response_size=1000) as small:
        assert small.download(site.url, path, resume=False).size == SIZE


def test_a_wrong_checksum_leaves_nothing(session: Session, site: DownloadSite, path: Path) -> None:
    with pytest.raises(ChecksumMismatch, match="the body has sha256:"):
        session.download(site.url, path, checksum="sha256:" + "0" * 64)
    assert _names(path) == []


def test_what_the_disk_says_before_anything_is_sent(session: Session, site: DownloadSite, path: Path) -> None:
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        session.download(site.url, path)
    with pytest.raises(FileNotFoundError):
        session.download(site.url, path.parent / "missing" / "f")
    assert list(site.requests) == [] and path.read_bytes() == b"old"
    assert session.download(site.url, path, overwrite=True).size == SIZE
    assert path.read_bytes() == BODY


def test_a_folder_without_permission(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found out before anything is sent. (Root may everything, so the answer of the system is made up.)"""

    def refuse(place: PartPlace) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), place.part_path)

    monkeypatch.setattr(PartPlace, "open_any", refuse)
    with pytest.raises(PermissionError) as raised:
        session.download(site.url, path)
    assert raised.value.filename == f"{path}.part" and list(site.requests) == []


def test_a_full_disk_loses_nothing(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what is kept, and the next attempt goes on from there."""
    with monkeypatch.context() as patch:
        fill_disk(patch, 1_000_000, f"{path}.part")
        with pytest.raises(OSError, match=r"No space left on device; \d+ bytes are kept") as raised:
            session.download(site.url, path)
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, f"{path}.part")
    kept = os.path.getsize(f"{path}.part")
    assert 900_000 < kept <= 1_000_000 and f"{kept} bytes" in str(raised.value)
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed


def test_a_slow_disk_stops_the_server(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a worker hangs in a write, little is kept in memory; cancelling and the deadline do not wait for it."""
    release = threading.Event()
    write = PartFile.write

    def slow_write(part: PartFile, pieces: list[bytes]) -> None:
        assert release.wait(20.0)
        write(part, pieces)

    site.body = bytes(30_000_000)
    monkeypatch.setattr(PartFile, "write", slow_write)
    download = SyncDownload(plan_download(session._config, site.url, path, {}), session.context)
    caller = Caller(download.run)
    job = download._job
    wait_until(lambda: job._writer.is_full)
    assert HIGH_WATER_BYTES <= job._writer.pending_bytes < HIGH_WATER_BYTES + LARGE_READ_BYTES
    thread = session.context.thread
    wait_until(lambda: bool(call_on_network_thread(thread, lambda: _is_paused(job))))
    download.cancel()
    caller.join()
    assert type(caller.error).__name__ == "FetchCancelled"
    plan = plan_download(session._config, site.url, path.parent / "g", {"timeout": 3600})
    late = SyncDownload(plan, session.context)
    caller = Caller(late.run)
    wait_until(lambda: late._job._writer.is_full)
    call_on_network_thread(thread, late._job._on_deadline)
    caller.join()
    assert isinstance(caller.error, DeadlineExceeded)
    release.set()


def test_the_network_fails(session: Session, site: DownloadSite, path: Path) -> None:
    """Before the head there is nothing to keep; a part of before stays and is told about."""
    site.server.route("/reset", Answer(fault=reset_before_headers()))
    with pytest.raises(ConnectionReset) as raised:
        session.download(site.server.url("/reset"), path)
    assert "kept" not in str(raised.value) and _names(path) == []
    _cut_off(session, site, path)
    site.range_answers = [Answer(fault=reset_before_headers())]
    with pytest.raises(ConnectionReset, match=f"{CUT} bytes are kept"):
        session.download(site.url, path)
    site.range_answers = [Answer(fault=stall_before_headers())]
    with pytest.raises(ReadTimeout, match=f"{CUT} bytes are kept"):
        session.download(site.url, path, timeout=Timeout(read=0.05))
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed


def test_a_silent_server(session: Session, site: DownloadSite, path: Path) -> None:
    """What came before is written, at the read limit at once."""
    site.fault = stall_in_body(CUT)
    with pytest.raises(ReadTimeout, match=f"{CUT} bytes are kept"):
        session.download(site.url, path, timeout=Timeout(read=0.2))
    site.fault = None
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed


def test_the_deadline_covers_the_disk(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the beginning and at the end."""
    release = threading.Event()
    for name in ("inspect", "finish"):
        with monkeypatch.context() as patch:
            patch.setattr(PartFile, name, lambda *_: release.wait(20.0))
            with pytest.raises(DeadlineExceeded, match="file"):
                session.download(site.url, path, timeout=0.5)
    release.set()


def test_the_deadline_of_a_silent_server(session: Session, site: DownloadSite, path: Path) -> None:
    """The error says what was waited for, whichever timer is first."""
    site.fault = stall_in_body(CUT)
    plan = plan_download(session._config, site.url, path, {"timeout": 3600})
    download = SyncDownload(plan, session.context)
    caller = Caller(download.run)
    wait_until(lambda: download._job.size_bytes == CUT)
    call_on_network_thread(session.context.thread, download._job._on_deadline)
    caller.join()
    assert isinstance(caller.error, DeadlineExceeded)
    assert "the total limit of 3600 s was reached while reading response" in str(caller.error)


def test_the_network_is_done_before_the_disk(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came meanwhile goes into the file with the last piece of work."""
    release = threading.Event()
    begin = PartFile.begin

    def slow_begin(part: PartFile, record: PartRecord | None, gaps: Sequence[Gap]) -> None:
        assert release.wait(20.0)
        begin(part, record, gaps)

    monkeypatch.setattr(PartFile, "begin", slow_begin)
    download = SyncDownload(plan_download(session._config, site.url, path, {}), session.context)
    caller = Caller(download.run)
    wait_until(lambda: download._job.size_bytes == SIZE and not download._job._streams)
    release.set()
    caller.join()
    assert path.read_bytes() == BODY


def test_a_file_that_changes_between_two_ranges_begins_anew(session: Session, site: DownloadSite, path: Path) -> None:
    """Nothing of what was resumed is in the file then."""
    _cut_off(session, site, path)
    changed = BODY[::-1][:700_000]
    site.range_answers = [
        site.partial(CUT, CUT + 9, SIZE),
        Answer(headers={"ETag": '"two"'}, body=changed),
    ]
    done = session.download(site.url, path)
    assert (done.was_resumed, done.size, done.etag) == (False, 700_000, '"two"')
    assert path.read_bytes() == changed


def test_nothing_is_left_on_the_network_thread(session: Session, site: DownloadSite, path: Path) -> None:
    """Neither a request nor a timer, whether it ends well or badly."""
    session.get(site.url)
    context = session.context

    def look() -> tuple[int, int]:
        return context.request_count, len(context.thread.timers)

    before = call_on_network_thread(context.thread, look)
    session.download(site.url, path, timeout=3600)
    site.fault = early_close(5)
    with pytest.raises(TruncatedBody):
        session.download(site.url, path, timeout=3600, overwrite=True)
    site.fault = None
    session.get(site.url)
    assert call_on_network_thread(context.thread, look) == before


def test_the_end_of_the_session_does_not_wait_for_the_disk(
    site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, is_looking = threading.Event(), threading.Event()

    def slow_inspect(part: PartFile, url: str | None) -> None:
        is_looking.set()
        assert release.wait(20.0)

    monkeypatch.setattr(PartFile, "inspect", slow_inspect)
    with Session(trust_env=False) as session:
        caller = Caller(lambda: session.download(site.url, path))
        assert is_looking.wait(20.0)
    caller.join()
    assert isinstance(caller.error, ContextShutDown)
    release.set()


def test_the_end_of_the_session_ends_it(session: Session, site: DownloadSite, path: Path) -> None:
    """Also before the start, on a thread that another session keeps."""
    assert session.get(site.server.url("/hello")).ok
    site.server.forget_requests()
    site.fault = stall_in_body(CUT)
    closed = Session(trust_env=False)
    caller = Caller(lambda: closed.download(site.url, path))
    assert site.server.wait_until(lambda: len(site.requests) == 1)
    context = closed.context
    closed.close()
    caller.join()
    assert isinstance(caller.error, ContextShutDown)
    with pytest.raises(ContextShutDown):
        SyncDownload(plan_download(session._config, site.url, path, {}), context).run()


def test_what_is_cancelled_before_it_starts_or_after_its_end(session: Session, site: DownloadSite, path: Path) -> None:
    """Nothing is sent, and its end is told once."""
    ends: list[BaseException | None] = []

    class Owner:
        def on_progress(self, done_bytes: int, total_bytes: int | None) -> None:
            raise AssertionError("nothing was sent")

        def on_download_complete(self) -> None:
            ends.append(job.error)

    job = DownloadJob(plan_download(session._config, site.url, path, {}), session.context, Owner())

    def cancel_and_start() -> None:
        job.fail(ERR_ABORTED)
        job.start(0.0)
        job.fail(ERR_ABORTED)

    call_on_network_thread(session.context.thread, cancel_and_start)
    assert [type(end).__name__ for end in ends] == ["FetchCancelled"] and list(site.requests) == []


def test_a_request_that_fails_at_once(site: DownloadSite, path: Path) -> None:
    """The throttler lets nobody through in time; what is there stays."""
    dns = DnsSettings(host_resolver_rules="MAP site.test 127.0.0.1")
    with Session(trust_env=False, throttle=True, dns=dns) as session:
        url = site.url.replace("127.0.0.1", "site.test")
        leave_part(path, BODY[:CUT], _record(site).replace(site.url, url))
        site.range_answers = [Answer(503)] * 3
        for _ in range(3):
            with pytest.raises(HTTPStatusError):
                session.download(url, path)
        with pytest.raises(NetError, match=f"ERR_TEMPORARILY_THROTTLED.*{CUT} bytes are kept"):
            session.download(url, path, timeout=0.1)


def test_parts_side_by_side(session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the beginning, from the middle, with gaps; see test_download_parts.py."""
    monkeypatch.setattr(download_job, "LEAST_PART_BYTES", 100_000)
    site.headers["Accept-Ranges"] = "bytes"
    assert session.download(site.url, path, parts=3, checksum=CHECKSUM).size == SIZE
    assert len(site.requests) == 3
    leave_part(path, BODY[:CUT], _record(site))
    site.range_faults = {CUT: early_close(100_000)}
    with pytest.raises(TruncatedBody):
        session.download(site.url, path, parts=2, overwrite=True)
    assert session.download(site.url, path, parts=2, overwrite=True, checksum=CHECKSUM).was_resumed
    record = _record(site).replace("1", "2", 1).replace("}", ', "gaps": [[0, 5], [9, 10]]}')
    leave_part(path, bytes(10) + BODY[10:], record)
    Path(f"{path}.part").write_bytes(bytes(5) + BODY[5:9] + bytes(1) + BODY[10:])
    assert session.download(site.url, path, parts=2, overwrite=True, checksum=CHECKSUM).was_resumed


def test_the_deadline_asks_a_part_that_is_under_way(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others wait for a retry, and know less."""
    monkeypatch.setattr(download_job, "LEAST_PART_BYTES", 100_000)
    site.headers["Accept-Ranges"] = "bytes"
    site.fault, site.range_faults = early_close(50_000), {SIZE // 2: stall_in_body(50_000)}
    retries = RetryPolicy(backoff=1000, jitter=0)
    plan = plan_download(session._config, site.url, path, {"timeout": 3600, "parts": 2, "retries": retries})
    download = SyncDownload(plan, session.context)
    caller = Caller(download.run)
    wait_until(lambda: download._job.size_bytes == 100_000)
    call_on_network_thread(session.context.thread, download._job._on_deadline)
    caller.join()
    assert isinstance(caller.error, DeadlineExceeded) and "while reading response" in str(caller.error)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 300_000), max_size=4), limit=st.one_of(st.none(), st.integers(20_000, 300_000)))
def test_wherever_it_breaks_the_file_is_right_at_the_end(cuts: list[int], limit: int | None) -> None:
    """Each attempt loses its connection so many bytes further on; the last does not."""
    with EmbeddedServer() as server, Session(trust_env=False) as session, TemporaryDirectory() as folder:
        site = DownloadSite(server)
        site.body, site.range_limit = BODY[:300_000], limit
        path = f"{folder}/f"
        for cut in cuts:
            site.fault = early_close(cut)
            with suppress(TruncatedBody):
                session.download(site.url, path, overwrite=True)
        site.fault = None
        session.download(site.url, path, overwrite=True)
        assert Path(path).read_bytes() == site.body and os.listdir(folder) == ["f"]


def test_a_bug_between_two_pieces_of_work_is_told(
    session: Session,
    site: DownloadSite,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody waits for what comes no more: a download need not have a limit of time."""

    def break_down(_: DownloadJob) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(DownloadJob, "_choose_streams", break_down)
    with pytest.raises(NetError, match="ERR_UNEXPECTED"):
        session.download(site.url, path)
    call_on_network_thread(session.context.thread, lambda: None)  # the caller is told before the error is printed
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert site.requests == [] and _names(path) == []
