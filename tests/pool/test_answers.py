"""Answers: everybody is told once, in order, in a task; none keeps the others from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_FAILED
from netstack_sync.loop.completion import Task
from netstack_sync.pool.answers import Answers
from netstack_sync.pool.request import SocketRequest
from tests.support.pool import PoolRig, pool_rig


class Scene:
    """Answers whose tasks the test runs."""

    def __init__(self, rig: PoolRig) -> None:
        self.rig = rig
        self.tasks: list[Task] = []
        self.answers = Answers(self.tasks.append)
        self.told: list[int] = []

    def answer(self, number: int, then: Callable[[], object] = lambda: None) -> SocketRequest:
        """A request is answered, which remembers its number when it is told."""

        def on_done(_: int) -> None:
            self.told.append(number)
            then()

        handle = self.rig.new_handle()
        handle.request = request = SocketRequest(on_done)
        self.answers.add(handle, ERR_CONNECTION_FAILED)
        assert request.result == ERR_CONNECTION_FAILED
        return request

    def run_task(self) -> None:
        """The task that was posted."""
        self.tasks.pop(0)()


@pytest.fixture
def scene() -> Iterator[Scene]:
    with pool_rig() as rig:
        rig.net_log.remove_observer(rig.net_log)
        yield Scene(rig)


def test_one_task_tells_all_who_were_answered_before_it_runs(scene: Scene) -> None:
    """In their order; nobody from inside the call, which is the one of somebody else."""
    for number in range(3):
        scene.answer(number)
    assert scene.told == [] and len(scene.tasks) == 1
    scene.run_task()
    assert scene.told == [0, 1, 2] and scene.tasks == []
    scene.answer(3)
    scene.run_task()
    assert scene.told == [0, 1, 2, 3] and scene.tasks == []


def test_who_is_answered_by_what_another_does_is_told_by_the_next_task(scene: Scene) -> None:
    """A circle of requests that hand a socket on leaves the loop time for everything else."""
    scene.answer(0, lambda: scene.answer(1))
    scene.run_task()
    assert scene.told == [0] and len(scene.tasks) == 1
    scene.run_task()
    assert scene.told == [0, 1] and scene.tasks == []


def test_a_crowd_is_told_in_several_tasks(scene: Scene) -> None:
    """One at a time."""
    for number in range(40):
        scene.answer(number)
    scene.run_task()
    assert 0 < len(scene.told) < 40 and len(scene.tasks) == 1
    while scene.tasks:
        scene.run_task()
    assert scene.told == list(range(40))


def test_who_withdrew_is_not_told(scene: Scene) -> None:
    """Row 56."""
    scene.answer(0).on_done = None
    scene.answer(1)
    scene.run_task()
    assert scene.told == [1]


def test_who_is_told_does_not_wait_any_more(scene: Scene) -> None:
    """Row 55: he may ask again, or withdraw."""
    requests: list[SocketRequest] = []
    waiting: list[bool] = []
    requests.append(scene.answer(0, lambda: waiting.append(requests[0].on_done is not None)))
    scene.run_task()
    assert waiting == [False]


def test_a_callback_that_raises_keeps_nobody_from_being_told(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Its bug is printed, as that of any task."""

    def fail() -> None:
        raise RuntimeError("a bug")

    scene.answer(0, fail)
    scene.answer(1)
    scene.run_task()
    assert scene.told == [0, 1] and scene.tasks == []
    assert "a bug" in capsys.readouterr().err
