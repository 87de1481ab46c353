"""What `netstack doctor` says of the variables that name proxies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netstack_sync.base.proxy_url import shown_proxy_url
from netstack_sync.proxy.environment import config_from_environment

_EFFECTS: Final = {
    "http_proxy": "http: URLs go through it",
    "https_proxy": "https: URLs go through it",
    "all_proxy": "URLs without a proxy of their own go through it",
    "no_proxy": "these hosts are asked directly",
}


def proxy_variables(environment: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Name, value without credentials, and effect of those that are there."""
    found = []
    for variable, effect in _EFFECTS.items():
        for name in (variable, variable.upper()):
            value = environment.get(name)
            if value:
                shown = value if variable == "no_proxy" else shown_proxy_url(value)
                found.append((name, shown, _passed_over(name, environment) or effect))
    return found


def proxy_fault(environment: Mapping[str, str]) -> str:
    """Why no session can be made with them; empty where all is well."""
    try:
        config_from_environment(environment)
    except ValueError as error:
        return str(error)
    return ""


def _passed_over(name: str, environment: Mapping[str, str]) -> str:
    """Why a variable does not count; empty for one that does."""
    if name != name.lower() and name.lower() in environment:
        return f"does not count beside {name.lower()}"
    if name == "HTTP_PROXY" and "REQUEST_METHOD" in environment:
        return "does not count beside REQUEST_METHOD: in a CGI script it is what a client sent"
    return ""
