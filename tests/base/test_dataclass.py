"""The decorator of base/dataclass.py makes what the one of the standard library makes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
import typing
from typing import Any

import pytest

from netstack_sync.base.dataclass import dataclass, field, replace
from netstack_sync.fetcher.limits import Limits

# The type checker takes both decorators for the same; the tests look at what they do.


@dataclass(frozen=True, slots=True)
class Frozen:
    """A value."""

    a: int
    b: list[int] = field(default_factory=list)
    c: str = field(default="c", repr=False)
    d: float = field(default=0.5, compare=False)
    e: int = field(default=7, kw_only=True)
    f: int = field(default=0, init=False)
    g: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "g", self.a + 1)

    def doubled(self) -> int:
        """A method."""
        return self.a * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """The same, of the standard library."""

    a: int
    b: list[int] = dataclasses.field(default_factory=list)
    c: str = dataclasses.field(default="c", repr=False)
    d: float = dataclasses.field(default=0.5, compare=False)
    e: int = dataclasses.field(default=7, kw_only=True)
    f: int = dataclasses.field(default=0, init=False)
    g: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "g", self.a + 1)


@dataclass(slots=True)
class Open:
    """May be changed."""

    a: int
    made: list[int] = field(default_factory=list, init=False)


@dataclass(frozen=True, slots=True)
class Lonely:
    """One field."""

    a: Any


@dataclass(frozen=True, slots=True)
class Empty:
    """None at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """All by name."""

    a: int
    b: int = 2


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plain:
    """Neither compared nor shown."""

    a: int


@dataclass(frozen=True, slots=True)
class Own:
    """Has its own of everything."""

    a: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __hash__(self) -> int:
        return 5

    def __repr__(self) -> str:
        return "own"


def test_signature_annotations_and_words_are_the_same() -> None:
    assert str(inspect.signature(Frozen)) == str(inspect.signature(Standard)).replace("Standard", "Frozen")
    assert typing.get_type_hints(Frozen.__init__) == typing.get_type_hints(Standard.__init__)
    assert typing.get_type_hints(Frozen) == typing.get_type_hints(Standard)
    assert Frozen.__init__.__qualname__ == "Frozen.__init__" and Frozen.__qualname__ == "Frozen"
    assert Frozen.__match_args__ == Standard.__match_args__ == ("a", "b", "c", "d")
    assert Frozen.__slots__ == Standard.__slots__ and not hasattr(Frozen(1), "__dict__")
    assert inspect.getdoc(Frozen) == "A value."


def test_values_are_made_shown_and_compared_the_same() -> None:
    ours, theirs = Frozen(1, [2], e=3), Standard(1, [2], e=3)
    assert repr(ours) == repr(theirs).replace("Standard", "Frozen")
    assert [getattr(ours, name) for name in Frozen.__slots__] == [getattr(theirs, name) for name in Frozen.__slots__]
    assert Frozen(1).b is not Frozen(1).b and ours.doubled() == 2
    assert Frozen(1, d=0.1) == Frozen(1, d=0.2) != Frozen(2)
    assert ours.__eq__(theirs) is NotImplemented
    assert {Named(a=1): "x"}[Named(a=1)] == "x" and hash(Named(a=1)) != hash(Named(a=2))
    assert Lonely(1) == Lonely(1) != Lonely(2) and Empty() == Empty() and hash(Empty()) == hash(Empty())
    nan = float("nan")
    assert Lonely(nan) == Lonely(nan)  # as in tuples: what is the same object is equal
    assert Open(1) == Open(1) and Open.__hash__ is None and Open(1).made == []
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        Frozen()
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        Named(1)


def test_what_a_class_says_itself_counts() -> None:
    assert repr(Own(1)) == "own" and Own(1) == Own(2) and hash(Own(1)) == 5
    assert (Plain(1) != Plain(1) and hash(Plain(1)) != hash(Plain(1))) or Plain(1) is not Plain(1)
    assert repr(Plain(1)).startswith("<")


def test_frozen_ones_cannot_be_changed() -> None:
    value = Frozen(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
        value.a = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot delete field 'a'"):
        del value.a
    with pytest.raises(AttributeError, match="cannot assign to field 'x'"):
        value.x = 2  # type: ignore[attr-defined]

    class Extended(Frozen):
        """A user's, with a __dict__."""

    extended: Any = Extended(1)
    extended.note = "mine"
    del extended.note
    with pytest.raises(AttributeError):
        extended.a = 2
    changed = Open(1)
    changed.a = 2
    assert changed.a == 2


def test_the_functions_of_the_standard_library_take_them() -> None:
    assert dataclasses.is_dataclass(Frozen)
    assert [each.name for each in dataclasses.fields(Frozen)] == [each.name for each in dataclasses.fields(Standard)]
    assert dataclasses.asdict(Frozen(1)) == dataclasses.asdict(Standard(1))
    assert dataclasses.replace(Frozen(1), a=4) == Frozen(4) == replace(Frozen(1), a=4)
    assert copy.copy(Frozen(1, [3])) == copy.deepcopy(Frozen(1, [3])) == Frozen(1, [3])
    with pytest.raises((TypeError, ValueError), match="init=False"):  # which, depends on the version of Python
        dataclasses.replace(Frozen(1), f=4)
    with pytest.raises(TypeError, match="unexpected keyword argument 'f'"):
        replace(Frozen(1), f=4)


def test_they_pickle() -> None:
    assert pickle.loads(pickle.dumps(Limits(per_host=3))) == Limits(per_host=3)
    state: Any = Frozen(1, [2])
    assert state.__getstate__() == [1, [2], "c", 0.5, 7, 0, 2]


def test_making_them_does_not_import_the_library() -> None:
    """It is what makes the first request of a process slow."""
    program = "import sys, netstack_sync.base.proxy_chain as m; m.DIRECT; print('dataclasses' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
