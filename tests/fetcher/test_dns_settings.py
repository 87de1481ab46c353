"""How a session is told to find addresses, and what it makes of it."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address
from typing import Any

import pytest

from netstack_sync import DnsSettings
from netstack_sync.dns.mapped_resolver import HostResolverRules
from netstack_sync.dns.resolver_settings import ResolverSettings
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.fetcher.dns_settings import check_dns
from netstack_sync.url_request.doh_config import DohConfig

OWN = "https://dns.test/dns-query{?dns}"


def test_defaults() -> None:
    """The system is asked, eight lookups at a time, and everything is as the resolver has it by itself."""
    settings = DnsSettings()
    assert settings.doh_config() == DohConfig() and not settings.rules() and settings.resolver is None
    assert settings.resolver_settings() == ResolverSettings()
    assert (settings.max_parallel, settings.cache_entries, settings.stale) == (8, 1000, False)


def test_what_is_made_of_them() -> None:
    """Each part gets its own."""
    settings = DnsSettings(
        doh=OWN,
        doh_mode="automatic",
        host_resolver_rules="MAP *.test 127.0.0.1:8080",
        stale=True,
        max_parallel=3,
        cache_entries=0,
    )
    config = settings.doh_config()
    assert config.mode == SecureDnsMode.AUTOMATIC and [template.host for template in config.templates] == ["dns.test"]
    assert settings.rules() == HostResolverRules.from_text("MAP *.test 127.0.0.1:8080")
    assert settings.resolver_settings() == ResolverSettings(3, 0, True)


def test_they_are_a_value() -> None:
    """Which sessions may share, and which dataclasses.replace() changes, checked again."""
    settings = DnsSettings(host_resolver_rules={"api.test": ip_address("127.0.0.1")})
    assert settings == dataclasses.replace(settings, stale=False) != dataclasses.replace(settings, stale=True)
    with pytest.raises(ValueError, match="max_parallel"):
        dataclasses.replace(settings, max_parallel=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.stale = True  # type: ignore[misc]


def test_servers_may_come_from_anywhere() -> None:
    """An iterator, too, however often it is asked what it meant."""
    settings = DnsSettings(doh=iter([OWN, "https://two.test/"]))
    for _ in range(2):
        assert [template.host for template in settings.doh_config().templates] == ["dns.test", "two.test"]


@pytest.mark.parametrize(
    "values, error, message",
    [
        ({"resolver": "127.0.0.1"}, TypeError, "resolver: must be a function of a host, not str"),
        ({"stale": 1}, TypeError, "stale: must be True or False, not 1"),
        ({"doh": "nobody"}, ValueError, "doh: 'nobody' is no known service"),
        ({"doh": 5}, TypeError, "doh: pass a template or the name of a service, or several of them, not 5"),
        ({"doh": ["quad9", None]}, TypeError, "doh: pass a template .*, not None"),
        ({"doh": []}, ValueError, "doh: names no server"),
        ({"doh_mode": "secure"}, ValueError, "doh_mode: 'secure' needs a server"),
        ({"doh_mode": "always"}, ValueError, "doh_mode: must be one of"),
        ({"host_resolver_rules": "MAP"}, ValueError, "host_resolver_rules: the rule 'MAP' is none"),
        ({"host_resolver_rules": 5}, TypeError, "host_resolver_rules: pass a string of rules or a mapping, not int"),
        ({"host_resolver_rules": {"a.test": 5}}, ValueError, "host_resolver_rules: the rule 'a.test: 5' has a part"),
        ({"max_parallel": 0}, ValueError, "max_parallel must be at least 1, not 0"),
        ({"max_parallel": True}, TypeError, "max_parallel: must be a whole number, not True"),
        ({"max_parallel": 1.5}, TypeError, "max_parallel: must be a whole number, not 1.5"),
        ({"cache_entries": -1}, ValueError, "cache_entries must not be negative, not -1"),
        ({"cache_entries": None}, TypeError, "cache_entries: must be a whole number, not None"),
        ({"cache_entries": False}, TypeError, "cache_entries: must be a whole number, not False"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], error: type[Exception], message: str) -> None:
    """When they are made, and with the name of the setting."""
    with pytest.raises(error, match=message):
        DnsSettings(**values)


def test_a_session_has_settings_or_none() -> None:
    """None is the defaults."""
    settings = DnsSettings(max_parallel=3)
    assert check_dns(settings) is settings and check_dns(None) == DnsSettings()
    for wrong in ("quad9", {"doh": OWN}, ResolverSettings()):
        with pytest.raises(TypeError, match=f"dns: must be a DnsSettings, not {type(wrong).__name__}"):
            check_dns(wrong)
