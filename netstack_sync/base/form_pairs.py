"""What users pass as a query or a form: one pair for each parameter, and all of them as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set, ValuesView
from typing import Final
from urllib.parse import quote_plus

_SEVERAL: Final = (list, tuple, Set, ValuesView)
_NO_VALUE: Final = (*_SEVERAL, Mapping, Iterator, bytearray, memoryview)
"""Their str() is for a programmer to read, and no server expects it."""


_is_plain: Final = re.compile(r"[A-Za-z0-9_.~\-]*").fullmatch  # what quote_plus() leaves as it is


class BadPairValue(TypeError):
    """A value that is not meant to be sent; the message names the argument."""


def flat_pairs(argument: str, params: Mapping[str, object] | Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
    """Spreads lists, tuples and sets over several parameters and leaves None out, as users of requests expect.

    Raises BadPairValue, and what Python raises for what is no pairs.
    """
    flat: list[tuple[str, object]] = []
    for name, value in params.items() if isinstance(params, Mapping) else params:
        if isinstance(value, (str, int)):  # fast path
            flat.append((name, value))
            continue
        for one in value if isinstance(value, _SEVERAL) else (value,):
            if isinstance(one, _NO_VALUE):
                raise BadPairValue(
                    f"{argument}: {name!r} is, or holds, a {type(one).__name__}; "
                    "pass a string, bytes, a number, or a list of these"
                )
            if one is not None:
                flat.append((name, one))
    return flat


def form_encoded(pairs: Iterable[tuple[object, object]]) -> str:
    """The pairs as application/x-www-form-urlencoded, as urllib.parse.urlencode() has them."""
    return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in pairs])


def _quoted(value: object) -> str:
    if isinstance(value, bytes):
        return quote_plus(value)
    text = str(value)
    return text if _is_plain(text) else quote_plus(text)
