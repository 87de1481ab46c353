"""An observer of the NetLog that keeps what it is told."""

from __future__ import annotations

from netstack_sync.base.clock import ManualClock
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.log.net_log import NetLog, NetLogCaptureMode, NetLogEntry


class RecordingNetLog(NetLog):
    """A NetLog that is its own observer."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        super().__init__(ManualClock())
        self.entries: list[NetLogEntry] = []
        self.add_observer(self, NetLogCaptureMode.EVERYTHING)

    def on_add_entry(self, entry: NetLogEntry) -> None:
        """Keeps the entry."""
        self.entries.append(entry)

    def params_of(self, type: NetLogEventType, phase: NetLogEventPhase) -> list[dict[str, object]]:
        """The parameters of every entry of this type and phase."""
        return [dict(e.params) for e in self.entries if e.type == type and e.phase == phase]

    def assert_spans_are_closed(self) -> None:
        """What began has ended, for every source."""
        is_open: dict[tuple[int, int], int] = {}
        for entry in self.entries:
            key = (entry.source.id, int(entry.type))
            if entry.phase == NetLogEventPhase.BEGIN:
                is_open[key] = is_open.get(key, 0) + 1
            elif entry.phase == NetLogEventPhase.END:
                is_open[key] = is_open.get(key, 0) - 1
        left = {NetLogEventType(type).name: count for (_, type), count in is_open.items() if count}
        assert not left, f"spans that did not end: {left}"
