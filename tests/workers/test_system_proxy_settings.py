"""read_system_proxy_settings(): who is asked where."""

from __future__ import annotations

import pytest

from netstack_sync.workers import system_proxy_settings
from netstack_sync.workers.proxy_settings import SystemProxySettings
from netstack_sync.workers.system_proxy_settings import NO_SETTINGS, read_system_proxy_settings


@pytest.fixture(autouse=True)
def readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tells only its name."""
    for name in ("gnome", "kde", "macos", "windows"):
        monkeypatch.setattr(
            system_proxy_settings, f"read_{name}_settings", lambda *_, name=name: SystemProxySettings(name)
        )


@pytest.mark.parametrize("platform, source", [("win32", "windows"), ("darwin", "macos")])
def test_systems_with_one_place(platform: str, source: str) -> None:
    """Whatever the desktop is called."""
    assert read_system_proxy_settings({"XDG_CURRENT_DESKTOP": "KDE"}, platform).source == source


@pytest.mark.parametrize(
    "environ, source",
    [
        ({"XDG_CURRENT_DESKTOP": "GNOME"}, "gnome"),
        ({"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}, "gnome"),
        ({"XDG_CURRENT_DESKTOP": "X-Cinnamon"}, "gnome"),
        ({"XDG_CURRENT_DESKTOP": "MATE"}, "gnome"),
        ({"XDG_CURRENT_DESKTOP": "KDE"}, "kde"),
        ({"XDG_CURRENT_DESKTOP": "XFCE"}, ""),
        ({"XDG_CURRENT_DESKTOP": "XFCE", "DESKTOP_SESSION": "gnome"}, ""),
        ({"DESKTOP_SESSION": "gnome"}, "gnome"),
        ({"DESKTOP_SESSION": "plasma"}, "kde"),
        ({"XDG_CURRENT_DESKTOP": "", "DESKTOP_SESSION": "kde-plasma"}, "kde"),
        ({"KDE_FULL_SESSION": "true"}, "kde"),
        ({"XDG_CURRENT_DESKTOP": "XFCE", "KDE_FULL_SESSION": "true"}, ""),
        ({"XDG_CURRENT_DESKTOP": ":"}, ""),
        ({}, ""),
    ],
)
def test_desktops(environ: dict[str, str], source: str) -> None:
    """By what they call themselves, the newest way first; a server has none."""
    assert read_system_proxy_settings(environ, "linux").source == source


def test_no_settings_are_direct() -> None:
    """As an empty value says."""
    assert read_system_proxy_settings({}, "freebsd14") is NO_SETTINGS and SystemProxySettings("") == NO_SETTINGS


def test_the_platform_is_this_one() -> None:
    """Unless a test says something else."""
    assert read_system_proxy_settings({"XDG_CURRENT_DESKTOP": "GNOME"}).source in ("gnome", "macos", "windows")
