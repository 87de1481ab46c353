"""A network delegate that keeps what it is told, answers what it is told to, and waits until it is released."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netstack_sync.auth.challenge import AuthChallenge
from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.network_delegate import DelegatedRequest, HopStart, NetworkDelegate, ReceivedHead
from netstack_sync.url_request.redirects import RedirectInfo

STAGES = ["before_url_request", "before_send_headers", "headers_received"]
"""What may wait."""

NEWS = ["before_redirect", "response_started", "completed"]


class RecordingNetworkDelegate(NetworkDelegate):
    """`act` is called in every method with its name, after it was noted; `results` says what the stages answer."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.results: dict[str, int] = {}
        self.act: Callable[[str, DelegatedRequest], None] = lambda _, __: None
        self.on_start: Callable[[HopStart], None] = lambda _: None
        self.on_send: Callable[[RequestHeaders], None] = lambda _: None
        self.on_head: Callable[[ReceivedHead], None] = lambda _: None
        self.auth: list[AuthIdentity | tuple[str, str] | int] = []
        """One for each challenge; afterwards they are left alone."""
        self.challenges: list[str] = []
        self.sent: list[list[tuple[str, str]]] = []
        self.waiting: list[Completion] = []
        self.redirects: list[RedirectInfo] = []
        self.started: list[int] = []
        self.completed: list[tuple[bool, int]] = []

    def on_before_url_request(self, request: DelegatedRequest, start: HopStart, on_done: Completion) -> int:
        """See NetworkDelegate."""
        self.on_start(start)
        return self._stage("before_url_request", request, on_done)

    def on_before_send_headers(self, request: DelegatedRequest, headers: RequestHeaders, on_done: Completion) -> int:
        """See NetworkDelegate."""
        self.sent.append(headers.items())
        self.on_send(headers)
        return self._stage("before_send_headers", request, on_done)

    def on_headers_received(self, request: DelegatedRequest, answer: ReceivedHead, on_done: Completion) -> int:
        """See NetworkDelegate."""
        self.on_head(answer)
        return self._stage("headers_received", request, on_done)

    def on_before_redirect(self, request: DelegatedRequest, redirect: RedirectInfo) -> None:
        """See NetworkDelegate."""
        self.redirects.append(redirect)
        self._note("before_redirect", request)

    def on_auth_required(
        self, request: DelegatedRequest, challenges: Sequence[AuthChallenge]
    ) -> AuthIdentity | tuple[str, str] | int:
        """See NetworkDelegate."""
        self.challenges += [challenge.scheme for challenge in challenges]
        self._note("auth_required", request)
        return self.auth.pop(0) if self.auth else OK

    def on_response_started(self, request: DelegatedRequest, net_error: int) -> None:
        """See NetworkDelegate."""
        self.started.append(net_error)
        self._note("response_started", request)

    def on_completed(self, request: DelegatedRequest, started: bool, net_error: int) -> None:
        """See NetworkDelegate."""
        self.completed.append((started, net_error))
        self._note("completed", request)

    def release(self, result: int = OK) -> None:
        """Answers what has waited longest."""
        self.waiting.pop(0)(result)

    def _stage(self, name: str, request: DelegatedRequest, on_done: Completion) -> int:
        self._note(name, request)
        result = self.results.get(name, OK)
        if result == ERR_IO_PENDING:
            self.waiting.append(on_done)
        return result

    def _note(self, name: str, request: DelegatedRequest) -> None:
        self.events.append(name)
        self.act(name, request)
