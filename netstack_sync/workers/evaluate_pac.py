"""PacEvaluator: runs PAC scripts in quickjs, within limits of time, memory and stack.

The limit of time is checked by quickjs itself, against the CPU time of the whole process: there is no other that it
knows. Where other threads have used it up the script is not to blame, and ProcessTooBusy says so.
"""

from __future__ import annotations

import importlib
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers.pac_answer import PacAnswer, error_of, read_answer
from netstack_sync.workers.pac_extra import NO_ENGINE
from netstack_sync.workers.pac_harness import PAC_HARNESS, SCRIPT_PREFIX
from netstack_sync.workers.pac_values import PacError, PacLimits, PacOutcome, PacRequest, check_script

OWN_ADDRESSES: Final = ""
"""Stands in `needs` for the addresses of this machine; no script can ask for that name."""

_MAX_SCRIPTS: Final = 4  # compiled on one thread; more than one is rare, and each may hold the limit of memory
_FAIR_SHARE: Final = 0.8  # of the limit; clocks differ, and so much a script has had that is said to have had all
_PEEK_LIMIT_S: Final = 0.5
_LEAST_LIMIT_S: Final = 0.01  # zero would be no limit


class ProcessTooBusy(Exception):
    """The time was used up by other threads of this process; the script has to run elsewhere."""


@dataclass(frozen=True, slots=True)
class PacMoment:
    """What a script can ask of its surroundings."""

    now_s: float
    """Since 1970, UTC."""
    utc_offset_s: int
    own: tuple[str, ...] | None = None
    """This machine's addresses, if they are known already."""


def moment_at(now_s: float) -> PacMoment:
    """The moment as this machine's time zone has it."""
    return PacMoment(now_s, time.localtime(now_s).tm_gmtoff)


class PacEvaluator:
    """Keeps scripts compiled, each in a context of its own. Made, used and dropped by one thread."""

    __slots__ = ("_contexts", "_limits")

    def __init__(self, limits: PacLimits) -> None:
        self._limits = limits
        self._contexts: OrderedDict[str, _Context] = OrderedDict()

    def evaluate(self, request: PacRequest, moment: PacMoment) -> PacOutcome:
        """Runs the script once; raises ProcessTooBusy."""
        limit_s = min(self._limits.run_s, self._limits.total_s - request.spent_s)
        if limit_s <= 0:
            error = PacError(ERR_PAC_SCRIPT_TERMINATED, f"its runs took more than {self._limits.total_s:g} s together")
            return PacOutcome(error=error, spent_s=request.spent_s)
        refusal = None if request.script.text in self._contexts else check_script(request.script.text)
        if refusal is not None:
            return PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, refusal), spent_s=request.spent_s)
        started_s = time.thread_time()
        outcome = self._run(request, moment, limit_s)
        return replace(outcome, spent_s=request.spent_s + time.thread_time() - started_s)

    def close(self) -> None:
        """Drops all scripts."""
        self._contexts.clear()

    def kill(self) -> None:
        """Nothing can end a script from outside: what hangs in it keeps its thread. Any thread."""

    def abandon_after_fork(self) -> None:
        """In a forked child, where nobody uses this."""

    def _run(self, request: PacRequest, moment: PacMoment, limit_s: float) -> PacOutcome:
        text = request.script.text
        try:
            # Out of the cache while it runs: only what ended well is used again.
            context = self._contexts.pop(text, None) or _Context(self._limits)
        except ImportError:
            return PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, NO_ENGINE))
        answer = context.run(request, moment, limit_s)
        if context.is_loaded and not answer.is_terminated:
            self._contexts[text] = context
            if len(self._contexts) > _MAX_SCRIPTS:
                self._contexts.popitem(last=False)
        return self._outcome_of(answer, request.known)

    def _outcome_of(self, answer: PacAnswer, known: Mapping[str, object]) -> PacOutcome:
        if answer.needs is not None:
            if answer.needs and len(known) >= self._limits.max_names:
                text = f"asked for more than {self._limits.max_names} names: its questions never settle"
                return PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, text), alerts=answer.alerts)
            return PacOutcome(needs=answer.needs)
        error = error_of(answer, self._limits)
        return PacOutcome(None if error else answer.text, error=error, alerts=answer.alerts)


class _Context:
    """One script in an engine of its own."""

    __slots__ = ("_context", "_harness", "_result_size", "is_loaded")

    def __init__(self, limits: PacLimits) -> None:
        # Not its package quickjs: that starts a thread when it is imported, which nobody ends.
        self._context: Any = importlib.import_module("_quickjs").Context()
        self._context.set_memory_limit(limits.memory_size)
        self._context.set_max_stack_size(limits.stack_size)
        self._harness: Any = self._context.eval(PAC_HARNESS)
        self._result_size = limits.result_size
        self.is_loaded = False

    def run(self, request: PacRequest, moment: PacMoment, limit_s: float) -> PacAnswer:
        """Loads the script if need be, and calls it."""
        known = json.dumps(request.known)
        own = None if moment.own is None else json.dumps(moment.own)
        surroundings = (self._result_size, known, own, moment.now_s * 1000.0, moment.utc_offset_s * 1000.0)
        started_s = time.thread_time()
        if not self.is_loaded:
            text = SCRIPT_PREFIX + request.script.text.removeprefix("\ufeff")
            answer = self._ask(limit_s, "load", _encodable(text), "", *surroundings)
            self.is_loaded = answer.kind == "loaded" and answer.needs is None
            if not self.is_loaded:
                return answer
        limit_s = max(limit_s - (time.thread_time() - started_s), _LEAST_LIMIT_S)
        return self._ask(limit_s, "call", _encodable(request.url), _encodable(request.host), *surroundings)

    def _ask(self, limit_s: float, kind: str, one: str, other: str, *surroundings: str | float | None) -> PacAnswer:
        started_s = time.thread_time()
        try:
            self._context.set_time_limit(limit_s)
            return read_answer(self._harness(kind, one, other, *surroundings))
        except importlib.import_module("_quickjs").JSException as error:
            if "interrupted" not in str(error):
                return PacAnswer("memory")  # none was left for the answer
        # A script that asked and went on for ever may do better when it is answered.
        self._context.set_time_limit(_PEEK_LIMIT_S)
        needs = read_answer(self._harness("needs", "", "", *surroundings)).needs
        if needs is None and time.thread_time() - started_s < _FAIR_SHARE * limit_s:
            raise ProcessTooBusy
        return PacAnswer("time", needs=needs)


def _encodable(text: str) -> str:
    """The text with a question mark for what UTF-8 cannot say."""
    return text.encode("utf-8", "replace").decode("utf-8")
