"""What callers pass as hooks."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.fetcher.hooks import Hooks


def one(_: object) -> None:
    """A hook."""


def two(_: object, *args: object, **kwargs: object) -> None:
    """A hook in the form of requests."""


@pytest.mark.parametrize(
    "value, expected",
    [
        (None, None),
        ({}, None),
        ({"request": []}, None),
        ({"request": None, "response": ()}, None),
        ({"response": two}, Hooks(response=(two,))),
        ({"request": one, "response": [two, one]}, Hooks((one,), (two, one))),
        ({"request": (one, one)}, Hooks((one, one))),
    ],
)
def test_the_forms(value: Any, expected: Hooks | None) -> None:
    """One function or several, of one kind or both; none at all cost nothing later."""
    assert Hooks.from_value(value) == expected


@pytest.mark.parametrize(
    "value, error, text",
    [
        ([one], TypeError, "hooks: pass a mapping"),
        (one, TypeError, "hooks: pass a mapping"),
        ({"respnse": one}, ValueError, "not 'respnse'"),
        ({1: one}, ValueError, "not 1"),
        ({"request": "one"}, TypeError, "hooks: request: must be a function"),
        ({"response": [one, None]}, TypeError, "hooks: response: must be a function"),
        ({"response": {one: 1}}, TypeError, "hooks: response: must be a function"),
    ],
)
def test_what_is_no_hook(value: Any, error: type[Exception], text: str) -> None:
    """The error says what was wrong and what there is."""
    with pytest.raises(error, match=text):
        Hooks.from_value(value)


def test_those_of_the_session_come_first() -> None:
    """And whoever has none adds none."""
    first, second = Hooks((one,)), Hooks((two,), (one,))
    assert first.and_then(second) == Hooks((one, two), (one,))
