"""What a session's stack is built from, out of what the user said and what the environment says."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync import (
    DnsSettings,
    EndpointHealthSettings,
    Limits,
    NetworkDelegate,
    ResourceSchedulerSettings,
    TcpOptions,
)
from netstack_sync.base.features import DISABLE_VARIABLE, ENABLE_VARIABLE, TIMEOUT_TCP_CONNECT_ATTEMPT, FeatureList
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.dns.mapped_resolver import HostResolverRules
from netstack_sync.dns.resolver_settings import ResolverSettings
from netstack_sync.fetcher.stack_settings import _FEATURE_VARIABLES, make_context_builder, schemes_from_values
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.url_request.context_builder import ContextBuilder
from netstack_sync.url_request.rate_limit import RateLimit, RateLimits

NAME = TIMEOUT_TCP_CONNECT_ATTEMPT.name
MIN, MAX = f"{NAME}Min", f"{NAME}Max"
TLS = TlsConfig(TrustConfig(ca_file="/ca.pem"))
OWN = "https://dns.test/dns-query{?dns}"


def make(environment: dict[str, str] | None = None, **settings: Any) -> ContextBuilder:
    """The builder of a session of which only this is said."""
    values: dict[str, Any] = {"limits": None, "dns": None, "tcp": None, "endpoint_health": True, "features": None}
    return make_context_builder(**{**values, "tls": TLS, **settings}, environment=environment or {})


def min_s(builder: ContextBuilder) -> float | None:
    """What became of the feature: its limit, None if it is off."""
    features = builder.features or FeatureList()
    is_on = features.is_enabled(TIMEOUT_TCP_CONNECT_ATTEMPT)
    return features.seconds(TIMEOUT_TCP_CONNECT_ATTEMPT, MIN) if is_on else None


def test_nothing_said_is_the_defaults() -> None:
    """The same as those of the parts themselves, but for the trust, which is the session's."""
    assert make() == ContextBuilder(doh_tls=TLS)


def test_everything_gets_to_its_place() -> None:
    """In the form in which it is used."""

    def hook(host: str) -> list[str]:
        return [host]

    dns = DnsSettings(doh=OWN, host_resolver_rules={"a.test": "127.0.0.1"}, resolver=hook, max_parallel=2, stale=True)
    tcp, health = TcpOptions(keep_alive_s=None), EndpointHealthSettings(circuit_breaker=True)
    more: dict[str, Any] = {"rate_limit": 5, "throttle": True, "resource_scheduler": True}
    more["network_delegate"] = delegate = NetworkDelegate()
    builder = make(
        limits=Limits(per_host=2, total=5), dns=dns, tcp=tcp, endpoint_health=health, features={NAME: True}, **more
    )
    assert builder == ContextBuilder(
        limits=PoolLimits(2, 5),
        resolver=ResolverSettings(2, 1000, True),
        host_resolver_rules=HostResolverRules.from_text("MAP a.test 127.0.0.1"),
        resolver_hook=hook,
        doh=dns.doh_config(),
        doh_tls=TLS,
        tcp=tcp,
        features=FeatureList.from_text(NAME),
        health=health,
        rate_limits=RateLimits({}, RateLimit(5)),
        throttles=True,
        network_delegate=delegate,
        resource_scheduler=ResourceSchedulerSettings(),
    )


def test_endpoints_may_be_tried_for_ever() -> None:
    """False is nothing of it."""
    health = make(endpoint_health=False).health
    assert not health.unreachable_after and not health.circuit_breaker


def test_servers_of_names_see_no_client_certificate() -> None:
    """It says who the user is, and is for those whom the session's requests go to (RFC 8484 §8.2)."""
    tls = TlsConfig(TLS.trust, ClientCertificate("/cert.pem"))
    assert make(tls=tls, dns=DnsSettings(doh=OWN)).doh_tls == TLS


def test_schemes_are_settings_when_somebody_says_something() -> None:
    """Else there are the usual ones, and nothing to be read."""
    assert schemes_from_values(None, False, None, ()) is None
    settings = schemes_from_values(None, True, None, ())
    assert settings is not None and settings.ftp
    with pytest.raises(TypeError, match="ftp: must be True or False"):
        schemes_from_values(None, 0, None, ())


# --- features


def test_the_variables_of_features() -> None:
    """Are looked at before the file that names them is read."""
    assert _FEATURE_VARIABLES == (ENABLE_VARIABLE, DISABLE_VARIABLE)
    assert make({ENABLE_VARIABLE: ""}).features is None is make(features="").features


@pytest.mark.parametrize(
    "environment, argument, expected",
    [
        ({}, None, None),
        ({}, NAME, 8.0),
        ({}, {NAME: {MIN: 2}}, 2.0),
        ({}, FeatureList.from_text(f"{NAME}:{MIN}/3s"), 3.0),
        ({"NETSTACK_ENABLE_FEATURES": f"{NAME}:{MIN}/4s"}, None, 4.0),
        ({"NETSTACK_ENABLE_FEATURES": f"{NAME}:{MIN}/4s"}, "", 4.0),
        ({"NETSTACK_ENABLE_FEATURES": f"{NAME}:{MIN}/4s"}, f"{NAME}:{MIN}/5s", 5.0),
        ({"NETSTACK_ENABLE_FEATURES": f"{NAME}:{MIN}/4s"}, NAME, 8.0),
        ({"NETSTACK_ENABLE_FEATURES": NAME}, {NAME: False}, None),
        ({"NETSTACK_DISABLE_FEATURES": NAME}, None, None),
        ({"NETSTACK_DISABLE_FEATURES": NAME}, NAME, 8.0),
    ],
)
def test_the_argument_comes_before_the_environment(
    environment: dict[str, str], argument: Any, expected: float | None
) -> None:
    """Feature by feature; a parameter that is not named has its default then."""
    assert min_s(make(environment, features=argument)) == expected


# --- bad values


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"limits": 5}, TypeError, "limits: must be a Limits, not int"),
        ({"dns": OWN}, TypeError, "dns: must be a DnsSettings, not str"),
        ({"tcp": {"no_delay": True}}, TypeError, "tcp: must be a TcpOptions, not dict"),
        ({"endpoint_health": None}, TypeError, "endpoint_health: must be True, False or EndpointHealthSettings, not N"),
        ({"endpoint_health": 1}, TypeError, "endpoint_health: must be True, False or EndpointHealthSettings, not int"),
        ({"rate_limit": "5"}, TypeError, "rate_limit: pass requests a second"),
        ({"throttle": None}, TypeError, "throttle: must be True or False, not None"),
        ({"network_delegate": NetworkDelegate}, TypeError, "network_delegate: must be an instance of a subclass of"),
        ({"resource_scheduler": 10}, TypeError, "resource_scheduler: must be True, False or ResourceSchedulerSettings"),
        ({"features": ["x"]}, TypeError, "features must be a str, a mapping or a FeatureList, not list"),
        ({"features": "NoSuch"}, ValueError, "no feature is named 'NoSuch'; there are: "),
        ({"features": {NAME: 5}}, TypeError, f"feature {NAME} must be True, False or a mapping of parameters, not 5"),
        ({"features": f"{NAME}:{MIN}/3"}, ValueError, f"{MIN}: '3' is no duration"),
        ({"features": f"{NAME}:{MIN}/40s"}, ValueError, rf"{MIN} \(40 s\) is above {MAX} \(30 s\)"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    """With the name of the argument, before anything is built."""
    with pytest.raises(error, match=message):
        make(**settings)


def test_a_bad_environment_is_named() -> None:
    """Nobody would look for the mistake there."""
    with pytest.raises(ValueError, match="environment variable NETSTACK_DISABLE_FEATURES: no feature is named 'x'"):
        make({"NETSTACK_DISABLE_FEATURES": "x"}, features=NAME)


def test_cookies() -> None:
    """True, False, or what is there from the start."""
    assert make(cookies=True).keeps_cookies and make().cookies == ()
    assert not make(cookies=False).keeps_cookies
    builder = make(cookies={"a": "1"}, base_url=Url.parse("https://a.test/x"))
    assert builder.keeps_cookies and [found.identity for found in builder.cookies] == [("a", "a.test", "/")]
    with pytest.raises(TypeError, match="cookies: pass a mapping"):
        make(cookies=None)
