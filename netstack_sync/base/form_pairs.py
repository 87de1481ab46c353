"""flat_pairs(): what users pass as a query or a form, as one pair for each parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set, ValuesView
from typing import Final

_SEVERAL: Final = (list, tuple, Set, ValuesView)
_NO_VALUE: Final = (*_SEVERAL, Mapping, Iterator, bytearray, memoryview)
"""Their str() is for a programmer to read, and no server expects it."""


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
