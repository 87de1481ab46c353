"""Gate: who waits is called once, when it opens."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.loop.gate import Gate


def test_who_waits_is_called_when_it_opens() -> None:
    """In the order of their coming, once; later nobody has to wait."""
    gate, called = Gate(), list[str]()
    assert not gate.is_open
    assert gate.wait(lambda: called.append("a")) == gate.wait(lambda: called.append("b")) == ERR_IO_PENDING
    assert repr(gate) == "<Gate closed 2 waiting>" and called == []
    gate.open()
    gate.open()
    assert called == ["a", "b"] and gate.is_open and repr(gate) == "<Gate open 0 waiting>"
    assert gate.wait(lambda: called.append("late")) == OK and called == ["a", "b"]


def test_an_open_one() -> None:
    """From the start on."""
    assert Gate(is_open=True).wait(lambda: pytest.fail("it is open")) == OK


def test_who_stops_waiting_is_not_called() -> None:
    """Also when another one's call stops it, and when nobody is to be called at all."""
    gate, called = Gate(), list[str]()

    def first() -> None:
        called.append("first")
        gate.stop_waiting(second)

    def second() -> None:
        called.append("second")

    gate.wait(first)
    gate.wait(second)
    gate.stop_waiting(test_an_open_one)
    gate.open()
    assert called == ["first"]
    closed = Gate()
    closed.wait(second)
    closed.drop()
    closed.open()
    assert called == ["first"]


def test_a_bug_of_one_does_not_keep_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed."""
    gate, called = Gate(), list[str]()

    def fail() -> None:
        raise ZeroDivisionError

    gate.wait(fail)
    gate.wait(lambda: called.append("b"))
    gate.open()
    assert called == ["b"] and "ZeroDivisionError" in capsys.readouterr().err
