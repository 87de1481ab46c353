"""PacAnswer: what the harness of a PAC script says, and what that means in words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers.pac_harness import LINES_BEFORE_SCRIPT
from netstack_sync.workers.pac_values import ENTRY_POINT, PacError, PacLimits

_FRAME: Final = re.compile(r"<input>:(\d+):(\d+)")
_MAX_SHOWN: Final = 60
_OUT_OF_MEMORY: Final = "InternalError: out of memory"


@dataclass(frozen=True, slots=True)
class PacAnswer:
    """One answer; `kind` is the harness's, or "time" or "memory" if it could not give one."""

    kind: str
    text: str = ""
    stack: str = ""
    needs: str | None = None
    alerts: tuple[str, ...] = ()

    @property
    def is_terminated(self) -> bool:
        """True when the script was stopped somewhere in its midst; its context is of no more use."""
        return self.kind in ("time", "memory", "null") or self.text == _OUT_OF_MEMORY


def read_answer(answer: str) -> PacAnswer:
    """The harness's JSON as a value; half characters become U+FFFD."""
    read = json.loads(answer)
    alerts = [_whole(alert) for alert in read["alerts"]]
    if read["cut"]:
        alerts.append(f"... and {read['cut']} more characters")
    return PacAnswer(read["kind"], _whole(read["text"]), read["stack"], read["needs"], tuple(alerts))


def error_of(answer: PacAnswer, limits: PacLimits) -> PacError | None:
    """What is wrong with the answer; None for a result."""
    if answer.kind == "time":
        return PacError(ERR_PAC_SCRIPT_TERMINATED, f"the script did not end within {limits.run_s:g} s")
    if answer.is_terminated:
        text = f"the script used more than {limits.memory_size >> 20} MiB of memory"
        if answer.kind == "null":  # what the engine throws when no memory is left for an error
            text += ", or threw null"
        return PacError(ERR_PAC_SCRIPT_TERMINATED, text, *_place_in(answer.stack))
    if answer.kind == "error":
        return PacError(ERR_PAC_SCRIPT_FAILED, answer.text.removeprefix("Error: "), *_place_in(answer.stack))
    text = _wrong_result(answer, limits)
    return PacError(ERR_PAC_SCRIPT_FAILED, text) if text else None


def _wrong_result(answer: PacAnswer, limits: PacLimits) -> str:
    if answer.kind == "missing":
        return f"the script has no function {ENTRY_POINT}(url, host)"
    if answer.kind == "type":
        what = "nothing" if answer.text == "undefined" else f"a value of type {answer.text}"
        return f"{ENTRY_POINT} returned {what} instead of a string"
    if answer.kind == "size" or len(answer.text) > limits.result_size:
        return f"{ENTRY_POINT} returned a string of more than {limits.result_size} characters"
    if not answer.text.isascii() or "\0" in answer.text:
        return f"{ENTRY_POINT} returned a string that is not plain ASCII: {answer.text[:_MAX_SHOWN]!a}"
    return ""


def _place_in(stack: str) -> tuple[int, int] | tuple[None, None]:
    """Line and column of the innermost call in the script itself."""
    for match in _FRAME.finditer(stack):
        line = int(match[1]) - LINES_BEFORE_SCRIPT
        if line > 0:
            return line, int(match[2])
    return None, None


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
