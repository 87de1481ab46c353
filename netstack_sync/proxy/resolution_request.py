"""ProxyResolutionRequest: the question through whom one URL is to be reached."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.proxy.info import ProxyInfo
from netstack_sync.proxy.pac_resolver import PacResolveJob, PacResolver


class ResolutionOwner(Protocol):
    """What a request needs from the service."""

    @property
    def init_load_state(self) -> LoadState:
        """What those wait for that were not answered yet."""

    def start_request(self, request: ProxyResolutionRequest) -> int:
        """OK with its `info`, an error, or ERR_IO_PENDING: finish() comes later."""

    def leave(self, request: ProxyResolutionRequest) -> None:
        """The request was cancelled."""

    def conclude(self, request: ProxyResolutionRequest, job: PacResolveJob, result: int) -> int:
        """The script has answered, or failed: what that means."""


class ProxyResolutionRequest:
    """Made by the ProxyResolutionService; owned by who asks. Network thread only.

    Cancel it or let it finish (net/proxy_resolution/proxy_resolution_request.h).
    """

    __slots__ = ("_is_waiting", "_job", "_on_done", "_owner", "error_detail", "info", "net_log", "url")

    def __init__(self, owner: ResolutionOwner, url: Url, net_log: NetLogWithSource) -> None:
        self._owner = owner
        self._job: PacResolveJob | None = None
        self._on_done: Completion | None = None
        self._is_waiting = False
        self.url = url
        self.net_log = net_log
        self.info: ProxyInfo | None = None
        """There after OK."""
        self.error_detail = ""
        """Why there is none, in words."""

    def start(self, on_done: Completion) -> int:
        """OK, ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, ERR_CONTEXT_SHUT_DOWN, or ERR_IO_PENDING and one later
        callback, which may cancel anything and shut the service down. Once.
        """
        self.net_log.begin(NetLogEventType.PROXY_RESOLUTION_SERVICE)
        result = self._owner.start_request(self)
        if result == ERR_IO_PENDING:
            self._on_done = on_done
        else:
            self._log_end(result)
        return result

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        if self._on_done is None:
            return
        self._on_done = None
        self.suspend()
        self._owner.leave(self)
        self.end_wait()
        self.net_log.event(NetLogEventType.CANCELLED)
        self.net_log.end(NetLogEventType.PROXY_RESOLUTION_SERVICE)

    @property
    def load_state(self) -> LoadState:
        """What it waits for."""
        if self._job is not None:
            return self._job.load_state
        return self._owner.init_load_state if self._is_waiting else LoadState.IDLE

    # --- the service's side

    def wait(self) -> None:
        """The settings or their script have to come first."""
        self._is_waiting = True
        self.net_log.begin(NetLogEventType.PROXY_RESOLUTION_SERVICE_WAITING_FOR_INIT_PAC)

    def ask(self, resolver: PacResolver) -> int:
        """Asks the script; ERR_IO_PENDING, or what that means."""
        self._job = job = resolver.create_job(self.url, self.net_log)
        result = job.start(self._on_answer)
        return result if result == ERR_IO_PENDING else self._conclude(result)

    def suspend(self) -> None:
        """Drops the question to the script; it is asked again once there is a script again."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def end_wait(self) -> None:
        """What was waited for is there; idempotent."""
        if self._is_waiting:
            self._is_waiting = False
            self.net_log.end(NetLogEventType.PROXY_RESOLUTION_SERVICE_WAITING_FOR_INIT_PAC)

    def finish(self, result: int) -> None:
        """Tells who asked; last statement."""
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "a request that was cancelled is not finished"
        self.end_wait()
        self._log_end(result)
        on_done(result)

    # --- inside

    def _on_answer(self, result: int) -> None:
        self.finish(self._conclude(result))

    def _conclude(self, result: int) -> int:
        job, self._job = self._job, None
        assert job is not None, "this is its result"
        job.cancel()  # of one that ended by a bug a timer is left
        return self._owner.conclude(self, job, result)

    def _log_end(self, result: int) -> None:
        self.net_log.end_with_net_error(NetLogEventType.PROXY_RESOLUTION_SERVICE, result)
