"""Session: one network stack with its defaults, for any number of threads.

What it can do beside plain requests is in files that the method reads which does it, on its caller's thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.url import QueryParams
from netstack_sync.dns.host_resolver import ResolveParameters
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.hook_calls import hooked_download, hooked_request
from netstack_sync.fetcher.options import AuthArgument, FetchOptions, HeaderChanges, check_url
from netstack_sync.fetcher.other_names import refuse_session_arguments
from netstack_sync.fetcher.session_config import DEFAULT_MAX_RESPONSE_SIZE, make_session_config
from netstack_sync.fetcher.session_requests import SessionRequests
from netstack_sync.fetcher.session_stack import SessionStack
from netstack_sync.fetcher.stack_settings import make_context_builder, schemes_from_values
from netstack_sync.fetcher.timeout import DEFAULT_TIMEOUT, Timeout
from netstack_sync.network.quality import NetworkQuality
from netstack_sync.pool.health_settings import EndpointHealthSettings
from netstack_sync.sockets.options import TcpOptions
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.late_schemes import USUAL_SCHEMES
from netstack_sync.url_request.redirects import MAX_REDIRECTS

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from netstack_sync.base.features import FeatureList
    from netstack_sync.fetcher.cookie_arguments import CookiesArgument
    from netstack_sync.fetcher.dns_settings import DnsSettings
    from netstack_sync.fetcher.download import Download
    from netstack_sync.fetcher.download_arguments import DownloadOptions
    from netstack_sync.fetcher.future import FetchFuture
    from netstack_sync.fetcher.hooks import HooksArgument
    from netstack_sync.fetcher.hsts_settings import HstsArgument
    from netstack_sync.fetcher.limits import Limits
    from netstack_sync.fetcher.pins import PinsArgument
    from netstack_sync.fetcher.proxy_values import ProxyArgument, ProxyAuthArgument
    from netstack_sync.fetcher.resolution import Resolution
    from netstack_sync.fetcher.retry_policy import RetriesArgument
    from netstack_sync.fetcher.scheme_arguments import InterceptorsArgument, SchemesArgument
    from netstack_sync.fetcher.session_cookies import SessionCookies
    from netstack_sync.fetcher.stats import SessionStats
    from netstack_sync.fetcher.tls_arguments import CertArgument, ExtraCaArgument, VerifyArgument
    from netstack_sync.fetcher.tls_settings import TlsSettings
    from netstack_sync.url_request.network_delegate import NetworkDelegate
    from netstack_sync.url_request.rate_limit import RateLimitArgument
    from netstack_sync.url_request.resource_scheduler import ResourceSchedulerSettings

_CLOSE_S = 5.0


class Session(SessionRequests):
    """Keeps connections, names, verdicts and cookies for its requests. Any thread, several at once, after fork.

    What it is built from never changes. `timeout`, `verify`, `cert`, `follow_redirects`, `max_redirects`,
    `max_response_size` and `retries` are the defaults of its requests, `headers` and `auth` go with each of them,
    `params` into the query of each, `base_url` completes relative URLs, and `cookies` are there from the start (False:
    none outlives its request).

    `extra_ca` is trusted besides whom `verify` names, `pins` says which keys hosts must have, `hsts` whether hosts that
    want https get it, and `tls` which TLS is spoken. `limits` bounds its sockets, `dns` says how names are resolved,
    `tcp` how connections are set up, `endpoint_health` when endpoints that do not answer are left alone (False: never),
    `rate_limit` how often a host may be asked, and `throttle` whether URLs whose server fails are left alone as
    Chromium does. `features` switches what is known by name: "TimeoutTcpConnectAttempt:TimeoutTcpConnectAttemptMin/3s".

    `proxy` says through whom requests go (None: what the environment says), `proxy_auth` as whom proxies are spoken to;
    what comes from a proxy's own URL counts before it.

    `hooks` are called for each request and response on the caller's thread, a `network_delegate` on the network thread,
    and `resource_scheduler` keeps requests that are not urgent from getting in the way of others. `file_root` is the
    folder that file: URLs may read, `ftp=True` allows ftp: URLs, `schemes` has functions that serve schemes of the
    user's, and `interceptors` functions that may answer requests in the server's place. With `trust_env=False` the
    environment (see the page on settings) is not looked at.

    close() it, or use it in a `with` statement; one that is forgotten is closed once neither it nor a future or stream
    of it is there any more.
    """

    __slots__ = ("__weakref__",)  # so that session.timeout = 5 is an error, not without effect

    def __init__(
        self,
        *,
        base_url: str | None = None,
        headers: HeaderChanges | None = None,
        params: QueryParams | None = None,
        auth: AuthArgument = None,
        cookies: bool | CookiesArgument = True,
        timeout: Timeout | float | tuple[float | None, float | None] | None = DEFAULT_TIMEOUT,
        verify: VerifyArgument = True,
        cert: CertArgument = None,
        extra_ca: ExtraCaArgument = None,
        pins: PinsArgument = None,
        hsts: HstsArgument = True,
        tls: TlsSettings | None = None,
        follow_redirects: bool = True,
        max_redirects: int = MAX_REDIRECTS,
        max_response_size: int | None = DEFAULT_MAX_RESPONSE_SIZE,
        retries: RetriesArgument = None,
        proxy: ProxyArgument = None,
        proxy_auth: ProxyAuthArgument = None,
        rate_limit: RateLimitArgument = None,
        throttle: bool = False,
        limits: Limits | None = None,
        dns: DnsSettings | None = None,
        tcp: TcpOptions | None = None,
        endpoint_health: bool | EndpointHealthSettings = True,
        features: str | Mapping[str, object] | FeatureList | None = None,
        hooks: HooksArgument = None,
        network_delegate: NetworkDelegate | None = None,
        resource_scheduler: bool | ResourceSchedulerSettings = False,
        file_root: str | PathLike[str] | None = None,
        ftp: bool = False,
        schemes: SchemesArgument = None,
        interceptors: InterceptorsArgument = (),
        trust_env: bool = True,
        **unknown: NoReturn,
    ) -> None:
        refuse_session_arguments(unknown)
        scheme_settings = schemes_from_values(file_root, ftp, schemes, interceptors)
        self._config = make_session_config(
            base_url=base_url,
            headers=headers,
            params=params,
            auth=auth,
            timeout=Timeout.from_value(timeout),
            verify=verify,
            cert=cert,
            extra_ca=extra_ca,
            tls=tls,
            follow_redirects=follow_redirects,
            max_redirects=max_redirects,
            max_response_size=max_response_size,
            retries=retries,
            hooks=hooks,
            trust_env=trust_env,
            schemes=USUAL_SCHEMES if scheme_settings is None else scheme_settings.names,
        )
        builder = make_context_builder(
            limits=limits,
            dns=dns,
            tcp=tcp,
            endpoint_health=endpoint_health,
            rate_limit=rate_limit,
            throttle=throttle,
            features=features,
            pins=pins,
            hsts=hsts,
            tls=self._config.tls,
            proxy=proxy,
            proxy_auth=proxy_auth,
            user_agent=self._config.headers.get("user-agent") or "",
            cookies=cookies,
            network_delegate=network_delegate,
            resource_scheduler=resource_scheduler,
            base_url=self._config.base_url,
            environment=self._config.environment,
            schemes=scheme_settings,
        )
        self._stack = SessionStack(builder)

    # --- requests that nobody waits for, and those that go into files

    def download(self, url: str, path: str | PathLike[str], **options: Unpack[DownloadOptions]) -> Download:
        """Fetches into a file, going on where an earlier attempt stopped; see `netstack_sync.download`."""
        from netstack_sync.fetcher.download import SyncDownload
        from netstack_sync.fetcher.download_arguments import plan_download

        plan = plan_download(self._config, url, path, options)
        plan = plan._replace(request=hooked_request(plan.request))
        stack = self._stack.live()
        return hooked_download(SyncDownload(plan, stack.context, stack).run())

    def submit(self, method: str, url: str, **options: Unpack[FetchOptions]) -> FetchFuture:
        """Starts a request and gives a Future of its response at once; its cancel() works in every state."""
        from netstack_sync.fetcher.future import FetchFuture

        fetcher = self._fetcher_for(self._config.prepare(method, url, options), is_stream=False)
        stack = self._stack.live()
        future = FetchFuture(fetcher, stack.context.thread, stack.callbacks)
        fetcher.start(future.settle, stack.callbacks)
        return future

    # --- the layer below

    def prepare(self, method: str, url: str, **options: Unpack[FetchOptions]) -> FetchRequest:
        """The request as a value, its arguments checked: what a SyncUrlFetcher or URLFetcher is made from."""
        return self._config.prepare(method, url, options)

    @property
    def context(self) -> URLRequestContext:
        """What those fetchers run in. Its `thread.post(task)` runs a task on the network thread; close() ends it."""
        return self._stack.live().context

    # --- the whole session

    @property
    def cookies(self) -> SessionCookies:
        """The cookies that are kept, to look at and to change."""
        from netstack_sync.fetcher.session_cookies import SessionCookies

        return SessionCookies(lambda: self._stack.live().context, self._config.base_url)

    def preconnect(self, url: str, count: int = 1) -> None:
        """Opens connections for requests that will come: name, TCP and TLS, up to `count` to this host in all; through
        the session's proxy, if it has one.

        Returns at once; what fails is silent, the request will tell. Raises InvalidURL and ValueError.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"count: must be a whole number from 1 on, not {count!r}")
        check_url(url, self._config.base_url)
        request = self._config.prepare("GET", url, {"auth": None})  # nobody is to be asked for this
        identity, context = self._config.defaults.auth, self._stack.live().context
        context.thread.post(lambda: context.preconnect(request.url, request.tls, count, identity))

    def resolve(self, host: str, port: int = 0, *, family: int = 0, timeout: float | None = None) -> Resolution:
        """The addresses that a fetch would try, best first, if it went directly: a proxy looks names up itself.

        `family` is 4, 6, or 0 for both, `timeout` in seconds.

        Raises ValueError, NameNotResolved, DeadlineExceeded and ContextShutDown.
        """
        from netstack_sync.fetcher.resolution import family_from_value, resolve_on_network_thread

        parameters = ResolveParameters(family=family_from_value(family))
        stack = self._stack.live()
        return resolve_on_network_thread(stack.context, host, port, parameters, timeout)

    def network_quality(self) -> NetworkQuality:
        """How fast the network is, measured on this session's requests; see NetworkQuality."""
        return self._stack.ask(lambda context: context.quality.quality())

    def close_idle_connections(self) -> None:
        """Closes the connections that no request uses; what is under way goes on."""
        self._stack.ask(lambda context: context.close_idle_sockets())

    def reload_tls(self) -> None:
        """Reads trusted authorities and client certificates anew, where files were exchanged.

        Verdicts and idle connections made with the old ones go; what is under way goes on.
        """
        self._stack.ask(lambda context: context.reload_tls())

    def reload_proxies(self) -> None:
        """Fetches scripts that choose proxies anew, looks at the system's settings, forgets which proxies failed."""
        self._stack.ask(lambda context: context.reload_proxies())

    def clear_dns_cache(self) -> None:
        """Forgets which addresses hosts have; the next connection asks anew."""
        self._stack.ask(lambda context: context.resolver.clear_cache())

    def dns_cache(self) -> list[dict[str, object]]:
        """The addresses that are known, in JSON values, for restore_dns_cache() of another session or process."""
        return self._stack.ask(lambda context: context.resolver.cached_answers(SystemWallClock()))

    def restore_dns_cache(self, entries: Iterable[object]) -> None:
        """Takes back what dns_cache() gave; what makes no sense is left out.

        The answers count as stale: they are used with `DnsSettings(stale=True)` only, which asks anew meanwhile.
        """
        values = list(entries)
        self._stack.ask(lambda context: context.resolver.restore_answers(values, SystemWallClock()))

    def stats(self) -> SessionStats:
        """A snapshot of sockets, queues and lookups."""
        from netstack_sync.fetcher.stats import take_stats

        return self._stack.ask(take_stats)

    def close(self, timeout: float | None = _CLOSE_S) -> None:
        """Fails what is under way with ERR_CONTEXT_SHUT_DOWN and closes every socket, within `timeout` seconds.

        Any thread, any number of times; later requests raise ContextShutDown.
        """
        self._stack.close(timeout)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._stack.is_closed else "open"
        base = self._config.base_url
        return f"<Session {state}>" if base is None else f"<Session {state} {base.without_credentials()}>"
