"""read_system_proxy_settings(): what this system says about proxies. May block; for worker threads."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from netstack_sync.workers.proxy_settings import SystemProxySettings
from netstack_sync.workers.proxy_settings_gnome import read_gnome_settings
from netstack_sync.workers.proxy_settings_kde import read_kde_settings
from netstack_sync.workers.proxy_settings_macos import read_macos_settings
from netstack_sync.workers.proxy_settings_windows import read_windows_settings

NO_SETTINGS: Final = SystemProxySettings("")
"""Where there is no place for them."""

# In XDG_CURRENT_DESKTOP, or for sessions without it in DESKTOP_SESSION (base/nix/xdg_util.cc). XFCE, LXQt and COSMIC
# have no settings of proxies; MATE uses GNOME's.
_LIKE_GNOME: Final = frozenset({"gnome", "unity", "x-cinnamon", "deepin", "pantheon", "ukui", "mate", "budgie"})
_LIKE_KDE: Final = frozenset({"kde", "kde4", "kde-plasma", "plasma"})


def read_system_proxy_settings(environ: Mapping[str, str], platform: str = sys.platform) -> SystemProxySettings:
    """The settings of Windows or macOS, elsewhere of the desktop; raises OSError when they cannot be read.

    `environ` says which desktop it is and where it keeps its files. Variables that name proxies are not looked at.
    """
    if platform == "win32":
        return read_windows_settings()
    if platform == "darwin":
        return read_macos_settings()
    names = desktop_names(environ)
    if not names.isdisjoint(_LIKE_KDE):
        return read_kde_settings(environ)
    if not names.isdisjoint(_LIKE_GNOME):
        return read_gnome_settings()
    return NO_SETTINGS


def desktop_names(environ: Mapping[str, str]) -> frozenset[str]:
    """What the desktop calls itself, in lower case; empty without one, as on a server."""
    words = environ.get("XDG_CURRENT_DESKTOP") or environ.get("DESKTOP_SESSION") or ""
    names = frozenset(words.lower().split(":")) - {""}
    return names or frozenset({"kde"} if "KDE_FULL_SESSION" in environ else ())
