"""A process that runs PAC scripts for another, which starts it (pac_child.py).

It reads questions on stdin and answers each on stdout (pac_frames.py), until stdin ends, which it also does when the
asking process dies. Where the system has limits for processes (not on Windows) it can neither open files, make
processes nor take much memory, and a script that cannot be interrupted ends it when it has used twice its time.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import asdict
from typing import IO, Any, Final

from netstack_sync.workers.evaluate_pac import PacEvaluator, PacMoment, ProcessTooBusy
from netstack_sync.workers.pac_answer import PacAnswer, error_of
from netstack_sync.workers.pac_frames import BrokenFrame, encode_frame, read_frame, read_question
from netstack_sync.workers.pac_values import PacLimits, PacOutcome, PacRequest, PacScriptText

if sys.platform != "win32":
    import resource

_ADDRESS_SPACE: Final = 512 << 20  # the interpreter, the engine's limit, and what takes the measure of both


class PacHost:
    """Answers one question after the other."""

    __slots__ = ("_evaluator", "_limits", "_script")

    def __init__(self) -> None:
        self._limits = PacLimits()
        self._evaluator = PacEvaluator(self._limits)
        self._script = PacScriptText("", is_trusted=False)

    def answer(self, question: dict[str, Any]) -> dict[str, object]:
        """What comes of the question."""
        limits = PacLimits(**question["limits"])
        if limits != self._limits:
            self._limits, self._evaluator = limits, PacEvaluator(limits)
        if question["script"] is not None:
            self._script = PacScriptText(question["script"], is_trusted=False)
        allow_cpu_time(2 * limits.run_s)
        return asdict(self._evaluate(*read_question(question, self._script)))

    def _evaluate(self, request: PacRequest, moment: PacMoment) -> PacOutcome:
        try:
            return self._evaluator.evaluate(request, moment)
        except ProcessTooBusy:  # nothing else runs here: this system counts the time in which others run
            spent_s = request.spent_s + self._limits.run_s
            return PacOutcome(error=error_of(PacAnswer("time"), self._limits), spent_s=spent_s)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answers until there is nothing more to read."""
    host = PacHost()
    while True:
        try:
            question = read_frame(requests.read)
        except BrokenFrame:
            return
        answers.write(encode_frame(host.answer(question)))
        answers.flush()


def lock_down() -> None:
    """Gives up what a script should never have, should it get out of its engine."""
    time.localtime()  # reads the time zone's file, which it cannot do afterwards
    if sys.platform != "win32":
        for limit, value in [
            (resource.RLIMIT_AS, _ADDRESS_SPACE),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NPROC, 0),
            (resource.RLIMIT_NOFILE, 3),
        ]:
            try:
                resource.setrlimit(limit, (value, value))
            except (OSError, ValueError):
                pass  # macOS knows no limit of the address space; the engine has its own


def allow_cpu_time(more_s: float) -> None:
    """Ends this process when it has used more than that from now on."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + more_s), hard))


def main() -> None:
    """The process's life."""
    _preload()
    lock_down()
    serve(sys.stdin.buffer, sys.stdout.buffer)


def _preload() -> None:
    """Loads the engine and runs it once, while files can be opened."""
    script = PacScriptText("function FindProxyForURL() { return '' + new Date() }", is_trusted=False)
    PacEvaluator(PacLimits()).evaluate(PacRequest(script, "", ""), PacMoment(0.0, 0))
