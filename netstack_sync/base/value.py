"""Frozen and Value: the base classes of what does not change and is read by the first request of a process.

A dataclass writes its methods as source when it is read, and brings `inspect` along: half a millisecond for each class.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

V = TypeVar("V", bound="Value")


class Frozen:
    """Has slots that are set once, each as `self.x: Final = x`."""

    __slots__ = ()

    _how_else: ClassVar[str]
    """What makes another one, for who tries to change this one."""

    if not TYPE_CHECKING:  # else every name could be set, mistyped ones too

        def __setattr__(self, name: str, value: object) -> None:
            if hasattr(self, name):
                raise AttributeError(f"{name}: a {type(self).__name__} does not change; {self._how_else}")
            object.__setattr__(self, name, value)

        def __delattr__(self, name: str) -> None:
            raise AttributeError(f"{name}: a {type(self).__name__} does not change; {self._how_else}")


class Value(Frozen):
    """Compared, hashed and shown by its fields, which are set once.

    The fields are the `__slots__` of the class, which nobody derives from, and so the parameters of its `__init__`, in
    its order: it checks them and sets each.
    """

    __slots__: tuple[str, ...] = ()

    _how_else = "replaced() makes another one"

    def replaced(self: V, **changes: Any) -> V:
        """Another one, in which some fields differ; checked again."""
        return type(self)(**{**dict(zip(self.__slots__, self._fields(), strict=True)), **changes})

    __replace__ = replaced
    """For copy.replace(), from Python 3.13 on."""

    def __reduce__(self) -> tuple[Callable[[], object], tuple[()]]:
        """By its fields alone, under every protocol of pickle."""
        return partial(type(self), **dict(zip(self.__slots__, self._fields(), strict=True))), ()

    def _fields(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__slots__])

    def _compared(self) -> tuple[object, ...]:
        """What makes two of them differ."""
        return self._fields()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in zip(self.__slots__, self._fields(), strict=True)]
        return f"{type(self).__name__}({', '.join(shown)})"
