"""Every security rule that governs this release has a test that names its advisory (SECURITY.md lists the rules).

A docstring that begins "R7 (CVE-2023-46218): ..." says that the test is of that rule.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
WANTED = {*range(1, 24)} - {19}  # which comes with WebSockets
_rules = re.compile(r"((?:R[0-9]+(?:, | and )?)+) \(([^)]+)\): ").match


def named_rules() -> dict[int, set[str]]:
    """The advisories that tests name, by rule."""
    found: dict[int, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                match = _rules(ast.get_docstring(node) or "")
                for number in re.findall("[0-9]+", match[1]) if match else ():
                    assert match is not None
                    found.setdefault(int(number), set()).update(match[2].split(", "))
    return found


def test_every_rule_has_a_test_that_names_its_advisory() -> None:
    """By number, as it is published."""
    found = named_rules()
    assert set(found) >= WANTED
    for number in WANTED:
        assert any([re.fullmatch(r"CVE-20[0-9]{2}-[0-9]{4,}", advisory) for advisory in found[number]]), number
