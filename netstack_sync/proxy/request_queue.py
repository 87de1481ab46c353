"""RequestQueue: the requests of a service, in the order in which they came."""

from __future__ import annotations

import traceback

from netstack_sync.proxy.resolution_request import ProxyResolutionRequest


class RequestQueue:
    """Those that wait for settings or script, and those that ask the script; owned by the service.

    Who asks came before all who wait.
    """

    __slots__ = ("_asking", "_waiting")

    def __init__(self) -> None:
        self._asking: dict[ProxyResolutionRequest, None] = {}
        self._waiting: dict[ProxyResolutionRequest, None] = {}

    @property
    def has_waiting(self) -> bool:
        """True while somebody waits."""
        return bool(self._waiting)

    @property
    def is_empty(self) -> bool:
        """True while nobody waits or asks."""
        return not self._waiting and not self._asking

    def add_waiting(self, request: ProxyResolutionRequest) -> None:
        """It waits, behind all others."""
        self._waiting[request] = None
        request.wait()

    def add_asking(self, request: ProxyResolutionRequest) -> None:
        """It asks the script; it came before all who wait."""
        self._asking[request] = None

    def leave(self, request: ProxyResolutionRequest) -> None:
        """It has its answer, or was cancelled; idempotent."""
        self._waiting.pop(request, None)
        self._asking.pop(request, None)

    def take_next(self) -> ProxyResolutionRequest:
        """The one that has waited longest; there must be one."""
        request = next(iter(self._waiting))
        del self._waiting[request]
        request.end_wait()
        return request

    def fail_waiting(self, net_error: int, detail: str) -> None:
        """Tells all who wait, in their order. A callback that raises has a bug, which is nobody else's."""
        while self._waiting:
            request = self.take_next()
            request.error_detail = detail
            try:
                request.finish(net_error)
            except Exception:
                traceback.print_exc()

    def suspend(self) -> None:
        """Who asks waits again, before the others."""
        for request in self._asking:
            request.suspend()
            request.wait()
        self._waiting = {**self._asking, **self._waiting}
        self._asking = {}
