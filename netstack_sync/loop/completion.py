"""The one callback type of operations that may wait."""

from __future__ import annotations

from collections.abc import Callable

Completion = Callable[[int], None]
"""Called once with the final result of an operation that answered ERR_IO_PENDING; never after cancel()."""

Task = Callable[[], None]
"""A unit of work for the network thread."""
