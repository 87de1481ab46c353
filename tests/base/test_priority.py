"""Six priorities, and every way a user may write one."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.base.priority import DEFAULT_PRIORITY, NUM_PRIORITIES, RequestPriority


def test_bigger_is_more_urgent() -> None:
    """Chromium's numbers, 0 to 5."""
    names = [level.name for level in sorted(RequestPriority)]
    assert names == ["THROTTLED", "IDLE", "LOWEST", "LOW", "MEDIUM", "HIGHEST"]
    assert [level.value for level in RequestPriority] == list(range(NUM_PRIORITIES))
    assert DEFAULT_PRIORITY is RequestPriority.MEDIUM


@pytest.mark.parametrize(
    "value, expected",
    [
        ("high", RequestPriority.HIGHEST),
        ("Highest", RequestPriority.HIGHEST),
        ("LOW", RequestPriority.LOW),
        ("idle", RequestPriority.IDLE),
        (0, RequestPriority.THROTTLED),
        (5, RequestPriority.HIGHEST),
        (RequestPriority.LOWEST, RequestPriority.LOWEST),
    ],
)
def test_a_level_may_be_a_name_a_number_or_a_member(value: str | int, expected: RequestPriority) -> None:
    """Names in any case; "high" is what people type."""
    assert RequestPriority.from_value(value) is expected


@pytest.mark.parametrize("value", ["urgent", "", "4", 6, -1, True, None, 2.0])
def test_anything_else_is_refused_with_the_choices(value: Any) -> None:
    """The message names the parameter, the choices and what was given."""
    with pytest.raises(ValueError, match=r"^priority must be one of 'throttled'.* 0 to 5, not ") as caught:
        RequestPriority.from_value(value)
    assert str(caught.value).endswith(repr(value))
