"""Scripts in the engine: restarts, limits, hostile ones, and what the outcome says."""

from __future__ import annotations

import builtins
import importlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers import evaluate_pac
from netstack_sync.workers.evaluate_pac import OWN_ADDRESSES, PacEvaluator, ProcessTooBusy, moment_at
from netstack_sync.workers.pac_values import MAX_PAC_BYTES, PacLimits, PacOutcome, PacRequest, PacScriptText
from tests.support.pac_runs import HOST, URL, error_text, moment, request_of, run_once, script_of

SHORT = PacLimits(run_s=0.2, total_s=0.5)


def test_a_script_is_told_the_url_and_the_host() -> None:
    """Row 225: Direct, Basic."""
    outcome = run_once("return 'PROXY ' + url + ' ' + host")
    assert outcome.result == f"PROXY {URL} {HOST}" and outcome.spent_s > 0
    assert (outcome.needs, outcome.error, outcome.alerts, outcome.thread_number) == (None, None, (), None)


def test_an_empty_result_is_a_result() -> None:
    """Row 225: ReturnEmptyString."""
    assert run_once("return ''").result == ""


@pytest.mark.parametrize("end", ["", "// a comment", "\nvar x = 5", "\n/* */"])
def test_a_script_may_end_as_it_likes(end: str) -> None:
    """Row 225: EndsWithComment, EndsWithStatementWithoutSemicolon."""
    assert run_once(script_of("return 'DIRECT'") + end).result == "DIRECT"


@pytest.mark.parametrize(
    "before", ['"use strict";\n', "\ufeff", "<!-- hidden from old browsers\n", "var FindProxyForURL;"]
)
def test_a_script_may_begin_as_it_likes(before: str) -> None:
    """Its functions are global even if it is strict."""
    assert run_once(before + script_of("return 'DIRECT'")).result == "DIRECT"


def test_a_script_keeps_its_variables_between_calls() -> None:
    """Row 225: SideEffects."""
    evaluator = PacEvaluator(PacLimits())
    request = request_of("var count = 0; function FindProxyForURL() { return 'PROXY p' + count++ }")
    assert [evaluator.evaluate(request, moment()).result for _ in range(3)] == ["PROXY p0", "PROXY p1", "PROXY p2"]


@pytest.mark.parametrize(
    "body, words",
    [
        ("return 5", "returned a value of type number instead of a string"),
        ("", "returned nothing instead of a string"),
        ("return null", "type null"),
        ("return true", "type boolean"),
        ("return {}", "type object"),
        ("return new String('DIRECT')", "type object"),
        ("return 5n", "type bigint"),
        ("return FindProxyForURL", "type function"),
        ("return Symbol('x')", "type symbol"),
        ("return Promise.resolve('DIRECT')", "type object"),
        ("return 'PROXY b\u00fccher'", "not plain ASCII: 'PROXY b\\xfccher'"),
        ("return '\\ud800'", "not plain ASCII"),
        ("return 'a\\u0000b'", "not plain ASCII"),
        ("return 'x'.repeat(65537)", "more than 65536 characters"),
        ("throw 'text'", "text"),
        ("throw undefined", "undefined"),
        ("throw Symbol('x')", "Symbol(x)"),
        ("throw { toString() { throw 1 } }", "an exception without a text"),
        ("throw { stack: 5, toString() { return 'mine' } }", "mine"),
    ],
)
def test_what_is_no_answer_is_told_in_words(body: str, words: str) -> None:
    """Row 225: BadReturnType, NonASCII."""
    outcome = run_once(script_of(body))
    assert words in error_text(outcome) and outcome.result is None
    assert outcome.error is not None and outcome.error.net_error == ERR_PAC_SCRIPT_FAILED


def test_a_result_as_long_as_may_be_is_one() -> None:
    """And arrives whole, however it was put together."""
    body = "var s = ''; for (var i = 0; i < 65536; i++) s += i % 10; return s"
    assert run_once(body).result == ("0123456789" * 6554)[:65536]


@pytest.mark.parametrize(
    "text, shown",
    [
        ("\nfunction FindProxyForURL(u, h) {\n  return 1 +;\n}", "line 3, column 13: SyntaxError: "),
        ("function FindProxyForURL(u, h) {", "line 1, column 33: SyntaxError: "),
        ("function FindProxyForURL(u, h) {\n\n  return nobody(u);\n}", "line 3, column 10: ReferenceError: "),
        ("function FindProxyForURL(u, h) {\n  throw new Error('mine');\n}", "line 2, column 13: mine"),
        ("function f() {\n  null.x\n}\nf()\nfunction FindProxyForURL(u, h) {}", "line 2, column 3: TypeError: "),
        ("function FindProxyForURL() { return f() }\nfunction f() { return f() + 1 }", "line 2, column 23: RangeE"),
        ("function FindProxyForURL() {\n  return (0, eval)('\\n\\n1 +')\n}", "line 2, column "),
    ],
)
def test_an_error_has_its_place_in_the_script(text: str, shown: str) -> None:
    """Row 225: ParseError, UnhandledException. Whatever stands around it, and from where it is called."""
    assert error_text(run_once(text)).startswith(shown)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "the script is empty"),
        ("<html><body>FindProxyForURL(", "this is HTML, not a script"),
        (script_of("").ljust(MAX_PAC_BYTES + 1), "larger than 1048576 bytes"),
        ("var FindProxyForURL = 5", "no function FindProxyForURL"),
        ("const FindProxyForURL = () => 'DIRECT'", "no function FindProxyForURL"),
        ("// FindProxyForURL", "no function FindProxyForURL"),
    ],
)
def test_what_is_no_script_is_told_in_words(text: str, words: str) -> None:
    """Row 225: NoEntryPoint, NoSetPacScript."""
    request = PacRequest(PacScriptText(text, True), URL, HOST)
    assert words in error_text(PacEvaluator(PacLimits()).evaluate(request, moment()))


def test_half_characters_of_a_script_or_url_are_replaced() -> None:
    """No text is too odd to be handed over."""
    request = PacRequest(PacScriptText(script_of("return url + '\ud800'.length"), True), "http://\udfff/", "\ud800")
    assert PacEvaluator(PacLimits()).evaluate(request, moment()).result == "http://?/1"


# ---- names


def test_an_unknown_name_makes_the_run_void() -> None:
    """The next one knows it."""
    request = request_of("alert('void?'); return 'PROXY ' + dnsResolve('Proxy.Example') + ':1'")
    evaluator = PacEvaluator(PacLimits())
    outcome = evaluator.evaluate(request, moment())
    assert (outcome.needs, outcome.result, outcome.error, outcome.alerts) == ("proxy.example", None, None, ())
    outcome = evaluator.evaluate(request.answered(outcome, ("1.2.3.4",)), moment())
    assert (outcome.result, outcome.alerts) == ("PROXY 1.2.3.4:1", ("void?",))


@pytest.mark.parametrize(
    "body",
    [
        "try { dnsResolve('x') } catch (e) { return 'WRONG' }",
        "try { dnsResolve('x') } finally { return 'WRONG' }",
        "try { dnsResolve('x') } catch (e) { try { dnsResolve('y') } catch (e) {} return 'WRONG' }",
        "try { dnsResolve('x') } catch (e) { try { myIpAddress() } catch (e) {} return 'WRONG' }",
        "try { isInNet('x', '0.0.0.0', '0.0.0.0') } catch (e) { throw new Error('WRONG') }",
        "while (true) { try { return dnsResolve('x') } catch (e) {} }",
    ],
)
def test_a_script_cannot_hide_what_it_asked(body: str) -> None:
    """Whatever it makes of the exception, the first name that was unknown counts."""
    outcome = run_once(script_of(body), limits=SHORT, at=moment(own=None))
    assert (outcome.needs, outcome.result, outcome.error) == ("x", None, None)


def test_a_name_may_be_asked_for_while_the_script_is_loaded() -> None:
    """Row 225: BindingCalledDuringInitialization."""
    request = request_of("var ip = dnsResolve('x');\nfunction FindProxyForURL(u, h) { return 'PROXY ' + ip }")
    evaluator = PacEvaluator(PacLimits())
    outcome = evaluator.evaluate(request, moment())
    assert outcome.needs == "x"
    assert evaluator.evaluate(request.answered(outcome, ("1.2.3.4",)), moment()).result == "PROXY 1.2.3.4"


def test_questions_that_never_settle_end_with_an_error() -> None:
    """A script may ask for twenty names."""
    evaluator = PacEvaluator(PacLimits())
    request = request_of("return dnsResolve('x' + Math.random())")
    for _ in range(20):
        outcome = evaluator.evaluate(request, moment())
        assert outcome.needs is not None
        request = request.answered(outcome, None)
    assert "more than 20 names: its questions never settle" in error_text(evaluator.evaluate(request, moment()))


def test_twenty_names_are_not_too_many() -> None:
    """All of them are answered in the last run."""
    known: dict[str, tuple[str, ...] | None] = {f"h{number}": ("1.2.3.4",) for number in range(20)}
    body = "var n = 0; for (var i = 0; i < 20; i++) if (isResolvable('h' + i)) n++; return '' + n"
    assert run_once(body, known).result == "20"


def test_the_machines_own_addresses_are_asked_for_like_a_name() -> None:
    """By one that no script can ask for, and which is none of the twenty."""
    known: dict[str, tuple[str, ...] | None] = {f"h{number}": None for number in range(20)}
    assert run_once("return myIpAddress()", known, moment(own=None)).needs == OWN_ADDRESSES
    assert run_once("return myIpAddress()", known, moment(own=("10.0.0.1",))).result == "10.0.0.1"


# ---- alerts


def test_alerts_are_texts() -> None:
    """Row 225: V8Bindings. Anything can be said, and half a character does no harm."""
    outcome = run_once("alert('one'); alert(2); alert(); alert({}); alert('\\ud800\\u0000\u00fc'); return 'DIRECT'")
    assert outcome.alerts == ("one", "2", "undefined", "[object Object]", "\ufffd\0\u00fc")


def test_alerts_are_cut_and_say_so() -> None:
    """After 2 KiB of a run."""
    outcome = run_once("alert('x'.repeat(2000)); alert('y'.repeat(100)); alert('z'.repeat(50)); return 'DIRECT'")
    assert outcome.alerts == ("x" * 2000, "y" * 48, "... and 102 more characters")


def test_alerts_before_an_error_are_told() -> None:
    """They may tell why."""
    outcome = run_once("alert('here'); return nobody")
    assert outcome.alerts == ("here",) and "ReferenceError" in error_text(outcome)


# ---- limits


@pytest.mark.parametrize(
    "text",
    [
        "while (true) {}",
        "while (true) { try { while (true) {} } catch (e) {} finally { continue } }",
        "return '' + /^(a+)+$/.test('a'.repeat(40) + 'b')",
        "while (true) {}\nfunction FindProxyForURL() {}",
        "throw { toString() { while (true) {} } }",
        "throw { get stack() { while (true) {} } }",
        "return { toString() { while (true) {} } }.toString()",
        "alert({ toString() { while (true) {} } })",
        "Error.prototype.toString = function () { while (true) {} }; while (true) {}",
        "InternalError.prototype.toString = 5; Error.prepareStackTrace = function () { return 5 }; while (true) {}",
        "Object.defineProperty(Object.prototype, 'message', { get() { while (true) {} } }); while (true) {}",
        "Object.defineProperty(Object.prototype, 'stack', { get() { while (true) {} } }); while (true) {}",
        "Object.prototype.toString = String.prototype.toString = function () { while (true) {} }; while (true) {}",
        "Error.stackTraceLimit = { valueOf() { while (true) {} } }; while (true) {}",
        "function f() { try { f() } catch (e) {} while (true) {} } f()",
    ],
)
def test_an_endless_script_is_ended_within_its_time(text: str) -> None:
    """Row 225: TerminateExecution. And nothing of it runs while the interpreter's lock is held."""
    ticks: list[float] = []
    with ticking(ticks):
        outcome = run_once(text, limits=SHORT)
    assert error_text(outcome) == "the script did not end within 0.2 s"
    assert outcome.error is not None and outcome.error.net_error == ERR_PAC_SCRIPT_TERMINATED
    assert len(ticks) > 2, "other threads had no turn"


class ticking:
    """A thread beside that has a turn now and then."""

    def __init__(self, ticks: list[float]) -> None:
        self._ticks = ticks
        self._is_over = False
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._is_over:
            self._ticks.append(time.monotonic())
            time.sleep(0.02)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()


@pytest.mark.parametrize(
    "body",
    [
        "var a = []; while (true) a.push(new Array(1000).fill(1))",
        "new ArrayBuffer(1e9); return 'DIRECT'",
        "var a = []; for (var i = 0; i < 300; i++) a.push(new SharedArrayBuffer(1e6)); return 'DIRECT'",
        "var a = new Array(5e6).fill(0).map(Math.random); while (true) a.sort()",
        "var a = []; while (true) { var s = 'x'.repeat(1e6) + Math.random(); a.push(s.split('')) }",
    ],
)
def test_a_script_that_takes_too_much_memory_is_ended(body: str) -> None:
    """Within the limit."""
    outcome = run_once(body, limits=PacLimits(memory_size=16 << 20))
    assert "the script used more than 16 MiB of memory" in error_text(outcome)
    assert outcome.error is not None and outcome.error.net_error == ERR_PAC_SCRIPT_TERMINATED


def test_no_memory_for_the_answer_is_no_memory() -> None:
    """The script may have kept all there is and say nothing of it."""
    text = """var kept = [];
    function FindProxyForURL() {
        for (var size = 1e5; size >= 1; size /= 2)
            try { while (true) kept.push(new Array(size | 0).fill(1)) } catch (e) {}
        return "x".repeat(30000)
    }"""
    outcome = run_once(text, limits=PacLimits(memory_size=8 << 20))
    assert "the script used more than 8 MiB of memory" in error_text(outcome)


@pytest.mark.parametrize("first", ["while (true) {}", "var a = []; while (true) a.push(new Array(1000).fill(1))"])
def test_a_script_that_was_ended_begins_anew(first: str) -> None:
    """Its engine was left in the midst of something."""
    evaluator = PacEvaluator(SHORT)
    request = request_of(
        f"var count = 0; function FindProxyForURL(u) {{ if (count++ == 1) {{ {first} }} return '' + count }}"
    )
    assert evaluator.evaluate(request, moment()).result == "1"
    assert evaluator.evaluate(request, moment()).error is not None
    assert evaluator.evaluate(request, moment()).result == "1"


def test_all_runs_together_have_a_limit() -> None:
    """What was spent before counts, and the last run has what is left."""
    evaluator = PacEvaluator(SHORT)
    request = request_of("while (true) { try { return dnsResolve('x') } catch (e) {} }")
    outcome = evaluator.evaluate(request, moment())
    assert outcome.needs == "x" and outcome.spent_s > 0.1
    spent = request.answered(PacOutcome(needs="x", spent_s=0.5), None)
    assert error_text(evaluator.evaluate(spent, moment())) == "its runs took more than 0.5 s together"


def test_time_that_others_used_up_is_not_the_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine counts that of the whole process; the thread's own clock tells."""
    monkeypatch.setattr(time, "thread_time", lambda: 5.0)
    with pytest.raises(ProcessTooBusy):
        run_once("while (true) {}", limits=SHORT)


# ---- the engine


def test_scripts_are_compiled_once_and_the_oldest_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has an engine of its own."""
    made: list[object] = []
    module: Any = importlib.import_module("_quickjs")

    class Counting:
        JSException = module.JSException

        @staticmethod
        def Context() -> object:
            made.append(module.Context())
            return made[-1]

    monkeypatch.setattr(importlib, "import_module", lambda name: Counting)
    evaluator = PacEvaluator(PacLimits())
    for numbers, expected in [((0, 1, 2, 3, 0, 1), 4), ((4,), 5), ((0, 1), 5), ((2,), 6)]:
        for number in numbers:
            assert evaluator.evaluate(request_of(f"return 'PROXY p{number}'"), moment()).result == f"PROXY p{number}"
        assert len(made) == expected
    evaluator.close()
    evaluator.evaluate(request_of("return 'PROXY p0'"), moment())
    assert len(made) == 7
    evaluator.kill()
    evaluator.abandon_after_fork()


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(name: str) -> None:
        raise ImportError(name)

    with monkeypatch.context() as patch:
        patch.setattr(importlib, "import_module", fail)
        yield


@pytest.mark.usefixtures("no_engine")
def test_without_the_engine_the_error_names_the_extra() -> None:
    """Nothing else of the package needs it."""
    assert "pip install 'netstack-sync[pac]'" in error_text(run_once("return 'DIRECT'"))


def test_a_fault_of_the_engine_is_no_error_of_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is raised."""
    monkeypatch.setattr(evaluate_pac, "read_answer", lambda answer: builtins.int("no number"))
    with pytest.raises(ValueError):
        run_once("return 'DIRECT'")


def test_a_moment_has_the_time_zone_of_the_machine() -> None:
    """At that moment: there may be summer time."""
    for now_s in (1795000000.0, 1780000000.0):
        assert moment_at(now_s).utc_offset_s == time.localtime(now_s).tm_gmtoff
        assert (moment_at(now_s).now_s, moment_at(now_s).own) == (now_s, None)
