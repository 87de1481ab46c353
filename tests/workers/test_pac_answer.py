"""The harness's answers and what they mean in words."""

from __future__ import annotations

import json

import pytest

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers.pac_answer import PacAnswer, error_of, read_answer
from netstack_sync.workers.pac_harness import LINES_BEFORE_SCRIPT
from netstack_sync.workers.pac_values import PacError, PacLimits


def read(**fields: object) -> PacAnswer:
    whole = {"kind": "result", "text": "", "stack": "", "cut": 0, "needs": None, "alerts": []}
    return read_answer(json.dumps(whole | fields))


def error(kind: str, text: str = "", stack: str = "") -> PacError | None:
    return error_of(PacAnswer(kind, text, stack), PacLimits(result_size=10))


def test_an_answer_is_read() -> None:
    """Half characters become U+FFFD, whole ones beyond the first plane stay."""
    answer = read(text="a\ud800\U0001f600", needs="x", alerts=["\udfff"], cut=3)
    assert answer == PacAnswer("result", "a\ufffd\U0001f600", "", "x", ("\ufffd", "... and 3 more characters"))
    assert read(alerts=["a"]).alerts == ("a",)


def test_a_result_is_no_error() -> None:
    """Whatever it says."""
    assert error("result", "PROXY a:1") is None and error("result", "") is None


@pytest.mark.parametrize(
    "kind, text, net_error, words",
    [
        ("time", "", ERR_PAC_SCRIPT_TERMINATED, "did not end within 2 s"),
        ("memory", "", ERR_PAC_SCRIPT_TERMINATED, "more than 64 MiB of memory"),
        ("null", "", ERR_PAC_SCRIPT_TERMINATED, "more than 64 MiB of memory, or threw null"),
        ("error", "InternalError: out of memory", ERR_PAC_SCRIPT_TERMINATED, "more than 64 MiB of memory"),
        ("error", "Error: mine", ERR_PAC_SCRIPT_FAILED, "mine"),
        ("missing", "", ERR_PAC_SCRIPT_FAILED, "no function FindProxyForURL"),
        ("type", "number", ERR_PAC_SCRIPT_FAILED, "type number"),
        ("type", "undefined", ERR_PAC_SCRIPT_FAILED, "returned nothing"),
        ("size", "11", ERR_PAC_SCRIPT_FAILED, "more than 10 characters"),
        ("result", "x" * 11, ERR_PAC_SCRIPT_FAILED, "more than 10 characters"),
        ("result", "\u00fc", ERR_PAC_SCRIPT_FAILED, "not plain ASCII: '\\xfc'"),
        ("result", "\0", ERR_PAC_SCRIPT_FAILED, "not plain ASCII: '\\x00'"),
    ],
)
def test_everything_else_is_told_in_words(kind: str, text: str, net_error: int, words: str) -> None:
    """Scripts that had to be ended have an error of their own."""
    found = error(kind, text)
    assert found is not None and found.net_error == net_error and words in found.message
    assert PacAnswer(kind, text).is_terminated is (net_error == ERR_PAC_SCRIPT_TERMINATED)


@pytest.mark.parametrize(
    "stack, place",
    [
        ("", (None, None)),
        ("    at f (<input>:3:5)\n    at eval (native)\n", (None, None)),
        (f"    at f (<input>:3:5)\n    at g (<input>:{LINES_BEFORE_SCRIPT + 2}:7)\n    at <input>:99999:1", (2, 7)),
    ],
)
def test_the_place_is_the_innermost_in_the_script(stack: str, place: tuple[int | None, int | None]) -> None:
    """Lines of the harness come before."""
    found = error("error", "x", stack)
    assert found is not None and (found.line, found.column) == place
