"""late_pattern(): a regular expression that is compiled when it is first needed, and kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import AnyStr


def late_pattern(pattern: AnyStr) -> Callable[[], re.Pattern[AnyStr]]:
    """For what the first request of a process need not compile, a fifth of a millisecond each.

    The functions of `re` would do that too, but keep what they compiled only until the program has used some hundred
    others, and look it up in Python. Any thread.
    """
    return cache(partial(re.compile, pattern))
