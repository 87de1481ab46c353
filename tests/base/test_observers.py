"""Observers may come and go at any moment, also while they are told something."""

from __future__ import annotations

import pytest

from netstack_sync.base.observers import ObserverList


def test_all_are_told_in_the_order_they_came() -> None:
    """Each once."""
    observers: ObserverList[str] = ObserverList()
    observers.add("a")
    observers.add("b")
    told: list[str] = []
    observers.notify(told.append)
    assert told == ["a", "b"]
    assert len(observers) == 2
    assert repr(observers) == "<ObserverList ['a', 'b']>"


def test_who_is_removed_during_a_round_is_not_told_any_more() -> None:
    """It may be half torn down by then."""
    observers: ObserverList[str] = ObserverList()
    told: list[str] = []

    def tell(observer: str) -> None:
        told.append(observer)
        observers.remove("a")
        observers.remove("b")

    for observer in "abc":
        observers.add(observer)
    observers.notify(tell)
    assert told == ["a", "c"]
    assert len(observers) == 1


def test_who_is_added_during_a_round_waits_for_the_next() -> None:
    """So that no round is endless."""
    observers: ObserverList[int] = ObserverList()
    observers.add(0)
    told: list[int] = []

    def tell(observer: int) -> None:
        told.append(observer)
        observers.add(len(observers))

    observers.notify(tell)
    assert told == [0]
    assert len(observers) == 2


def test_an_observers_error_is_raised_to_whoever_notifies() -> None:
    """It is not swallowed, and the list stays as it was."""
    observers: ObserverList[str] = ObserverList()
    observers.add("a")

    def tell(observer: str) -> None:
        raise RuntimeError(observer)

    with pytest.raises(RuntimeError, match="a"):
        observers.notify(tell)
    assert len(observers) == 1


def test_adding_twice_is_a_mistake_and_removing_a_stranger_is_none() -> None:
    """Tearing down need not know how far setting up had come."""
    observers: ObserverList[str] = ObserverList()
    observers.remove("a")
    observers.add("a")
    with pytest.raises(AssertionError, match="observes already"):
        observers.add("a")
    observers.remove("a")
    observers.remove("a")
    assert len(observers) == 0


def test_a_bound_method_can_be_removed_by_naming_it_again() -> None:
    """Each access makes a new object; they are equal."""
    observers: ObserverList[object] = ObserverList()
    told: list[str] = []
    observers.add(told.append)
    observers.remove(told.append)
    assert len(observers) == 0
