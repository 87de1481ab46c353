"""The child's side, in this process: questions and answers, and what it gives up before."""

from __future__ import annotations

import io
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from netstack_sync.workers import pac_host
from netstack_sync.workers.evaluate_pac import PacEvaluator, ProcessTooBusy
from netstack_sync.workers.pac_frames import BrokenFrame, encode_frame, outcome_from, question_of, read_frame
from netstack_sync.workers.pac_values import PacLimits, PacOutcome, PacRequest
from tests.support.pac_runs import error_text, moment, request_of

resource = pytest.importorskip("resource")


@pytest.fixture(autouse=True)
def limits_set(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[int, int]]:
    """What would have been limited in a process of its own."""
    found: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", lambda limit, values: found.update({limit: values}))
    return found


def question(request: PacRequest, with_script: bool = True, limits: PacLimits | None = None) -> dict[str, object]:
    return question_of(request, moment(), limits or PacLimits(), with_script)


def answers_to(*questions: object) -> list[PacOutcome]:
    asked = io.BytesIO(b"".join([encode_frame(question) for question in questions]))
    answered = io.BytesIO()
    pac_host.serve(asked, answered)
    answered.seek(0)
    found = []
    try:
        while True:
            found.append(outcome_from(read_frame(answered.read)))
    except BrokenFrame:
        return found


def test_questions_are_answered_until_there_are_no_more() -> None:
    """A script is sent once."""
    request = request_of("return 'PROXY ' + dnsResolve('a')")
    known = replace(request, known={"a": ("1.2.3.4",)})
    first, second = answers_to(question(request), question(known, with_script=False))
    assert (first.needs, second.result) == ("a", "PROXY 1.2.3.4")


def test_another_script_and_other_limits_are_minded() -> None:
    """They come with the question."""
    one, other = request_of("return 'PROXY one'"), request_of("return 'PROXY other'")
    outcomes = answers_to(question(one), question(other), question(one, limits=PacLimits(result_size=3)))
    assert [outcome.result for outcome in outcomes] == ["PROXY one", "PROXY other", None]
    assert "more than 3 characters" in error_text(outcomes[2])


def test_a_system_that_counts_the_time_of_others_ends_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nobody to hand it on to."""

    def busy(*_: object) -> None:
        raise ProcessTooBusy

    monkeypatch.setattr(PacEvaluator, "evaluate", busy)
    (outcome,) = answers_to(question(request_of("return 'DIRECT'")))
    assert error_text(outcome) == "the script did not end within 2 s" and outcome.spent_s == 2.0


def test_each_question_has_its_time(limits_set: dict[int, tuple[int, int]]) -> None:
    """Twice the limit, from what was used before; then the system ends the process."""
    answers_to(question(request_of("return 'DIRECT'")))
    soft, hard = limits_set[resource.RLIMIT_CPU]
    assert 4 <= soft <= time.process_time() + 5 and hard == resource.getrlimit(resource.RLIMIT_CPU)[1]


def test_the_process_gives_up_what_no_script_needs(limits_set: dict[int, tuple[int, int]]) -> None:
    """Files, processes, memory, core dumps."""
    pac_host.lock_down()
    assert limits_set == {
        resource.RLIMIT_AS: (512 << 20, 512 << 20),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NPROC: (0, 0),
        resource.RLIMIT_NOFILE: (3, 3),
    }


def test_a_limit_that_the_system_does_not_know_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are tried."""
    tried: list[int] = []

    def refuse(limit: int, _: object) -> None:
        tried.append(limit)
        raise ValueError

    monkeypatch.setattr(resource, "setrlimit", refuse)
    pac_host.lock_down()
    assert len(tried) == 5


def test_windows_has_no_such_limits(monkeypatch: pytest.MonkeyPatch, limits_set: dict[int, tuple[int, int]]) -> None:
    """Then the engine's own are all there are, and the deadline of who asks."""
    monkeypatch.setattr(sys, "platform", "win32")
    pac_host.lock_down()
    pac_host.allow_cpu_time(5.0)
    assert limits_set == {}


def test_the_process_reads_stdin_and_writes_stdout(
    monkeypatch: pytest.MonkeyPatch, limits_set: dict[int, tuple[int, int]]
) -> None:
    """With all that is needed loaded before it is locked."""

    class Stream:
        def __init__(self, data: bytes) -> None:
            self.buffer = io.BytesIO(data)

    stdin: Any = Stream(encode_frame(question(request_of("return 'DIRECT'"))))
    stdout: Any = Stream(b"")
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr(sys, "stdout", stdout)
    pac_host.main()
    stdout.buffer.seek(0)
    assert outcome_from(read_frame(stdout.buffer.read)).result == "DIRECT"
    assert resource.RLIMIT_NOFILE in limits_set
