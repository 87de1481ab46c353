"""Frozen: slots that are set once. Value: fields that are compared, hashed and shown besides."""

from __future__ import annotations

import copy
import pickle
from typing import Final

import pytest

from netstack_sync.base.value import Frozen, Value


class Room(Value):
    __slots__ = ("beds", "name")

    def __init__(self, name: str, beds: int = 1) -> None:
        if beds < 0:
            raise ValueError("beds")
        self.name: Final = name
        self.beds: Final = beds


class Cell(Value):
    __slots__ = ("beds", "name")

    def __init__(self, name: str, beds: int = 1) -> None:
        self.name: Final = name
        self.beds: Final = beds


def test_values_are_equal_by_their_fields() -> None:
    """And only to those of their own class."""
    assert Room("a") == Room("a", 1) != Room("a", 2)
    assert Room("a") != ("a", 1)
    assert Room("a") != Cell("a")
    assert len({Room("a"), Room("a"), Room("b")}) == 2
    assert repr(Room("a")) == "Room(beds=1, name='a')"


class Sign(Frozen):
    __slots__ = ("text",)

    _how_else = "paint another one"

    def __init__(self, text: str) -> None:
        self.text: Final = text


def test_what_does_not_change_says_what_to_do_instead() -> None:
    """And is compared as any object is."""
    sign = Sign("a")
    with pytest.raises(AttributeError, match="text: a Sign does not change; paint another one"):
        setattr(sign, "text", "b")  # noqa: B010
    with pytest.raises(AttributeError, match="text: a Sign does not change; paint another one"):
        del sign.text
    assert sign.text == "a" and sign != Sign("a")


def test_a_value_does_not_change() -> None:
    """Neither its fields nor what else it has."""
    room = Room("a")
    for name in ("beds", "replaced"):
        with pytest.raises(AttributeError, match=f"{name}: a Room does not change; replaced"):
            setattr(room, name, 2)
    with pytest.raises(AttributeError, match="beds: a Room does not change"):
        del room.beds
    with pytest.raises(AttributeError):
        room.windows = 2  # type: ignore[attr-defined]
    assert room == Room("a", 1)


def test_another_one_is_made_of_it() -> None:
    """By the same checks."""
    room = Room("a", 2)
    assert room.replaced(beds=3) == Room("a", 3)
    assert room.replaced() == room
    with pytest.raises(ValueError, match="beds"):
        room.replaced(beds=-1)
    with pytest.raises(TypeError, match="windows"):
        room.replaced(windows=1)


def test_a_value_is_copied_and_pickled() -> None:
    """As settings are that go to another process."""
    room = Room("a", 2)
    assert copy.copy(room) == copy.deepcopy(room) == room
    assert {pickle.loads(pickle.dumps(room, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)} == {room}


@pytest.mark.skipif(not hasattr(copy, "replace"), reason="new in Python 3.13")
def test_the_library_makes_another_one_too() -> None:
    """As it does of dataclasses and named tuples."""
    assert copy.replace(Room("a"), beds=2) == Room("a", 2)  # type: ignore[attr-defined,unused-ignore]
