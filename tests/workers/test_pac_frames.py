"""Frames between two processes: whole, in pieces, and such as an honest child never sends."""

from __future__ import annotations

import io
import json
import math
from dataclasses import asdict
from typing import Any

import pytest

from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_PAC_SCRIPT_FAILED, OK
from netstack_sync.workers.evaluate_pac import PacMoment
from netstack_sync.workers.pac_frames import (
    MAX_FRAME_SIZE,
    BrokenFrame,
    encode_frame,
    outcome_from,
    question_of,
    read_frame,
    read_question,
)
from netstack_sync.workers.pac_values import PacError, PacLimits, PacOutcome
from tests.support.pac_runs import request_of

DEEP = (100_000).to_bytes(4, "big") + b"[" * 100_000
ANSWER: dict[str, Any] = asdict(PacOutcome("DIRECT", alerts=("a",), spent_s=1.5))


def test_a_frame_is_read_from_pieces() -> None:
    """As a pipe gives them, and the next one after it."""
    stream = io.BytesIO(encode_frame({"a": "\u00fc\ud800"}) + encode_frame([1]))
    assert read_frame(lambda size: stream.read(min(size, 3))) == {"a": "\u00fc\ud800"}
    assert read_frame(stream.read) == [1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        encode_frame("abc")[:-1],
        (MAX_FRAME_SIZE + 1).to_bytes(4, "big"),
        b"\0\0\0\1x",
        b"\0\0\0\1\xff",
        DEEP,
    ],
)
def test_a_broken_frame_is_told(data: bytes) -> None:
    """The end, a frame that is too large, and what is no JSON, or none that can be read."""
    with pytest.raises(BrokenFrame):
        read_frame(io.BytesIO(data).read)


def test_a_question_comes_over_as_it_was() -> None:
    """The script only if it is another than before."""
    request = request_of("return 'DIRECT'", {"a": ("1.2.3.4",), "b": None})
    for own in (None, ("10.0.0.1",)):
        moment = PacMoment(1.5, 3600, own)
        question = json.loads(json.dumps(question_of(request, moment, PacLimits(), with_script=True)))
        assert question["script"] == request.script.text and PacLimits(**question["limits"]) == PacLimits()
        read, when = read_question(question, request.script)
        assert when == moment and (read.url, read.host, read.spent_s) == (request.url, request.host, 0.0)
        assert dict(read.known) == json.loads('{"a": ["1.2.3.4"], "b": null}')
    assert question_of(request, moment, PacLimits(), with_script=False)["script"] is None


@pytest.mark.parametrize(
    "outcome",
    [
        PacOutcome("DIRECT", alerts=("a", "b"), spent_s=1.5),
        PacOutcome(""),
        PacOutcome(needs="a"),
        PacOutcome(needs=""),
        PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, "wrong", 3, 5)),
        PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, "wrong")),
    ],
)
def test_an_outcome_comes_over_as_it_was(outcome: PacOutcome) -> None:
    """All three kinds."""
    assert outcome_from(json.loads(json.dumps(asdict(outcome)))) == outcome


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        ANSWER | {"result": 5},
        ANSWER | {"result": "\u00fc"},
        ANSWER | {"result": None},
        ANSWER | {"needs": "a"},
        ANSWER | {"alerts": None},
        ANSWER | {"spent_s": "x"},
        ANSWER | {"spent_s": -1.0},
        ANSWER | {"spent_s": math.nan},
        ANSWER | {"spent_s": math.inf},
        ANSWER | {"result": None, "error": {}},
        ANSWER | {"result": None, "error": {"net_error": "x", "message": "", "line": None, "column": None}},
        ANSWER | {"result": None, "error": {"net_error": OK, "message": "", "line": None, "column": None}},
        ANSWER | {"result": None, "error": {"net_error": ERR_IO_PENDING, "message": "", "line": None, "column": None}},
    ],
)
def test_what_no_child_would_say_is_refused(answer: object) -> None:
    """It runs code of strangers."""
    with pytest.raises(BrokenFrame):
        outcome_from(answer)
