"""The step machine's rules."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.loop.step_machine import StepMachine
from tests.support.loops import RecordedCompletion


class TwoSteps(StepMachine):
    """Starts with `_open`, goes on with `_finish`; the results of both are given by the test."""

    __slots__ = ("open_result", "seen", "then")

    def __init__(self, open_result: int, then: int = OK) -> None:
        super().__init__()
        self.open_result = open_result
        self.then = then
        self.seen: list[tuple[str, int]] = []

    def start(self, on_done: RecordedCompletion) -> int:
        return self._begin(self._open, on_done)

    def complete(self, result: int) -> None:
        self._on_io_complete(result)

    def cancel(self) -> None:
        self._stop()

    def _open(self, result: int) -> int:
        self.seen.append(("open", result))
        self._step = self._finish
        return self.open_result

    def _finish(self, result: int) -> int:
        self.seen.append(("finish", result))
        return self.then if result == OK else result


@pytest.fixture
def on_done() -> RecordedCompletion:
    return RecordedCompletion()


def test_without_a_wait_the_result_is_returned(on_done: RecordedCompletion) -> None:
    """And the completion is not called."""
    machine = TwoSteps(OK)
    assert machine.start(on_done) == OK
    assert machine.seen == [("open", OK), ("finish", OK)]
    assert not on_done.is_called and not machine.is_pending


def test_the_next_step_receives_the_failure(on_done: RecordedCompletion) -> None:
    """A step that fails at once hands its error to its successor."""
    machine = TwoSteps(ERR_CONNECTION_RESET)
    assert machine.start(on_done) == ERR_CONNECTION_RESET
    assert machine.seen[-1] == ("finish", ERR_CONNECTION_RESET)


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_RESET])
def test_after_a_wait_the_completion_is_called_once(on_done: RecordedCompletion, result: int) -> None:
    """With the final result."""
    machine = TwoSteps(ERR_IO_PENDING)
    assert machine.start(on_done) == ERR_IO_PENDING
    assert machine.is_pending and machine.seen == [("open", OK)]
    machine.complete(result)
    assert on_done.results == [result] and not machine.is_pending


def test_several_waits(on_done: RecordedCompletion) -> None:
    """A last step that waits needs no successor: its result is the machine's."""
    machine = TwoSteps(ERR_IO_PENDING, then=ERR_IO_PENDING)
    machine.start(on_done)
    machine.complete(OK)
    assert not on_done.is_called and machine.is_pending
    machine.complete(ERR_CONNECTION_RESET)
    assert on_done.results == [ERR_CONNECTION_RESET]


def test_the_completion_may_start_the_machine_again() -> None:
    """It is called last, when the machine is idle."""
    machine = TwoSteps(ERR_IO_PENDING)

    class Restart(RecordedCompletion):
        def __call__(self, result: int) -> None:
            super().__call__(result)
            assert machine.start(second) == ERR_IO_PENDING

    first, second = Restart(), RecordedCompletion()
    machine.start(first)
    machine.complete(OK)
    machine.complete(OK)
    assert first.results == second.results == [OK]


def test_after_a_stop_nothing_is_called(on_done: RecordedCompletion) -> None:
    """And the machine may be used again."""
    machine = TwoSteps(ERR_IO_PENDING)
    machine.start(on_done)
    machine.cancel()
    assert not machine.is_pending
    machine.open_result = OK
    assert machine.start(on_done) == OK
    assert not on_done.is_called


def test_misuse_is_noticed(on_done: RecordedCompletion) -> None:
    """Starting twice, and completing what nobody waits for."""
    machine = TwoSteps(ERR_IO_PENDING)
    machine.start(on_done)
    with pytest.raises(AssertionError):
        machine.start(on_done)
    machine.cancel()
    with pytest.raises(AssertionError):
        machine.complete(OK)


class Buggy(TwoSteps):
    """Raises in its first step, or after the wait."""

    __slots__ = ("is_first_step_sound",)

    def __init__(self, is_first_step_sound: bool) -> None:
        super().__init__(ERR_IO_PENDING)
        self.is_first_step_sound = is_first_step_sound

    def _open(self, result: int) -> int:
        if not self.is_first_step_sound:
            self._step = self._finish  # must not be run by whatever comes later
            raise RuntimeError("a bug of a step")
        return super()._open(result)

    def _finish(self, result: int) -> int:
        raise RuntimeError("a bug of a step")


@pytest.mark.parametrize("is_first_step_sound", [False, True])
def test_a_step_that_raises_fails_the_operation(
    on_done: RecordedCompletion, capsys: pytest.CaptureFixture[str], is_first_step_sound: bool
) -> None:
    """At once or through the completion, after the traceback was printed; the consumer does not wait for ever."""
    machine = Buggy(is_first_step_sound)
    result = machine.start(on_done)
    if is_first_step_sound:
        assert result == ERR_IO_PENDING
        machine.complete(OK)
        assert on_done.results == [ERR_UNEXPECTED]
    else:
        assert result == ERR_UNEXPECTED and not on_done.is_called
    assert repr(machine) == "<Buggy idle>" and not machine.is_pending
    assert capsys.readouterr().err.count("RuntimeError: a bug of a step") == 1


def test_an_exception_of_the_consumer_is_not_the_machines(capsys: pytest.CaptureFixture[str]) -> None:
    """It goes to the loop's guard; the consumer is not called a second time."""
    machine = TwoSteps(ERR_IO_PENDING)

    class Consumer(RecordedCompletion):
        def __call__(self, result: int) -> None:
            super().__call__(result)
            raise RuntimeError("a bug of the consumer")

    consumer = Consumer()
    machine.start(consumer)
    with pytest.raises(RuntimeError, match="consumer"):
        machine.complete(OK)
    assert consumer.results == [OK] and capsys.readouterr().err == ""


def test_its_repr_names_the_step(on_done: RecordedCompletion) -> None:
    """Or says that it is idle."""
    machine = TwoSteps(ERR_IO_PENDING)
    assert repr(machine) == "<TwoSteps idle>"
    machine.start(on_done)
    assert repr(machine) == "<TwoSteps finish>"
