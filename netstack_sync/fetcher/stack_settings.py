"""What a session's network stack is built from, out of what the user said.

Of what nobody gives nothing is read: each function below that looks at an argument reads the files which know it, on
the thread that makes the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.trust_config import OcspMode
from netstack_sync.base.url import Url
from netstack_sync.dns.resolver_settings import DEFAULT_SETTINGS, ResolverSettings
from netstack_sync.fetcher.late_arguments import load_attempt_rooms
from netstack_sync.fetcher.options import check_flag
from netstack_sync.fetcher.proxy_settings import session_proxy, session_proxy_auth
from netstack_sync.http.hsts_store import HstsConfig
from netstack_sync.pool.health_settings import EndpointHealthSettings
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context_builder import PUBLIC_SUFFIXES, ContextBuilder

if TYPE_CHECKING:
    from netstack_sync.base.features import FeatureList
    from netstack_sync.cert.pins import PinStore
    from netstack_sync.cookies.canonical import CanonicalCookie
    from netstack_sync.dns.hook_task import ResolverHook
    from netstack_sync.dns.mapped_resolver import HostResolverRules
    from netstack_sync.fetcher.cookie_arguments import CookiesArgument
    from netstack_sync.fetcher.proxy_values import ProxyArgument, ProxyAuthArgument
    from netstack_sync.url_request.doh_config import DohConfig
    from netstack_sync.url_request.network_delegate import NetworkDelegate
    from netstack_sync.url_request.rate_limit import RateLimitArgument, RateLimits
    from netstack_sync.url_request.resource_scheduler import ResourceSchedulerSettings
    from netstack_sync.url_request.scheme_settings import SchemeSettings

_FEATURE_VARIABLES: Final = ("NETSTACK_ENABLE_FEATURES", "NETSTACK_DISABLE_FEATURES")
"""See base/features.py."""

_NameSettings: TypeAlias = "tuple[ResolverSettings, HostResolverRules | None, ResolverHook | None, DohConfig | None]"


def make_context_builder(
    *,
    limits: object,
    dns: object,
    tcp: object,
    endpoint_health: bool | EndpointHealthSettings,
    rate_limit: RateLimitArgument = None,
    throttle: bool = False,
    features: FeatureList | str | Mapping[str, object] | None,
    pins: object = None,
    hsts: object = True,
    tls: TlsConfig,
    proxy: ProxyArgument = None,
    proxy_auth: ProxyAuthArgument = None,
    user_agent: str = "",
    cookies: bool | CookiesArgument = True,
    network_delegate: object = None,
    resource_scheduler: object = False,
    base_url: Url | None = None,
    environment: Mapping[str, str],
    schemes: SchemeSettings | None = None,
) -> ContextBuilder:
    """Checks the arguments of a Session; raises ValueError or TypeError naming the argument.

    Features of the environment count where the argument says nothing of them.
    """
    resolver, rules, resolver_hook, doh = _check_dns(dns)
    return ContextBuilder(
        limits=_check_limits(limits),
        resolver=resolver,
        host_resolver_rules=rules,
        resolver_hook=resolver_hook,
        doh=doh,
        doh_tls=_for_name_servers(tls),
        tcp=_check_tcp(tcp),
        features=_check_features(features, environment),
        health=EndpointHealthSettings.from_value(endpoint_health),
        rate_limits=_check_rate_limit(rate_limit),
        throttles=_check_throttle(throttle),
        pins=_check_pins(pins),
        hsts=_check_hsts(hsts),
        proxy=session_proxy(proxy, environment),
        proxy_logins=session_proxy_auth(proxy_auth),
        user_agent=user_agent,
        keeps_cookies=cookies is not False,
        cookies=_initial_cookies(cookies, base_url),
        network_delegate=_check_network_delegate(network_delegate),
        resource_scheduler=_check_scheduler(resource_scheduler),
        schemes=schemes,
    )


def schemes_from_values(file_root: object, ftp: object, schemes: object, interceptors: object) -> SchemeSettings | None:
    """Which schemes a session serves beside the usual ones; see check_schemes()."""
    if file_root is None and ftp is False and schemes is None and interceptors == ():
        return None
    from netstack_sync.fetcher.scheme_arguments import check_schemes

    return check_schemes(file_root, ftp, schemes, interceptors)


def _check_limits(limits: object) -> PoolLimits:
    if limits is None:
        return PoolLimits()
    from netstack_sync.fetcher.limits import check_limits

    return check_limits(limits).for_pool()


def _check_dns(dns: object) -> _NameSettings:
    if dns is None:
        return DEFAULT_SETTINGS, None, None, None
    from netstack_sync.fetcher.dns_settings import check_dns

    settings = check_dns(dns)
    doh = settings.doh_config()
    rules = settings.rules() or None
    return settings.resolver_settings(), rules, settings.resolver, None if doh.is_off else doh


def _check_features(
    features: FeatureList | str | Mapping[str, object] | None, environment: Mapping[str, str]
) -> FeatureList | None:
    if features is None and not any([environment.get(name) for name in _FEATURE_VARIABLES]):
        return None
    from netstack_sync.base.features import FeatureList
    from netstack_sync.network.connect_timeout import tcp_attempt_limit

    chosen = FeatureList.from_value(features).merged_over(FeatureList.from_environment(environment))
    tcp_attempt_limit(chosen, lambda: None)  # raises for parameters that contradict each other
    return chosen if chosen.overrides else None


def _check_hsts(hsts: object) -> HstsConfig | None:
    if hsts is True:
        return HstsConfig()
    from netstack_sync.fetcher.hsts_settings import hsts_from_value

    settings = hsts_from_value(hsts)
    return settings.config() if settings is not None else None


def _for_name_servers(tls: TlsConfig) -> TlsConfig:
    """Without the user's identity, and without OCSP: to find the responder its name would have to be known."""
    return tls.replaced(client_certificate=None, trust=tls.trust._replace(ocsp=OcspMode.OFF))


def _check_network_delegate(delegate: object) -> NetworkDelegate | None:
    if delegate is None:
        return None
    from netstack_sync.url_request.network_delegate import NetworkDelegate

    if not isinstance(delegate, NetworkDelegate):
        raise TypeError(f"network_delegate: must be an instance of a subclass of NetworkDelegate, not {delegate!r}")
    return delegate


def _initial_cookies(cookies: bool | CookiesArgument, base_url: Url | None) -> tuple[CanonicalCookie, ...]:
    if isinstance(cookies, bool):
        return ()
    from netstack_sync.fetcher.cookie_arguments import session_cookies

    PUBLIC_SUFFIXES.load()
    return session_cookies(cookies, base_url, SystemWallClock().now(), PUBLIC_SUFFIXES)


def _check_rate_limit(rate_limit: RateLimitArgument) -> RateLimits | None:
    if rate_limit is None:
        return None
    load_attempt_rooms()
    from netstack_sync.url_request.rate_limit import RateLimits

    return RateLimits.from_value(rate_limit)


def _check_throttle(throttle: object) -> bool:
    if check_flag("throttle", throttle):
        load_attempt_rooms()
        return True
    return False


def _check_scheduler(resource_scheduler: object) -> ResourceSchedulerSettings | None:
    if resource_scheduler is False:
        return None
    load_attempt_rooms()
    from netstack_sync.url_request.resource_scheduler import ResourceSchedulerSettings

    return ResourceSchedulerSettings.from_value(resource_scheduler)


def _check_pins(pins: object) -> PinStore | None:
    if pins is None:
        return None
    from netstack_sync.fetcher.pins import pins_from_value

    return pins_from_value(pins)


def _check_tcp(tcp: object) -> TcpOptions:
    if tcp is None:
        return DEFAULT_TCP_OPTIONS
    if not isinstance(tcp, TcpOptions):
        raise TypeError(f"tcp: must be a TcpOptions, not {type(tcp).__name__}")
    return tcp
