"""NetLogWithSource: the log as one source sees it, carried by whatever emits events."""

from __future__ import annotations

from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog, NetLogParams, NetLogSource
from netstack_sync.log.params import net_error_params


class NetLogWithSource(NetLogSource):
    """A new source that knows its `NetLog`, in one object; may be shared and used on any thread.

    Every method returns at once while nobody captures. Where making the arguments costs something, ask
    `is_capturing` first; where a request comes by every time, ask `net_log.is_capturing`, which costs no call.
    """

    __slots__ = ("net_log",)

    def __init__(self, net_log: NetLog, type: NetLogSourceType) -> None:
        # Instead of NetLogSource.__init__: one call less for every request.
        self.net_log = net_log
        self.type = type
        self.id = next(net_log.ids)
        self.start_time = net_log.now()

    @classmethod
    def make(cls, net_log: NetLog, type: NetLogSourceType) -> NetLogWithSource:
        """Bind the log to a new source of the given type."""
        return cls(net_log, type)

    @property
    def source(self) -> NetLogSource:
        """The source alone."""
        return self

    @property
    def is_capturing(self) -> bool:
        """Whether anybody observes."""
        return self.net_log.is_capturing

    def begin(self, type: NetLogEventType, params: NetLogParams | None = None) -> None:
        """Log the begin of something that takes time; the same type ends it."""
        if self.net_log.is_capturing:
            self.net_log.add_entry(type, self, NetLogEventPhase.BEGIN, params)

    def end(self, type: NetLogEventType, params: NetLogParams | None = None) -> None:
        """Log the end of what `begin` began."""
        if self.net_log.is_capturing:
            self.net_log.add_entry(type, self, NetLogEventPhase.END, params)

    def end_with_net_error(self, type: NetLogEventType, result: int) -> None:
        """Log an end with `net_error` if `result` is a failure; success has no parameters."""
        if self.net_log.is_capturing:
            params = net_error_params(result) if result < 0 else None
            self.net_log.add_entry(type, self, NetLogEventPhase.END, params)

    def event(self, type: NetLogEventType, params: NetLogParams | None = None) -> None:
        """Log something that takes no time."""
        if self.net_log.is_capturing:
            self.net_log.add_entry(type, self, NetLogEventPhase.NONE, params)

    def __repr__(self) -> str:
        return f"<NetLogWithSource {self.id} {self.type.name}>"
