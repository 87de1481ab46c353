"""A process without free descriptors: idle sockets go, the request is tried once more, nothing spins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_INSUFFICIENT_RESOURCES, ERR_IO_PENDING, OK
from tests.support.pool import PoolRig, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2) as rig:
        yield rig


@pytest.mark.parametrize("second", [OK, ERR_INSUFFICIENT_RESOURCES, ERR_IO_PENDING])
def test_a_job_that_fails_at_once_is_repeated_once(rig: PoolRig, second: int) -> None:
    """What the second one says counts."""
    rig.get("b").release()
    rig.factory.outcomes += [ERR_INSUFFICIENT_RESOURCES, second]
    request = rig.request()
    assert request.first_result == second
    assert rig.group("b") is None and len(rig.factory.jobs) == 3


@pytest.mark.parametrize("second", [OK, ERR_INSUFFICIENT_RESOURCES])
def test_a_job_that_fails_later_is_repeated_once(rig: PoolRig, second: int) -> None:
    """The request keeps its place meanwhile."""
    rig.get("b").release()
    request = rig.request()
    rig.factory.pending_jobs[0].finish(ERR_INSUFFICIENT_RESOURCES)
    rig.run()
    assert request.results == [] and rig.group("b") is None
    rig.factory.pending_jobs[0].finish(second)
    rig.run()
    assert request.results == [second]


def test_without_idle_sockets_it_is_final(rig: PoolRig) -> None:
    """Trying again would only spin."""
    held = rig.get("b")
    rig.factory.outcomes.append(ERR_INSUFFICIENT_RESOURCES)
    assert rig.request().result == ERR_INSUFFICIENT_RESOURCES
    request = rig.request()
    rig.factory.pending_jobs[0].finish(ERR_INSUFFICIENT_RESOURCES)
    rig.run()
    assert request.results == [ERR_INSUFFICIENT_RESOURCES]
    held.release()


def test_a_handle_may_ask_again_later(rig: PoolRig) -> None:
    """Each of its requests has its own second try."""
    request = rig.get()
    for _ in range(2):
        request.release(keep_alive=False)
        rig.get("b").release()
        rig.factory.outcomes += [ERR_INSUFFICIENT_RESOURCES, OK]
        assert request.handle.init(request.on_done) == OK
