"""The proxies that the variables of the environment name: http_proxy, https_proxy, all_proxy, no_proxy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netstack_sync.base.proxy_chain import ProxyChain, ProxyServer
from netstack_sync.base.proxy_url import parse_proxy_url
from netstack_sync.proxy.config import ProxyConfig, ProxyList, ProxyRules
from netstack_sync.proxy.no_proxy import parse_no_proxy

_ALL: Final = "all_proxy"
_NO_PROXY: Final = "no_proxy"
_PROXIES: Final = ("http_proxy", "https_proxy", _ALL)
# A URL's scheme, and whose proxy it has.
_VARIABLES: Final = {"http": "http_proxy", "https": "https_proxy", "ws": "http_proxy", "wss": "https_proxy"}


def config_from_environment(environment: Mapping[str, str]) -> ProxyConfig | None:
    """What the variables say, None where they name no proxy.

    Of two spellings the lower case counts, even when it is empty, which means none. HTTP_PROXY does not count
    where REQUEST_METHOD is set: in a CGI script it is what a client sent as the header "Proxy" (httpoxy,
    CVE-2016-5385). A proxy that cannot be used raises ValueError naming the variable, as curl and requests refuse
    requests then: to go directly would not be what whoever set it wanted. Bad entries of no_proxy are skipped.
    """
    found: dict[str, ProxyChain] = {}
    credentials: dict[ProxyServer, tuple[str, str]] = {}
    names: list[str] = []
    for variable in _PROXIES:
        name, value = _value_of(environment, variable)
        if not value:
            continue
        server, login = _parsed(name, value)
        found[variable] = ProxyChain((server,))
        names.append(name)
        if login is not None and credentials.setdefault(server, login) != login:
            raise ValueError(f"environment variable {name}: another variable has other credentials for {server}")
    if not found:
        return None
    name, value = _value_of(environment, _NO_PROXY)
    by_scheme: list[tuple[str, ProxyList]] = [
        (scheme, (found[variable],)) for scheme, variable in _VARIABLES.items() if variable in found
    ]
    fallback = (found[_ALL],) if _ALL in found else ()
    return ProxyConfig(
        rules=ProxyRules((), tuple(by_scheme), fallback, parse_no_proxy(value)),
        credentials=tuple(credentials.items()),
        source=f"environment: {', '.join([*names, name] if value else names)}",
    )


def _value_of(environment: Mapping[str, str], variable: str) -> tuple[str, str]:
    """The name that counts, and what it says."""
    if variable in environment:
        return variable, environment[variable].strip()
    name = variable.upper()
    if name == "HTTP_PROXY" and "REQUEST_METHOD" in environment:
        return name, ""
    return name, environment.get(name, "").strip()


def _parsed(name: str, value: str) -> tuple[ProxyServer, tuple[str, str] | None]:
    try:
        return parse_proxy_url(value)
    except ValueError as error:
        raise ValueError(f"environment variable {name}: {error}") from None
