"""The two callback types."""

from __future__ import annotations

from netstack_sync.loop.completion import Completion, Task


def test_what_fits_the_types() -> None:
    """A completion takes the result as an int, a task takes nothing; both return nothing."""
    results: list[int] = []
    completion: Completion = results.append
    task: Task = results.clear
    completion(-7)
    assert results == [-7]
    task()
    assert results == []
