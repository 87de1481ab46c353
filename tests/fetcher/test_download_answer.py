"""What the head of an answer means for a download."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.fetcher.download_answer import Judgement, Verdict, foreign_coding, judge_answer, takes_ranges
from netstack_sync.wire.http1_framing import HTTP_1_1, Framing
from netstack_sync.wire.http1_response import ResponseHead
from netstack_sync.workers.part_record import PartRecord

RECORD = PartRecord("http://h/", '"a"', 10)
UNSIZED = PartRecord("http://h/", '"a"', None)
ASK_ANEW = Judgement(Verdict.ASK_ANEW)
REFUSED = Judgement(Verdict.REFUSED)


def _head(status: int, length: int | None = None, **headers: str) -> ResponseHead:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return ResponseHead(status, "", HTTP_1_1, ResponseHeaders.from_items(fields), Framing(length, False, True, False))


@pytest.mark.parametrize("record", [None, RECORD])
@pytest.mark.parametrize("status", [200, 203])
@pytest.mark.parametrize("length", [None, 0, 12])
def test_a_whole_answer_begins_the_file_anew(status: int, length: int | None, record: PartRecord | None) -> None:
    """Also where a range was asked for: the file has changed, or the server knows no ranges."""
    assert judge_answer(_head(status, length), record, 4) == Judgement(Verdict.BEGIN, length, length)


@pytest.mark.parametrize("record", [RECORD, UNSIZED])
@pytest.mark.parametrize(
    ("head", "length"),
    [
        (_head(206, 6, content_range="bytes 4-9/10"), 6),
        (_head(206, None, content_range="bytes 4-9/10", etag='"a"'), 6),
        (_head(206, 2, content_range="bytes 4-5/10"), 2),
    ],
)
def test_a_range_that_fits_goes_on(head: ResponseHead, length: int, record: PartRecord) -> None:
    """It may be shorter than what was asked for (RFC 9110 §15.3.7)."""
    assert judge_answer(head, record, 4) == Judgement(Verdict.GO_ON, length, 10)


@pytest.mark.parametrize(
    "head",
    [
        _head(206, 6),
        _head(206, 6, content_type="multipart/byteranges; boundary=x"),
        _head(206, 6, content_range="bytes 4-9/*"),
        _head(206, 7, content_range="bytes 3-9/10"),
        _head(206, 5, content_range="bytes 5-9/10"),
        _head(206, 7, content_range="bytes 4-10/11"),
        _head(206, 5, content_range="bytes 4-9/10"),
        _head(206, 6, content_range="bytes 4-9/10", etag='"b"'),
        _head(416),
        _head(416, content_range="bytes */3"),
        _head(416, content_range="bytes */11"),
    ],
)
def test_a_range_that_does_not_fit_is_not_used(head: ResponseHead) -> None:
    """Another place, another size, another state of the file, or not said at all."""
    assert judge_answer(head, RECORD, 4) == ASK_ANEW


def test_a_range_that_ends_where_it_should() -> None:
    """No further than was asked for: what comes after it is brought by others."""
    head = _head(206, 4, content_range="bytes 4-7/10")
    for end in (8, 9, 10, None):
        assert judge_answer(head, RECORD, 4, end) == Judgement(Verdict.GO_ON, 4, 10)
    assert judge_answer(head, RECORD, 4, 7) == ASK_ANEW


@pytest.mark.parametrize(("value", "expected"), [("bytes", True), ("none", False), ("x, Bytes", True), ("", False)])
def test_who_takes_ranges_says_so(value: str, expected: bool) -> None:
    assert takes_ranges(_head(200, accept_ranges=value)) is expected
    assert not takes_ranges(_head(200))


def test_a_416_behind_the_last_byte_means_that_all_is_here() -> None:
    """If it is still the same file."""
    whole = _head(416, content_range="bytes */10")
    for record in (RECORD, UNSIZED):
        assert judge_answer(whole, record, 10) == Judgement(Verdict.WHOLE, 0, 10)
    assert judge_answer(_head(416, content_range="bytes */10", etag='"b"'), RECORD, 10) == ASK_ANEW
    assert judge_answer(_head(416, content_range="bytes */12"), UNSIZED, 10) == ASK_ANEW


@pytest.mark.parametrize("status", [204, 206, 302, 304, 404, 416, 503])
def test_everything_else_is_no_file(status: int) -> None:
    """A range that nobody asked for, too."""
    assert judge_answer(_head(status, 6, content_range="bytes 4-9/10"), None, 0) == REFUSED
    if status not in (206, 416):
        assert judge_answer(_head(status), RECORD, 4) == REFUSED


@pytest.mark.parametrize(
    ("value", "expected"), [("gzip", "gzip"), ("Identity", ""), ("identity, br, gzip", "br, gzip"), ("", "")]
)
def test_codings_that_were_not_asked_for(value: str, expected: str) -> None:
    assert foreign_coding(_head(200, content_encoding=value)) == expected
    assert foreign_coding(_head(200)) == ""
