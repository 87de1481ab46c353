"""The record of scripts that did harm."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED
from netstack_sync.workers.pac_record import PacRecord
from netstack_sync.workers.pac_values import PacError, PacOutcome, PacScriptText

ENDED = PacOutcome(error=PacError(ERR_PAC_SCRIPT_TERMINATED, "too long"))
FAILED = PacOutcome(error=PacError(ERR_PAC_SCRIPT_FAILED, "wrong"))


def script(number: int = 0) -> PacScriptText:
    return PacScriptText(f"script {number}", is_trusted=True)


def test_a_script_that_hung_stays_suspect() -> None:
    """Others are not, and a few are remembered."""
    record = PacRecord(2)
    record.note_hang(script(0))
    assert record.is_suspect(script(0)) and not record.is_suspect(script(1))
    for number in range(1, 17):
        record.note_hang(script(number))
    assert not record.is_suspect(script(0)) and record.is_suspect(script(16))


def test_a_script_that_is_ended_in_a_row_is_left_alone_for_half_a_minute() -> None:
    """Then one request tries it: if it is ended again it is left alone again, else all is as before."""
    record = PacRecord(2)
    for now_s in (10.0, 20.0):
        assert not record.is_refused(script(), now_s)
        record.note_outcome(script(), ENDED, now_s)
    assert record.is_refused(script(), 20.0) and record.is_refused(script(), 49.0)
    assert not record.is_refused(script(), 50.0) and record.is_refused(script(), 50.0)
    record.note_outcome(script(), ENDED, 51.0)
    assert record.is_refused(script(), 80.0) and not record.is_refused(script(), 81.0)
    record.note_outcome(script(), PacOutcome("DIRECT"), 81.0)
    record.note_outcome(script(), ENDED, 82.0)
    assert not record.is_refused(script(), 82.0)


def test_any_other_outcome_begins_the_row_anew() -> None:
    """An error of the script is its own affair."""
    record = PacRecord(2)
    for outcome in (ENDED, FAILED, ENDED):
        record.note_outcome(script(), outcome, 10.0)
    assert not record.is_refused(script(), 10.0)


def test_the_record_is_bounded() -> None:
    """The oldest is forgotten."""
    record = PacRecord(1)
    for number in range(17):
        record.note_outcome(script(number), ENDED, 10.0)
    assert not record.is_refused(script(0), 10.0) and record.is_refused(script(16), 10.0)
