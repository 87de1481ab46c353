"""What passes between this process and one that runs PAC scripts: JSON behind its length in four bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers.evaluate_pac import PacMoment
from netstack_sync.workers.pac_values import PacError, PacLimits, PacOutcome, PacRequest, PacScriptText

# A script of 1 MiB, every character of it escaped as \uXXXX.
MAX_FRAME_SIZE: Final = 8 << 20

_HEAD_SIZE: Final = 4
_NET_ERRORS: Final = (ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED)


class BrokenFrame(Exception):
    """The other side ended, or says what it never should."""


def encode_frame(value: object) -> bytes:
    """The value as a frame."""
    body = json.dumps(value).encode("ascii")
    return len(body).to_bytes(_HEAD_SIZE, "big") + body


def read_frame(read: Callable[[int], bytes | None]) -> Any:
    """The value of the next frame, from a `read` that may give less than it is asked for; raises BrokenFrame."""
    size = int.from_bytes(_read_exactly(read, _HEAD_SIZE), "big")
    if size > MAX_FRAME_SIZE:
        raise BrokenFrame(f"a frame of {size} bytes")
    try:
        return json.loads(_read_exactly(read, size))
    except (ValueError, RecursionError) as error:
        raise BrokenFrame(str(error)) from None


def _read_exactly(read: Callable[[int], bytes | None], size: int) -> bytes:
    pieces = []
    while size:
        piece = read(size)
        if not piece:
            raise BrokenFrame("the other side has ended")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def question_of(request: PacRequest, moment: PacMoment, limits: PacLimits, with_script: bool) -> dict[str, object]:
    """What the child is asked; without the script if it is the one of the last time."""
    return {
        "script": request.script.text if with_script else None,
        "url": request.url,
        "host": request.host,
        "known": dict(request.known),
        "spent_s": request.spent_s,
        "now_s": moment.now_s,
        "utc_offset_s": moment.utc_offset_s,
        "own": moment.own,
        "limits": asdict(limits),
    }


def read_question(question: dict[str, Any], script: PacScriptText) -> tuple[PacRequest, PacMoment]:
    """The child's side of question_of()."""
    own = question["own"]
    moment = PacMoment(question["now_s"], question["utc_offset_s"], None if own is None else tuple(own))
    return PacRequest(script, question["url"], question["host"], question["known"], question["spent_s"]), moment


def outcome_from(answer: Any) -> PacOutcome:
    """What the child said, as far as it could have said it honestly: raises BrokenFrame."""
    try:
        error = answer["error"]
        outcome = PacOutcome(
            _text_or_none(answer["result"]),
            _text_or_none(answer["needs"]),
            None if error is None else _error_from(error),
            tuple([str(alert) for alert in answer["alerts"]]),
            _seconds_from(answer["spent_s"]),
        )
    except (TypeError, ValueError, LookupError) as fault:
        raise BrokenFrame(f"not an outcome: {fault!r}") from None
    if [outcome.result, outcome.needs, outcome.error].count(None) != 2 or not (outcome.result or "").isascii():
        raise BrokenFrame("not an outcome")
    return outcome


def _error_from(error: Any) -> PacError:
    net_error, line, column = error["net_error"], error["line"], error["column"]
    if net_error not in _NET_ERRORS:  # others mean something to who waits: OK, or that the answer comes later
        raise ValueError(f"no error of a script: {net_error!r}")
    return PacError(net_error, str(error["message"]), line and int(line), column and int(column))


def _seconds_from(value: Any) -> float:
    seconds = float(value)
    if not 0.0 <= seconds < math.inf:  # not a number is no limit, either
        raise ValueError(f"no time: {value!r}")
    return seconds


def _text_or_none(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"a text was expected, not {type(value).__name__}")
    return value
