"""The player sends, waits and ends as the script says."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_CONNECTION_CLOSED, ERR_CONNECTION_RESET, ERR_IO_PENDING, OK
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.testing.script import CLOSE, CUT, RESET, STALL, Ending, Pause
from netstack_sync.testing.script_player import ScriptPlayer
from tests.testing.fake_stream import FakeStream


class Stage:
    """A player over a fake stream with a clock that stands still."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.timers = TimerQueue(self.clock)
        self.stream = FakeStream()
        self.player = ScriptPlayer(self.stream, self.timers)
        self.results: list[int] = []

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.timers.run_due(10)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_bytes_that_fit_are_sent_at_once(stage: Stage) -> None:
    """OK, and no callback; partial writes go on; empty pieces do no harm."""
    stage.stream.writes.extend([2, 1])
    assert stage.player.play((b"abcd", b"", b"e"), stage.results.append) == OK
    assert stage.stream.sent == b"abcde"
    assert not stage.player.is_playing and not stage.results


def test_a_full_stream_is_waited_for(stage: Stage) -> None:
    """The rest follows when there is room, and then the callback comes."""
    stage.stream.writes.extend([2, ERR_IO_PENDING])
    assert stage.player.play((b"abcd",), stage.results.append) == ERR_IO_PENDING
    assert stage.player.is_playing
    stage.stream.writes.append(ERR_IO_PENDING)
    stage.stream.become_writable()
    assert not stage.results
    stage.stream.become_writable()
    assert (stage.stream.sent, stage.results) == (b"abcd", [OK])


def test_a_pause_lets_time_pass(stage: Stage) -> None:
    """Nothing is sent before it is over."""
    assert stage.player.play((b"a", Pause(1.0), b"b"), stage.results.append) == ERR_IO_PENDING
    stage.advance(0.9)
    assert stage.stream.sent == b"a"
    stage.advance(0.1)
    assert (stage.stream.sent, stage.results) == (b"ab", [OK])


def test_a_broken_stream_ends_the_script(stage: Stage) -> None:
    """The error is the result."""
    stage.stream.writes.append(ERR_CONNECTION_RESET)
    assert stage.player.play((b"a", b"b"), stage.results.append) == ERR_CONNECTION_RESET


@pytest.mark.parametrize(
    "ending, how, result",
    [
        (CLOSE, ["goodbye"], ERR_CONNECTION_CLOSED),
        (CUT, ["end"], ERR_CONNECTION_CLOSED),
        (RESET, ["reset"], ERR_CONNECTION_RESET),
        (STALL, [], ERR_IO_PENDING),
    ],
)
def test_each_ending_has_its_way(stage: Stage, ending: Ending, how: list[str], result: int) -> None:
    """Goodbye and FIN, FIN, RST, nothing; what follows is never sent."""
    assert stage.player.play((ending, b"never"), stage.results.append) == result
    assert (stage.stream.ended, stage.stream.sent) == (how, b"")


def test_the_end_waits_for_what_is_unsent(stage: Stage) -> None:
    """Otherwise TLS would lose the last records."""
    stage.stream.has_unsent = True
    assert stage.player.play((b"a", CLOSE), stage.results.append) == ERR_IO_PENDING
    stage.stream.has_unsent = False
    stage.stream.become_writable()
    assert (stage.stream.ended, stage.results) == (["goodbye"], [ERR_CONNECTION_CLOSED])


def test_nothing_happens_after_cancel(stage: Stage) -> None:
    """Neither by the clock nor by the stream."""
    stage.player.play((Pause(1.0), b"a"), stage.results.append)
    stage.player.cancel()
    stage.advance(2.0)
    stage.stream.writes.append(ERR_IO_PENDING)
    stage.player.play((b"b",), stage.results.append)
    stage.player.cancel()
    stage.player.cancel()
    stage.stream.become_writable()
    assert (stage.stream.sent, stage.results) == (b"", [])
