"""What the head of an answer means for a download."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from netstack_sync.base.http_util import parse_list
from netstack_sync.http.validators import is_of_same_representation
from netstack_sync.wire.content_range import parse_content_range, parse_unsatisfied_range
from netstack_sync.wire.http1_response import ResponseHead
from netstack_sync.workers.part_record import PartRecord

_OK: Final = 200
_TRANSFORMED: Final = 203  # by a proxy; a whole answer all the same
_PARTIAL: Final = 206
_NOT_SATISFIABLE: Final = 416


class Verdict(Enum):
    """What to do."""

    BEGIN = "the body is the whole file"
    GO_ON = "the body goes on where the part ends"
    WHOLE = "the part is the whole file"
    ASK_ANEW = "the range cannot be used: ask for the whole"
    REFUSED = "there is no file"


class Judgement(NamedTuple):
    """A verdict, and how much is to come."""

    verdict: Verdict
    length: int | None = None
    """Bytes of the body; None when only its end will tell."""
    size: int | None = None
    """Bytes of the whole file, where that is known."""


def judge_answer(head: ResponseHead, record: PartRecord | None, first: int, end: int | None = None) -> Judgement:
    """The meaning of an answer to a request for the bytes from `first` on, up to `end` without it or to the last one;
    or for the whole, without a record.

    A range is used only if it says that it fits: right where the part ends, no further than asked, of the same whole.
    Else the whole is asked for, because to a server that gets ranges wrong there is no other question (RFC 9110 §14.4,
    §15.5.17).
    """
    if head.status in (_OK, _TRANSFORMED):
        return Judgement(Verdict.BEGIN, head.content_length, head.content_length)
    if record is None:
        return Judgement(Verdict.REFUSED)
    if head.status == _PARTIAL:
        return _judge_partial(head, record, first, end)
    if head.status == _NOT_SATISFIABLE:
        whole = parse_unsatisfied_range(head.headers.get("content-range"))
        if whole == first and _is_same(head, record, whole):
            return Judgement(Verdict.WHOLE, 0, whole)
        return Judgement(Verdict.ASK_ANEW)
    return Judgement(Verdict.REFUSED)


def takes_ranges(head: ResponseHead) -> bool:
    """True when the server says so itself (RFC 9110 §14.3)."""
    units = parse_list(head.headers.get("accept-ranges") or "")
    return any([unit.lower() == "bytes" for unit in units])


def foreign_coding(head: ResponseHead) -> str:
    """The content codings that were not asked for; empty for identity."""
    codings = parse_list(head.headers.get("content-encoding") or "")
    return ", ".join([coding for coding in codings if coding.lower() != "identity"])


def _judge_partial(head: ResponseHead, record: PartRecord, first: int, end: int | None) -> Judgement:
    part = parse_content_range(head.headers.get("content-range"))
    if part is None or part.size is None or part.first != first or not _is_same(head, record, part.size):
        return Judgement(Verdict.ASK_ANEW)
    if end is not None and part.last >= end:
        return Judgement(Verdict.ASK_ANEW)
    if head.content_length not in (None, part.length):
        return Judgement(Verdict.ASK_ANEW)
    return Judgement(Verdict.GO_ON, part.length, part.size)


def _is_same(head: ResponseHead, record: PartRecord, size: int) -> bool:
    return record.size in (None, size) and is_of_same_representation(head.headers, record.validator)
