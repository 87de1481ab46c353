"""Budget: the counts that were agreed on, by case, room and function; and what a new count exceeds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METRICS = ("bytecodes", "python calls", "system calls")
"""What is counted, in the order of a row."""
TOLERANCE = 0.05
"""More than this part over the budget fails."""
CHANCE = {"system calls": 1}
"""So many more say nothing: whether an idle socket is looked at hangs on how often the loop has polled meanwhile."""
_SHOWN = 8  # names of what grew, for each case and metric

Row = tuple[int, ...]
"""One count for each metric."""
Counts = Mapping[str, Row]
"""Rows by function: "room/file.py:Class.method"."""


@dataclass(frozen=True)
class Growth:
    """One metric of one case that is over its budget."""

    case: str
    metric: str
    budgeted: int
    counted: int
    rooms: tuple[tuple[str, int, int], ...]
    """Name, budget and count of those that grew, most first."""
    functions: tuple[tuple[str, int, int], ...]

    def __str__(self) -> str:
        over = f"{self.counted / self.budgeted - 1:+.1%}" if self.budgeted else "new"
        lines = [f"{self.case}: {self.counted} {self.metric} a request; the budget is {self.budgeted} ({over})"]
        for title, rows in (("room", self.rooms), ("function", self.functions)):
            lines += [f"    {title} {name}: {old} -> {new} ({new - old:+})" for name, old, new in rows[:_SHOWN]]
            if len(rows) > _SHOWN:
                lines.append(f"    and {len(rows) - _SHOWN} more {title}s")
        return "\n".join(lines)


@dataclass(frozen=True)
class Budget:
    """Counts by case, and what they were made with."""

    versions: Mapping[str, str]
    cases: Mapping[str, Counts]

    @classmethod
    def from_json(cls, text: str) -> Budget:
        """What to_json() wrote; ValueError for anything else."""
        try:
            read: Any = json.loads(text)
            cases = {
                case: {name: _row(row) for name, row in functions.items()} for case, functions in read["cases"].items()
            }
            return cls(dict(read["versions"]), cases)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no budget: {error!r}; write a new one") from error

    def to_json(self) -> str:
        """One line for each function, in order of name, so that a change of the budget reads well as a diff."""
        parts = []
        for case, counts in self.cases.items():
            rows = [f"   {json.dumps(name)}: {json.dumps(list(row))}" for name, row in sorted(counts.items())]
            parts.append(f"  {json.dumps(case)}: {{\n" + ",\n".join(rows) + "\n  }")
        versions = json.dumps(dict(self.versions))
        return f'{{\n "versions": {versions},\n "cases": {{\n' + ",\n".join(parts) + "\n }\n}\n"


def total(counts: Counts) -> Row:
    """Of all functions."""
    return tuple(sum(row[index] for row in counts.values()) for index in range(len(METRICS)))


def by_room(counts: Counts) -> dict[str, Row]:
    """The same, summed by what stands before the first slash."""
    sums: dict[str, Counter[int]] = {}
    for name, row in counts.items():
        sums.setdefault(name.partition("/")[0], Counter()).update(dict(enumerate(row)))
    return {room: tuple(counter[index] for index in range(len(METRICS))) for room, counter in sums.items()}


def find_growth(budget: Budget, counted: Budget, tolerance: float = TOLERANCE) -> Iterator[Growth]:
    """What is over the budget, by more than `tolerance` and CHANCE, in the cases that both have."""
    for case, counts in counted.cases.items():
        agreed = budget.cases.get(case)
        if agreed is None:
            continue
        for index, metric in enumerate(METRICS):
            old, new = total(agreed)[index], total(counts)[index]
            if new > old * (1 + tolerance) + CHANCE.get(metric, 0):
                rooms = _grown(by_room(agreed), by_room(counts), index)
                yield Growth(case, metric, old, new, rooms, _grown(agreed, counts, index))


def find_savings(budget: Budget, counted: Budget, tolerance: float = TOLERANCE) -> list[str]:
    """The cases that need less, by more than `tolerance`: a lower budget would keep that."""
    shared = [case for case in counted.cases if case in budget.cases]
    return [case for case in shared if total(counted.cases[case])[0] < total(budget.cases[case])[0] * (1 - tolerance)]


def find_differing_cases(budget: Budget, counted: Budget) -> list[str]:
    """The cases that only one of them has."""
    return sorted(budget.cases.keys() ^ counted.cases.keys())


def find_spread(runs: Sequence[Budget]) -> dict[tuple[str, str], tuple[int, int]]:
    """The least and the largest total of each case and metric."""
    return {
        (case, metric): (min(totals), max(totals))
        for case in runs[0].cases
        for index, metric in enumerate(METRICS)
        for totals in [[total(run.cases[case])[index] for run in runs]]
    }


def _grown(old: Counts, new: Counts, index: int) -> tuple[tuple[str, int, int], ...]:
    nothing = (0,) * len(METRICS)
    rows = [(name, old.get(name, nothing)[index], row[index]) for name, row in new.items()]
    grown = [row for row in rows if row[2] > row[1]]
    return tuple(sorted(grown, key=lambda row: (row[1] - row[2], row[0])))


def _row(values: list[int]) -> Row:
    if len(values) != len(METRICS) or not all(isinstance(value, int) for value in values):
        raise TypeError(f"a row has {len(METRICS)} whole numbers, not {values!r}")
    return tuple(values)
