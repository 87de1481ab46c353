"""read_windows_settings(): the proxies of Windows, those of "Internet Options"."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from netstack_sync.workers.proxy_settings import SystemProxySettings

Registry: TypeAlias = Callable[[str, str], Mapping[str, object]]
"""The values of one key, by its root ("HKEY_CURRENT_USER") and path; none where there is no such key."""

_SOURCE: Final = "Windows"
_SETTINGS: Final = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
_CONNECTIONS: Final = rf"{_SETTINGS}\Connections"
_POLICIES: Final = r"Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
_USER: Final = "HKEY_CURRENT_USER"
_MACHINE: Final = "HKEY_LOCAL_MACHINE"
_FLAGS_AT: Final = 8  # of DefaultConnectionSettings, after the version and a counter of changes
_AUTO_DETECT: Final = 0x08  # PROXY_TYPE_AUTO_DETECT of wininet.h


def read_windows_settings(registry: Registry | None = None) -> SystemProxySettings:
    """Reads the registry; those of the machine instead of the user's where a policy says so."""
    values_of = registry_values if registry is None else registry
    is_per_user = values_of(_MACHINE, _POLICIES).get("ProxySettingsPerUser") != 0
    root = _USER if is_per_user else _MACHINE
    values = values_of(root, _SETTINGS)
    is_enabled = bool(values.get("ProxyEnable"))
    return SystemProxySettings(
        _SOURCE,
        auto_detect=detects(values_of(root, _CONNECTIONS).get("DefaultConnectionSettings")),
        pac_url=_text(values, "AutoConfigURL"),
        rules=";".join(_text(values, "ProxyServer").split()) if is_enabled else "",
        bypass=",".join(_text(values, "ProxyOverride").replace(";", " ").split()) if is_enabled else "",
    )


def detects(settings: object) -> bool:
    """Whether "Automatically detect settings" is ticked, which is known from a structure that nobody documents."""
    return isinstance(settings, bytes) and len(settings) > _FLAGS_AT and bool(settings[_FLAGS_AT] & _AUTO_DETECT)


def registry_values(root: str, path: str) -> dict[str, object]:
    """See Registry. Raises OSError when what is there cannot be read."""
    winreg = importlib.import_module("winreg")  # Windows only
    values: dict[str, object] = {}
    try:
        key = winreg.OpenKey(getattr(winreg, root), path)
    except FileNotFoundError:
        return values
    with key:
        for index in range(winreg.QueryInfoKey(key)[1]):
            name, value, _ = winreg.EnumValue(key, index)
            values[name] = value
    return values


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return value.strip() if isinstance(value, str) else ""
