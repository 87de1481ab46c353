"""What one stream of a download makes of answers and failures, against a server of ours."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netstack_sync import (
    ConnectionReset,
    DecodingError,
    HTTPStatusError,
    ReadTimeout,
    ResponseTooLarge,
    RetryPolicy,
    Session,
    Timeout,
    TruncatedBody,
)
from netstack_sync.base.net_errors import ERR_ABORTED
from netstack_sync.fetcher import download_job, download_stream
from netstack_sync.fetcher.download import SyncDownload
from netstack_sync.fetcher.download_answer import Judgement, Verdict
from netstack_sync.fetcher.download_arguments import plan_download
from netstack_sync.fetcher.download_job import DownloadJob
from netstack_sync.fetcher.download_stream import DownloadStream
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close, reset_in_body, stall_in_body
from tests.support.download_site import BODY, SIZE, DownloadSite, leave_part
from tests.support.waiting import Caller, wait_until

CHECKSUM = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
CUT = 600_000
PROMPT = RetryPolicy(backoff=0)


@pytest.fixture
def site(server: EmbeddedServer) -> DownloadSite:
    return DownloadSite(server)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f"


def _names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def _leave(site: DownloadSite, path: Path, count: int = CUT) -> None:
    """So many bytes of an earlier attempt."""
    record = f'{{"format": 1, "url": "{site.url}", "validator": "\\"one\\"", "size": {SIZE}}}'
    leave_part(path, BODY[:count], record)


# --- a body that breaks off


def test_without_retries_it_is_the_next_attempts(session: Session, site: DownloadSite, path: Path) -> None:
    site.fault = early_close(CUT)
    with pytest.raises(TruncatedBody, match=f"; {CUT} bytes are kept"):
        session.download(site.url, path)
    assert len(site.requests) == 1


def test_with_retries_it_goes_on_from_there(session: Session, site: DownloadSite, path: Path) -> None:
    """Not from the beginning; and the attempts are told."""
    site.fault = early_close(CUT)
    site.range_faults = {CUT: early_close(200_000), CUT + 200_000: None}
    done = session.download(site.url, path, retries=PROMPT, checksum=CHECKSUM)
    assert (done.size, done.was_resumed, done.response.status) == (SIZE, False, 206)
    assert site.ranges == [None, f"bytes={CUT}-", f"bytes={CUT + 200_000}-"]
    shown = [(a.status, a.net_error is None) for a in done.response.attempts]
    assert shown == [(200, False), (206, False), (206, True)]
    assert path.read_bytes() == BODY and _names(path) == ["f"]


def test_what_cannot_be_gone_on_with_begins_anew(session: Session, site: DownloadSite, path: Path) -> None:
    """Without a strong validator the whole is fetched again; nothing of the first attempt is in the file."""
    answers = [Answer(body=BODY[::-1], fault=early_close(CUT)), Answer(body=BODY)]
    site.server.route("/plain", lambda request: answers.pop(0))
    done = session.download(site.server.url("/plain"), path, retries=PROMPT, checksum=CHECKSUM)
    assert (done.size, done.was_resumed) == (SIZE, False) and len(site.requests) == 2


def test_retries_are_used_up(session: Session, site: DownloadSite, path: Path) -> None:
    """Those of connections, answers and bodies together; what has come is kept, and all attempts are told."""
    site.fault = early_close(50_000)
    with pytest.raises(TruncatedBody, match=r"; 150000 bytes are kept") as raised:
        session.download(site.url, path, retries=RetryPolicy(total=2, backoff=0))
    assert len(site.requests) == 3 and [a.status for a in raised.value.attempts] == [200, 206, 206]
    site.fault, site.range_answers = None, [Answer(503)]
    done = session.download(site.url, path, retries=RetryPolicy(total=1, backoff=0), checksum=CHECKSUM)
    assert done.was_resumed and [a.status for a in done.response.attempts] == [503, 206]


def test_a_silent_server_is_asked_again(session: Session, site: DownloadSite, path: Path) -> None:
    """After Timeout(read=...)."""
    site.fault = stall_in_body(CUT)
    site.range_faults = {CUT: None}
    done = session.download(site.url, path, retries=PROMPT, timeout=Timeout(read=0.2), checksum=CHECKSUM)
    assert done.size == SIZE and site.ranges == [None, f"bytes={CUT}-"]
    site.fault = stall_in_body(CUT)
    with pytest.raises(ReadTimeout, match=f"; {CUT} bytes are kept"):
        session.download(site.url, path, overwrite=True, timeout=Timeout(read=0.2))


def test_no_retry_is_begun_that_would_outlast_the_deadline(session: Session, site: DownloadSite, path: Path) -> None:
    site.fault = early_close(CUT)
    with pytest.raises(TruncatedBody):
        session.download(site.url, path, retries=RetryPolicy(backoff=50, jitter=0), timeout=40)
    assert len(site.requests) == 1


def test_methods_and_bounds_of_the_policy_count(session: Session, site: DownloadSite, path: Path) -> None:
    site.fault = early_close(CUT)
    for policy in (RetryPolicy(read=0), RetryPolicy(methods={"POST"})):
        site.server.forget_requests()
        with pytest.raises(TruncatedBody):
            session.download(site.url, path, retries=policy, resume=False)
        assert len(site.requests) == 1


@pytest.mark.parametrize("ending", ["cancel", "deadline", "session"])
def test_the_wait_for_a_retry_can_be_ended(ending: str, session: Session, site: DownloadSite, path: Path) -> None:
    """As everything; and the file is as far as it was."""
    site.fault = early_close(CUT)
    session.get(site.server.url("/hello"))
    with Session(trust_env=False) as own:
        policy = RetryPolicy(backoff=1000, jitter=0)
        caller = Caller(lambda: own.download(site.url, path, retries=policy, timeout=3600))
        context = own.context

        def jobs() -> list[DownloadJob]:
            return [request for request in context.requests if isinstance(request, DownloadJob)]

        def is_waiting() -> bool:
            return any(stream._retry_timer.is_running for job in jobs() for stream in job._streams)

        wait_until(lambda: bool(call_on_network_thread(context.thread, is_waiting)))
        (job,) = call_on_network_thread(context.thread, jobs) or []
        if ending == "cancel":
            call_on_network_thread(context.thread, lambda: job.fail(ERR_ABORTED))
        elif ending == "deadline":
            call_on_network_thread(context.thread, job._on_deadline)
        else:
            own.close()
        caller.join()
    expected = {"cancel": "FetchCancelled", "deadline": "DeadlineExceeded", "session": "ContextShutDown"}
    assert type(caller.error).__name__ == expected[ending]
    assert call_on_network_thread(session.context.thread, lambda: session.context.request_count) == 0
    assert len(site.requests) == 2


# --- answers


def test_a_coding_of_a_range_that_cannot_be_used_does_not_matter(
    session: Session, site: DownloadSite, path: Path
) -> None:
    """Its body is not; the whole is asked for once, and nothing is under way afterwards."""
    _leave(site, path)
    site.range_answers = [site.partial(CUT + 1, SIZE - 1, SIZE, **{"Content-Encoding": "gzip"})]
    assert session.download(site.url, path, checksum=CHECKSUM).size == SIZE
    assert site.ranges == [f"bytes={CUT}-", None]


def test_a_coding_of_a_range_that_can_be_used_is_refused(session: Session, site: DownloadSite, path: Path) -> None:
    _leave(site, path)
    site.range_answers = [site.partial(CUT, SIZE - 1, SIZE, **{"Content-Encoding": "gzip"})]
    with pytest.raises(DecodingError, match=f"{CUT} bytes are kept"):
        session.download(site.url, path)
    assert Path(f"{path}.part").read_bytes() == BODY[:CUT]


def test_a_page_about_a_range_behind_the_end_may_have_a_coding(
    session: Session, site: DownloadSite, path: Path
) -> None:
    _leave(site, path, SIZE)
    headers = {**site.headers, "Content-Range": f"bytes */{SIZE}", "Content-Encoding": "gzip"}
    site.range_answers = [Answer(416, headers=headers, body=b"no such range")]
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed


def test_a_whole_that_is_too_large_is_not_put_in_its_place(session: Session, site: DownloadSite, path: Path) -> None:
    """It is there already, but the caller does not want so much."""
    _leave(site, path, SIZE)
    with pytest.raises(ResponseTooLarge):
        session.download(site.url, path, max_response_size=1000)
    call_on_network_thread(session.context.thread, lambda: None)
    assert _names(path) == ["f.part", "f.part.json"]


def test_a_server_that_gives_a_few_bytes_at_a_time_is_given_up(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it could have us ask for each byte."""
    monkeypatch.setattr(download_stream, "_MAX_SCRAPS", 3)
    _leave(site, path)
    site.range_limit = 10
    with pytest.raises(TruncatedBody, match=f"a few bytes at a time: .*/file; {CUT + 40} bytes are kept"):
        session.download(site.url, path)
    assert len(site.requests) == 4
    site.range_limit = 100_000
    assert session.download(site.url, path, checksum=CHECKSUM).was_resumed


def test_an_answer_that_is_no_file_after_a_retry(session: Session, site: DownloadSite, path: Path) -> None:
    """The error has its body, not that of the file."""
    site.fault = early_close(CUT)
    site.range_answers = [Answer(404, body=b"gone")]
    with pytest.raises(HTTPStatusError, match="404") as raised:
        session.download(site.url, path, retries=PROMPT)
    assert raised.value.response.content == b"gone"
    assert [a.status for a in raised.value.response.attempts] == [200, 404]
    assert Path(f"{path}.part").read_bytes() == BODY[:CUT]


def test_a_connection_that_fails_after_a_retry(session: Session, site: DownloadSite, path: Path) -> None:
    """What the fetch itself has given up is not retried once more."""
    site.fault = reset_in_body(CUT)
    site.range_faults = {CUT: reset_in_body(0)}
    policy = RetryPolicy(total=1, backoff=0)
    with pytest.raises((ConnectionReset, TruncatedBody)) as raised:
        session.download(site.url, path, retries=policy)
    assert len(site.requests) == 2 and len(raised.value.attempts) == 2


@pytest.mark.parametrize("length", [SIZE - CUT - 5, SIZE - CUT + 5])
def test_a_range_with_another_number_of_bytes_than_it_says(
    length: int, session: Session, site: DownloadSite, path: Path
) -> None:
    """In chunks nothing else tells; what fits is kept, and the rest is asked for again."""
    _leave(site, path)
    headers = {**site.headers, "Content-Range": f"bytes {CUT}-{SIZE - 1}/{SIZE}"}
    site.range_answers = [Answer(206, headers=headers, chunks=[(BODY[CUT:] + b"extra")[:length]])]
    assert session.download(site.url, path, retries=PROMPT, checksum=CHECKSUM).was_resumed
    assert path.read_bytes() == BODY


def test_a_file_that_turns_out_too_large(session: Session, site: DownloadSite, path: Path) -> None:
    site.server.route("/chunks", Answer(chunks=[BODY]))
    with pytest.raises(ResponseTooLarge, match="max_response_size=1000"):
        session.download(site.server.url("/chunks"), path, max_response_size=1000, retries=PROMPT)
    assert len(site.requests) == 1


def test_a_long_page_about_an_error_is_cut(session: Session, site: DownloadSite, path: Path) -> None:
    site.server.route("/long", Answer(404, body=b"x" * 1_000_000))
    with pytest.raises(HTTPStatusError) as raised:
        session.download(site.server.url("/long"), path)
    assert 64 * 1024 <= len(raised.value.response.content) < 1_000_000


def test_the_first_part_leaves_the_rest_to_others(
    session: Session, site: DownloadSite, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer is for the whole, and is dropped where the next part begins."""
    monkeypatch.setattr(download_job, "LEAST_PART_BYTES", 100_000)
    site.headers["Accept-Ranges"] = "bytes"
    session.download(site.url, path, parts=2, checksum=CHECKSUM)
    assert sorted(map(str, site.ranges)) == ["None", f"bytes={SIZE // 2}-{SIZE - 1}"]


def test_a_deadline_while_the_server_is_silent(session: Session, site: DownloadSite, path: Path) -> None:
    """The stream knows what it was waiting for, whichever timer is first."""
    site.fault = stall_in_body(CUT)
    download = SyncDownload(plan_download(session._config, site.url, path, {"timeout": 3600}), session.context)
    caller = Caller(download.run)
    wait_until(lambda: download._job.size_bytes == CUT)
    call_on_network_thread(session.context.thread, download._job._on_deadline)
    caller.join()
    assert "the total limit of 3600 s was reached while reading response" in str(caller.error)


def test_a_page_that_comes_in_crumbs_is_counted_once() -> None:
    """Rule R23: each piece of it is looked at a few times, however many there were before."""
    looks = 0

    class Piece(bytes):
        def __len__(self) -> int:
            nonlocal looks
            looks += 1
            return super().__len__()

    context: Any = SimpleNamespace(thread=SimpleNamespace(timers=None))
    plan: Any = SimpleNamespace(request=SimpleNamespace(retries=None, method="GET"))
    owner: Any = None
    stream = DownloadStream(plan, context, owner, 0, None)
    fetcher: Any = object()
    stream._fetcher, stream._judgement = fetcher, Judgement(Verdict.REFUSED)
    for _ in range(1000):
        assert stream.write(Piece(b"x"))
    assert looks <= 3000
