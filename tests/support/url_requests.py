"""A URLRequestContext over scripted sockets, and a delegate that keeps what it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.http.hsts_persister import TransportSecurityPersister
from netstack_sync.http.hsts_store import TransportSecurityState
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.sockets.tls_services import TlsServices
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import RedirectAction
from netstack_sync.url_request.network_changes import NetworkChanges
from netstack_sync.url_request.proxy_services import ProxyServices
from netstack_sync.url_request.redirects import MAX_REDIRECTS, RedirectInfo
from netstack_sync.url_request.url_request import URLRequest
from netstack_sync.workers.worker_pool import WorkerPool
from tests.support.scripted_stack import ScriptedStack


def context_over(
    stack: ScriptedStack,
    changes: NetworkChanges | None = None,
    *,
    tls: TlsServices | None = None,
    own_pools: Sequence[WorkerPool] = (),
    hsts: TransportSecurityState | None = None,
    hsts_persister: TransportSecurityPersister | None = None,
    proxies: ProxyServices | None = None,
) -> URLRequestContext:
    """A context whose connections are the stack's; without `changes` its resolver is another's."""
    resolver = ResolverManager(stack.workers, HostCache(stack.clock), stack.thread.timers, stack.net_log)
    return URLRequestContext(
        stack.thread,
        stack.net_log,
        resolver,
        resolver,
        stack.session,
        stack.workers,
        stack.quality,
        changes,
        tls=tls,
        own_pools=own_pools,
        hsts=hsts,
        hsts_persister=hsts_persister,
        proxies=proxies,
    )


class RecordingDelegate:
    """Follows redirects and reads to the end unless it is told otherwise (Chromium's TestDelegate).

    `on_event` is called in every callback with its name, after it was noted.
    """

    def __init__(self, follows: bool = True, reads: bool = True, action: RedirectAction | None = None) -> None:
        self._action: Final = action or (RedirectAction.FOLLOW if follows else RedirectAction.STOP)
        self._reads: Final = reads
        self.on_event: Callable[[str], None] = lambda _: None
        self.request: URLRequest | None = None
        self.events: list[str] = []
        self.redirects: list[RedirectInfo] = []
        self.result: int = ERR_IO_PENDING
        """The error of the head or of the body; OK once the body has ended."""
        self.body = b""

    def on_received_redirect(self, redirect: RedirectInfo) -> RedirectAction:
        """See URLRequestDelegate."""
        self.redirects.append(redirect)
        self._note("redirect")
        return self._action

    def on_invalid_redirect(self, net_error: int) -> int:
        """See URLRequestDelegate."""
        self._note("invalid redirect")
        return net_error if self._action is RedirectAction.FOLLOW else OK

    def on_response_started(self, net_error: int) -> None:
        """See URLRequestDelegate."""
        assert "response" not in self.events, "comes once"
        if net_error != OK:
            self.result = net_error
        self._note("response")
        if net_error == OK and self._reads:
            self.read()

    def on_read_completed(self, data: bytes | int) -> None:
        """See URLRequestDelegate."""
        is_over = self._take(data)
        self._note("data")
        if not is_over and self._reads:
            self.read()

    def on_connected(self) -> None:
        """See TransactionObserver."""
        self._note("connected")

    def on_reconnect(self) -> None:
        """Nothing."""

    def on_request_sent(self) -> None:
        """See TransactionObserver."""
        self._note("sent")

    def read(self) -> None:
        """Reads as far as it goes without waiting."""
        assert self.request is not None
        while True:
            data = self.request.read()
            if data == ERR_IO_PENDING or self._take(data):
                return

    def _take(self, data: bytes | int) -> bool:
        """Keeps a piece; True when the request is over."""
        assert self.result == ERR_IO_PENDING, "nothing comes after the end"
        if isinstance(data, bytes) and data:
            self.body += data
            return False
        self.result = data if isinstance(data, int) else OK
        return True

    def _note(self, event: str) -> None:
        self.events.append(event)
        self.on_event(event)


def new_request(
    context: URLRequestContext,
    info: HttpRequestInfo,
    delegate: RecordingDelegate | None = None,
    max_redirects: int = MAX_REDIRECTS,
) -> tuple[URLRequest, RecordingDelegate]:
    """An unstarted request and its delegate."""
    delegate = delegate if delegate is not None else RecordingDelegate()
    request = delegate.request = URLRequest(context, info, delegate, max_redirects, delegate)
    return request, delegate
