"""Event and source types: Chromium's numbers."""

from __future__ import annotations

import enum

import pytest

from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType


def test_phases_are_those_of_the_log_format() -> None:
    """Readers take them from the constants, and ours are the usual ones."""
    assert [(phase.name, phase.value) for phase in NetLogEventPhase] == [
        ("NONE", 0),
        ("BEGIN", 1),
        ("END", 2),
    ]


@pytest.mark.parametrize("types", [NetLogEventType, NetLogSourceType, NetLogEventPhase])
def test_every_type_has_a_number_of_its_own(types: type[enum.IntEnum]) -> None:
    """An alias would be written under another name."""
    enum.unique(types)


@pytest.mark.parametrize(
    "number, name",
    [
        (0, NetLogEventType.CANCELLED),
        (1, NetLogEventType.FAILED),
        (2, NetLogEventType.REQUEST_ALIVE),
        (108, NetLogEventType.URL_REQUEST_START_JOB),
        (521, NetLogEventType.TRANSPORT_SECURITY_STATE_SHOULD_UPGRADE_TO_SSL),
        (0, NetLogSourceType.NONE),
        (1, NetLogSourceType.URL_REQUEST),
        (7, NetLogSourceType.SOCKET),
        (11, NetLogSourceType.HOST_RESOLVER_IMPL_JOB),
        (17, NetLogSourceType.CERT_VERIFIER_JOB),
        (22, NetLogSourceType.HTTP_STREAM_JOB_CONTROLLER),
    ],
)
def test_numbers_are_those_of_chromium_m114(number: int, name: int) -> None:
    """A shift of the table would show here."""
    assert number == name
