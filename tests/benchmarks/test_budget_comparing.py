"""The regression guard's comparing: what is over a budget, and by whose fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.budget import comparing
from benchmarks.budget.comparing import Budget, Counts, find_growth

_COUNTS: Counts = {"http/a.py:f": (600, 6, 4), "http/b.py:g": (300, 3, 0), "loop/c.py:h": (100, 1, 1)}


def _budget(counts: Counts, case: str = "get") -> Budget:
    return Budget({"Python": "3.11.7"}, {case: counts})


def _with(name: str, row: tuple[int, int, int]) -> Budget:
    return _budget({**_COUNTS, name: row})


def test_what_is_as_budgeted_has_not_grown() -> None:
    """Equal counts, and lower ones, are within the budget."""
    assert list(find_growth(_budget(_COUNTS), _budget(_COUNTS))) == []
    assert list(find_growth(_budget(_COUNTS), _with("http/a.py:f", (100, 1, 0)))) == []


@pytest.mark.parametrize("bytecodes, is_over", [(650, False), (651, True)])
def test_five_percent_more_in_all_is_the_limit(bytecodes: int, is_over: bool) -> None:
    """1 050 of 1 000 pass, 1 051 do not, whichever function they are in."""
    assert bool(list(find_growth(_budget(_COUNTS), _with("http/a.py:f", (bytecodes, 6, 4))))) is is_over


def test_growth_names_rooms_and_functions_by_what_they_added() -> None:
    """The room and the function with the most come first; what has not grown is not named; a new function is."""
    counted = _budget({**_COUNTS, "http/b.py:g": (310, 3, 0), "loop/new.py:k": (200, 1, 0), "http/a.py:f": (500, 6, 4)})
    (growth,) = [growth for growth in find_growth(_budget(_COUNTS), counted) if growth.metric == "bytecodes"]
    assert growth.functions == (("loop/new.py:k", 0, 200), ("http/b.py:g", 300, 310))
    assert growth.rooms == (("loop", 100, 300),)
    assert str(growth).splitlines() == [
        "get: 1110 bytecodes a request; the budget is 1000 (+11.0%)",
        "    room loop: 100 -> 300 (+200)",
        "    function loop/new.py:k: 0 -> 200 (+200)",
        "    function http/b.py:g: 300 -> 310 (+10)",
    ]


def test_each_metric_has_a_limit_of_its_own() -> None:
    """Two more system calls are over the budget, though nothing else has grown; one may be the loop's chance."""
    assert list(find_growth(_budget(_COUNTS), _with("loop/c.py:h", (100, 1, 2)))) == []
    (growth,) = find_growth(_budget(_COUNTS), _with("loop/c.py:h", (100, 1, 3)))
    assert (growth.metric, growth.budgeted, growth.counted) == ("system calls", 5, 7)


def test_a_long_list_of_names_is_cut_and_says_so() -> None:
    """So that the end of a log shows the other cases, too."""
    counted = _budget({**_COUNTS, **{f"http/n.py:f{number}": (50 + number, 0, 0) for number in range(11)}})
    (growth,) = find_growth(_budget(_COUNTS), counted)
    assert str(growth).splitlines()[-2:] == ["    function http/n.py:f3: 0 -> 53 (+53)", "    and 3 more functions"]


def test_what_was_not_there_at_all_is_new() -> None:
    """A case without system calls gets two: there is no percentage of nothing."""
    (growth,) = find_growth(_budget({"http/a.py:f": (10, 1, 0)}), _budget({"http/a.py:f": (10, 1, 2)}))
    assert str(growth).splitlines()[0] == "get: 2 system calls a request; the budget is 0 (new)"


def test_cases_of_one_side_only_are_found_and_not_compared() -> None:
    """A new case needs a budget; a budget without a case would guard nothing."""
    old, new = _budget(_COUNTS, "old"), _budget(_COUNTS, "new")
    assert list(find_growth(old, new)) == []
    assert comparing.find_differing_cases(old, new) == ["new", "old"]
    assert comparing.find_differing_cases(old, old) == []


def test_savings_are_found_once_they_are_worth_a_new_budget() -> None:
    """More than the tolerance below the budget."""
    assert comparing.find_savings(_budget(_COUNTS), _with("http/a.py:f", (549, 6, 4))) == ["get"]
    assert comparing.find_savings(_budget(_COUNTS), _with("http/a.py:f", (550, 6, 4))) == []
    assert comparing.find_savings(_budget(_COUNTS), _budget({}, "other")) == []


def test_spread_is_of_the_totals_of_several_runs() -> None:
    """Functions may change places as long as the sums stay."""
    spread = comparing.find_spread([_budget(_COUNTS), _with("loop/c.py:h", (110, 1, 1))])
    assert spread["get", "bytecodes"] == (1000, 1010)
    assert spread["get", "python calls"] == (10, 10)


def test_a_budget_is_read_as_it_was_written() -> None:
    """The file is JSON with a line for each function, in order."""
    budget = _budget(dict(sorted(_COUNTS.items(), reverse=True)))
    text = budget.to_json()
    assert Budget.from_json(text) == budget
    assert list(json.loads(text)["cases"]["get"]) == sorted(_COUNTS)
    assert '   "http/a.py:f": [600, 6, 4],\n' in text


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"versions": {}, "cases": {"get": {"f": [1]}}}', '{"cases": "get"}', "x"]
)
def test_what_is_no_budget_is_refused(text: str) -> None:
    """Also a file of an older form, with another number of metrics."""
    with pytest.raises(ValueError):
        Budget.from_json(text)


def test_the_committed_budget_can_be_read() -> None:
    """It has a cost for every case, in the rooms that each request goes through."""
    root = Path(__file__).parents[2]
    budget = Budget.from_json((root / "benchmarks" / "budget" / "budget.json").read_text(encoding="utf-8"))
    assert budget.cases and all(comparing.total(counts)[0] > 0 for counts in budget.cases.values())
    for counts in budget.cases.values():
        assert {"fetcher", "http", "loop"} <= comparing.by_room(counts).keys()
