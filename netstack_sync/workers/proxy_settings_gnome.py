"""read_gnome_settings(): the proxies of GNOME and of the desktops that keep theirs in the same place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from netstack_sync.workers.proxy_settings import SystemProxySettings, joined_bypass, joined_rules, proxy_entry
from netstack_sync.workers.settings_tool import output_of

Value: TypeAlias = "str | int | bool | list[str]"

_SOURCE: Final = "GNOME"
_SCHEMA: Final = "org.gnome.system.proxy"
_COMMAND: Final = ("gsettings", "list-recursively", _SCHEMA)
_SCHEMES: Final = ("http", "https", "ftp", "socks")


def read_gnome_settings(tool: Callable[[Sequence[str]], str] = output_of) -> SystemProxySettings:
    """Asks gsettings; without it there are no settings. Raises OSError when it does not answer.

    As in Chromium (net/proxy_resolution/proxy_config_service_linux.cc) the keys "use-same-proxy" and "enabled" do not
    count, since GNOME's own schema says that nobody must read them.
    """
    try:
        text = tool(_COMMAND)
    except FileNotFoundError:
        return SystemProxySettings("")
    return gnome_settings(parse_gsettings(text))


def gnome_settings(values: Mapping[str, Value]) -> SystemProxySettings:
    """What the keys mean; those of "org.gnome.system.proxy.http" and its like begin with "http."."""
    mode = values.get("mode")
    if mode == "auto":
        pac_url = _text(values, "autoconfig-url").strip()
        return SystemProxySettings(_SOURCE, auto_detect=not pac_url, pac_url=pac_url)
    if mode != "manual":
        return SystemProxySettings(_SOURCE)
    entries = [proxy_entry(scheme, _text(values, f"{scheme}.host"), _port(values, scheme)) for scheme in _SCHEMES]
    ignored = values.get("ignore-hosts", [])
    return SystemProxySettings(
        _SOURCE,
        rules=joined_rules(entries),
        bypass=joined_bypass(ignored if isinstance(ignored, list) else []),
        login=_login(values),
    )


def parse_gsettings(text: str) -> dict[str, Value]:
    """The lines "SCHEMA KEY VALUE"; those with a value of a kind that is not used here are skipped."""
    values: dict[str, Value] = {}
    for line in text.splitlines():
        schema, _, rest = line.partition(" ")
        key, _, literal = rest.partition(" ")
        if schema != _SCHEMA and not schema.startswith(f"{_SCHEMA}."):
            continue
        value = _parse_value(literal)
        if value is not None:
            values[f"{schema[len(_SCHEMA) + 1 :]}.{key}".lstrip(".")] = value
    return values


def _parse_value(literal: str) -> Value | None:
    """GVariant's text of strings, numbers and lists is what Python reads as well; an empty list has its type before."""
    if literal in ("true", "false"):
        return literal == "true"
    try:
        value = ast.literal_eval(literal.removeprefix("@as "))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return value if isinstance(value, (str, int)) else None


def _text(values: Mapping[str, Value], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _port(values: Mapping[str, Value], scheme: str) -> int:
    """0 where none was chosen."""
    value = values.get(f"{scheme}.port")
    return value if isinstance(value, int) else 0


def _login(values: Mapping[str, Value]) -> tuple[str, str] | None:
    user = _text(values, "http.authentication-user")
    if values.get("http.use-authentication") is not True or not user:
        return None
    return user, _text(values, "http.authentication-password")
