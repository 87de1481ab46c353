"""Fixtures of the tests of proxies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.loops import LoopDriver, driven_loop
from tests.support.pac import PacWorld
from tests.support.proxy_service import ServiceWorld


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


@pytest.fixture
def world(driver: LoopDriver, capsys: pytest.CaptureFixture[str]) -> Iterator[PacWorld]:
    """Everything is over at the end; an exception that the loop had to catch fails the test."""
    world = PacWorld(driver)
    yield world
    world.assert_clean()
    assert "Traceback" not in capsys.readouterr().err


@pytest.fixture
def service(world: PacWorld) -> Iterator[ServiceWorld]:
    """A service that is shut down at the end, after which nothing is left of it."""
    service = ServiceWorld(world)
    yield service
    service.service.shut_down()
    service.run()
    assert len(service.configs.observers) == 0
