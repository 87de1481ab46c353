"""Every row of Chromium's tests of HTTP/1.1, proxies and requests has a test here, or a reason why it has none.

Rows are numbered in the reference, §17; a docstring that says "Row 163, EmptyResponse: ..." names the row and the test
of Chromium's. A table that is out of date fails: what gets a test must leave it.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROWS = {86, 88, *range(145, 186), *range(212, 226), *range(233, 250)}

NOT_YET = {
    185: "alternative services: HTTP/2 and HTTP/3",
}
"""Rows of which nothing applies, and what they come with."""

NOT_HERE: dict[int, dict[str, str]] = {
    146: {"TooLargePayload": "a chunk is bytes of its own, there is no buffer that could be too small"},
    168: {"AuthIdentityInURLSuppressed": "a URL without credentials is how to suppress them, there is no flag"},
    174: {"CancelDuringInitRequestBody": "bodies are opened where the caller is; there is nothing to wait for"},
    177: {"CacheControl": "the cache"},
    184: {"RetryWithoutConnectionPooling": "HTTP/2", "ReturnHTTP421OnRetry": "HTTP/2: no other host shares a socket"},
    222: {"AutodetectDhcp": "WPAD asks the DNS only"},
    234: {"CancelWhileReadingFromCache": "the cache"},
    237: {"CacheRedirect": "the cache"},
    238: {"SameSiteCookies": "the cookie monster", "ViaPolicy": "the cookie monster", "Async": "the cookie monster"},
    241: {"NoCache": "the cache", "VaryHeader": "the cache"},
    242: {"FailSigning": "the key is OpenSSL's own, so that signing with it does not fail"},
    243: {"PriorityIgnoreLimits": "no request is above the limits", "NetworkAccessed": "the cache"},
}
"""Tests of Chromium's in other rows that have no counterpart, by parts of their names."""

_mentions = re.compile(r"\b[Rr]ows? ([^:.;]*)").findall


@functools.cache
def rows_by_docstring() -> dict[str, set[int]]:
    """The rows that each docstring of a test names."""
    found: dict[str, set[int]] = {}
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                text = " ".join((ast.get_docstring(node) or "").split())
                for numbers in _mentions(text):
                    found.setdefault(text, set()).update(
                        [int(number) for number in re.findall(r"\b\d{2,3}\b", numbers)]
                    )
    return found


def test_every_row_has_a_test_or_a_reason() -> None:
    """Never both."""
    named = set().union(*rows_by_docstring().values()) & ROWS
    assert named == ROWS - set(NOT_YET)


def test_what_is_not_here_is_not_here() -> None:
    """What says of itself that it holds one of these has made the reason untrue."""
    for text, rows in rows_by_docstring().items():
        for row in rows & set(NOT_HERE):
            assert not [name for name in NOT_HERE[row] if name in text], text
