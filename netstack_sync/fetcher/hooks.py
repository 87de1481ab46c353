"""Hooks: functions of the user's that see each request before it is sent, and each response before it is given out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Hook: TypeAlias = Callable[..., Any]
"""Is given a FetchRequest or a Response; gives another one, or None for the same."""

HooksArgument: TypeAlias = Mapping[str, "Hook | Iterable[Hook] | None"] | None
"""By "request" and "response"; each a function or several."""

_KINDS = ("request", "response")


@dataclass(frozen=True, slots=True)
class Hooks:
    """In the order in which they are called; immutable."""

    request: tuple[Hook, ...] = ()
    response: tuple[Hook, ...] = ()

    @classmethod
    def from_value(cls, value: HooksArgument) -> Hooks | None:
        """None when there are none; raises TypeError and ValueError."""
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise TypeError(f'hooks: pass a mapping such as {{"response": function}}, not {type(value).__name__}')
        unknown = [kind for kind in value if kind not in _KINDS]
        if unknown:
            raise ValueError(f'hooks: there are "request" and "response", not {unknown[0]!r}')
        hooks = cls(_functions("request", value.get("request")), _functions("response", value.get("response")))
        return hooks if hooks.request or hooks.response else None

    def and_then(self, others: Hooks) -> Hooks:
        """Both, one after the other."""
        return Hooks(self.request + others.request, self.response + others.response)


def _functions(kind: str, value: object) -> tuple[Hook, ...]:
    if value is None:
        return ()
    found = value if isinstance(value, (list, tuple)) else (value,)
    for function in found:
        if not callable(function):
            raise TypeError(f"hooks: {kind}: must be a function or a list of functions, not {value!r}")
    return tuple(found)
