"""NetLogWithSource: the log as one source sees it, carried by whatever emits events."""

from __future__ import annotations

from typing import Final

from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog, NetLogParams, NetLogSource
from netstack_sync.log.params import net_error_params


class NetLogWithSource:
    """A `NetLog` and a `NetLogSource`; may be shared and used on any thread.

    Every method returns at once while nobody captures. Where making the arguments costs something, ask
    `is_capturing` first.
    """

    __slots__ = ("net_log", "source")

    def __init__(self, net_log: NetLog, source: NetLogSource) -> None:
        self.net_log: Final = net_log
        self.source: Final = source

    @classmethod
    def make(cls, net_log: NetLog, type: NetLogSourceType) -> NetLogWithSource:
        """Bind the log to a new source of the given type."""
        return cls(net_log, net_log.next_source(type))

    @property
    def is_capturing(self) -> bool:
        """Whether anybody observes."""
        return self.net_log.is_capturing

    def begin(self, type: NetLogEventType, params: NetLogParams | None = None) -> None:
        """Log the begin of something that takes time; the same type ends it."""
        if self.net_log.is_capturing:
            self.net_log.add_entry(type, self.source, NetLogEventPhase.BEGIN, params)

    def end(self, type: NetLogEventType, params: NetLogParams | None = None) -> None:
        """Log the end of what `begin` began."""
        if self.net_log.is_capturing:
            self.net_log.add_entry(type, self.source, NetLogEventPhase.END, params)

    def end_with_net_error(self, type: NetLogEventType, result: int) -> None:
        """Log an end with `net_error` if `result` is a failure; success has no parameters."""
        if self.net_log.is_capturing:
            params = net_error_params(result) if result < 0 else None
            self.net_log.add_entry(type, self.source, NetLogEventPhase.END, params)

    def event(self, type: NetLogEventType, params: NetLogParams | None = None) -> None:
        """Log something that takes no time."""
        if self.net_log.is_capturing:
            self.net_log.add_entry(type, self.source, NetLogEventPhase.NONE, params)

    def __repr__(self) -> str:
        return f"<NetLogWithSource {self.source.id} {self.source.type.name}>"
