"""The harness alone: what it answers, what a script cannot reach."""

from __future__ import annotations

import importlib
import json
from typing import Any

from netstack_sync.workers.pac_harness import LINES_BEFORE_SCRIPT, PAC_HARNESS, SCRIPT_PREFIX


def harness() -> Any:
    return importlib.import_module("_quickjs").Context().eval(PAC_HARNESS)


def ask(function: Any, kind: str, one: str = "", other: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(function(kind, one, other, 1000, "{}", None, 0.0, 0.0))
    return answer


def loaded(text: str) -> Any:
    function = harness()
    assert ask(function, "load", SCRIPT_PREFIX + text)["kind"] == "loaded"
    return function


def test_the_harness_is_an_expression_that_leaves_no_trace() -> None:
    """Only the functions of PAC are new among the globals, and they are not listed."""
    names = "Object.keys(globalThis).filter(name => name !== 'performance').join()"
    script = f"function FindProxyForURL() {{ return {names} + typeof define + typeof need }}"
    assert ask(loaded(script), "call")["text"] == "FindProxyForURLundefinedundefined"


def test_the_lines_of_a_script_come_after_those_of_the_harness() -> None:
    """That is how they are told apart."""
    assert SCRIPT_PREFIX.count("\n") == LINES_BEFORE_SCRIPT > PAC_HARNESS.count("\n")
    answer = ask(harness(), "load", SCRIPT_PREFIX + "\nnull.x")
    assert f"<input>:{LINES_BEFORE_SCRIPT + 2}:1" in answer["stack"]


def test_what_a_run_needs_can_be_asked_for_afterwards() -> None:
    """Of a script that was ended in its midst."""
    function = loaded("function FindProxyForURL() { try { dnsResolve('a') } catch (e) {} return '' }")
    assert ask(function, "call")["needs"] == ask(function, "needs")["needs"] == "a"


def test_an_answer_is_one_plain_string() -> None:
    """However long the pieces that it was put together from; the binding fails over others."""
    body = "var s = ''; for (var i = 0; i < %d; i++) s += '\\u0000'; return s"
    whole, long = [ask(loaded(f"function FindProxyForURL() {{ {body % size} }}"), "call") for size in (1000, 1001)]
    assert (whole["kind"], whole["text"]) == ("result", "\0" * 1000)
    assert (long["kind"], long["text"]) == ("size", "1001")


def test_the_error_for_the_end_of_the_time_is_out_of_reach() -> None:
    """Python turns it into text while it holds the interpreter's lock."""
    script = """function FindProxyForURL() {
        'use strict';
        var results = [], p = InternalError.prototype;
        for (var f of [
            function () { p.toString = 5 }, function () { p.name = 5 }, function () { p.message = 5 },
            function () { p.stack = 5 }, function () { p[Symbol.toPrimitive] = 5 },
            function () { Object.setPrototypeOf(p, {}) }, function () { Error.prepareStackTrace = 5 },
            function () { Error.stackTraceLimit = 5 }, function () { delete p.toString },
        ]) { try { f(); results.push('done') } catch (e) { results.push('refused') } }
        return results.join()
    }"""
    assert set(ask(loaded(script), "call")["text"].split(",")) == {"refused"}
