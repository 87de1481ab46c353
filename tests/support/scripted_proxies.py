"""A ProxySource whose answers a test has written down, given at once or later."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.proxy_chain import ProxyChain, ProxyServer
from netstack_sync.base.proxy_url import parse_proxy_url
from netstack_sync.base.url import Url
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.proxy_source import OnIdentity
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.task_runner import TaskRunner
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.info import ProxyInfo
from tests.support.scripted_stack import ScriptedStack


def server_of(text: str) -> ProxyServer:
    """The proxy of a URL."""
    return parse_proxy_url(text)[0]


def chain_of(text: str) -> ProxyChain:
    """ "http://a:80", "socks5://s:1 http://a:80", or "direct"."""
    return ProxyChain(() if text == "direct" else tuple([server_of(part) for part in text.split()]))


class ScriptedResolution:
    """See ProxyResolution."""

    def __init__(self, proxies: ScriptedProxies, url: Url) -> None:
        self._proxies = proxies
        self._on_done: Completion | None = None
        self.info = ProxyInfo([chain_of(text) for text in proxies.by_path.get(url.path, proxies.ways)], proxies.config)
        self.load_state = LoadState.RESOLVING_PROXY_FOR_URL
        self.error_detail = "no script" if proxies.result != OK else ""

    def start(self, on_done: Completion) -> int:
        """See ProxyResolution."""
        if not self._proxies.is_late:
            return self._proxies.result
        self._on_done = on_done
        self._proxies.post(self.finish)
        return ERR_IO_PENDING

    def finish(self) -> None:
        """The answer is there."""
        on_done, self._on_done = self._on_done, None
        if on_done is not None:
            on_done(self._proxies.result)

    def cancel(self) -> None:
        """See ProxyResolution."""
        self._on_done = None


class ScriptedProxies:
    """A ProxySource with one service, which is this too."""

    def __init__(self, task_runner: TaskRunner, *ways: str, is_late: bool = False) -> None:
        self.post: Callable[[Task], object] = task_runner.post_task
        """Does something in a turn of its own; a test may do it itself."""
        self.ways = ways
        self.by_path: dict[str, tuple[str, ...]] = {}
        """Other ways for some URLs."""
        self.is_late = is_late
        self.is_direct = False
        self.result = OK
        self.config = ProxyConfig()
        self.identities: dict[ProxyServer, AuthIdentity | int | None] = {}
        """As whom each is spoken to."""
        self.asked: list[tuple[ProxyConfig | None, str]] = []
        self._config: ProxyConfig | None = None
        self.reported: list[ProxyInfo] = []
        self.asking: list[OnIdentity] = []
        self.forgotten: list[ProxyServer] = []

    def service_for(self, config: ProxyConfig | None) -> ScriptedProxies | None:
        """See ProxySource: none where there are no ways."""
        self._config = config
        return self if self.ways else None

    def create_request(self, url: Url, net_log: NetLogWithSource) -> ScriptedResolution:
        """See ProxyResolver."""
        self.asked.append((self._config, url.href))
        return ScriptedResolution(self, url)

    def report_success(self, info: ProxyInfo) -> None:
        """See ProxyResolver."""
        self.reported.append(info)

    def identity_of(self, server: ProxyServer, info: ProxyInfo, on_done: OnIdentity) -> AuthIdentity | int | None:
        """See ProxySource."""
        identity = self.identities.get(server)
        if not self.is_late:
            return identity
        self.asking.append(on_done)
        self.post(lambda: self._tell(on_done, identity))
        return ERR_IO_PENDING

    def _tell(self, on_done: OnIdentity, identity: AuthIdentity | int | None) -> None:
        if on_done in self.asking:
            self.asking.remove(on_done)
            on_done(identity)

    def stop_asking(self, on_done: OnIdentity) -> None:
        """See ProxySource."""
        if on_done in self.asking:
            self.asking.remove(on_done)

    def identity_error(self, server: ProxyServer) -> str:
        """See ProxySource."""
        return f"nobody knows {server}"

    def forget_identity(self, server: ProxyServer) -> None:
        """See ProxySource."""
        self.forgotten.append(server)


def use_proxies(stack: ScriptedStack, *ways: str) -> ScriptedProxies:
    """From now on the session's requests go these ways; asked late where the stack is played so."""
    proxies = ScriptedProxies(stack.thread.task_runner, *ways, is_late=stack.is_async)
    old = stack.session
    stack.session = HttpNetworkSession(old.thread, old.pools, old.meter, old.net_log, old.security, proxies)
    return proxies
