"""The proxies of Windows: what the registry holds, and what it means."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType

import pytest

from netstack_sync.workers.proxy_settings import SystemProxySettings
from netstack_sync.workers.proxy_settings_windows import detects, read_windows_settings, registry_values

SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
CONNECTIONS = SETTINGS + r"\Connections"
POLICIES = r"Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
USER, MACHINE = "HKEY_CURRENT_USER", "HKEY_LOCAL_MACHINE"


def connection_settings(flags: int) -> bytes:
    """Version, counter, flags, and the texts that follow."""
    return b"\x46\0\0\0\x05\0\0\0" + bytes([flags]) + bytes(7)


class FakeRegistry:
    """Stands in for the module winreg."""

    def __init__(self, keys: Mapping[tuple[str, str], Mapping[str, object]]) -> None:
        self.keys = keys
        self.opened = 0
        self.closed = 0
        self.module = ModuleType("winreg")
        vars(self.module).update(
            HKEY_CURRENT_USER=USER,
            HKEY_LOCAL_MACHINE=MACHINE,
            OpenKey=self.open,
            QueryInfoKey=lambda key: (0, len(key.values), 0),
            EnumValue=lambda key, index: (*key.values[index], 1),
        )

    def open(self, root: str, path: str) -> FakeKey:
        """As OpenKey does it."""
        values = self.keys.get((root, path))
        if values is None:
            raise FileNotFoundError(path)
        self.opened += 1
        return FakeKey(self, list(values.items()))


class FakeKey:
    """An open key."""

    def __init__(self, registry: FakeRegistry, values: list[tuple[str, object]]) -> None:
        self.registry = registry
        self.values = values

    def __enter__(self) -> FakeKey:
        return self

    def __exit__(self, *_: object) -> None:
        self.registry.closed += 1


def read(monkeypatch: pytest.MonkeyPatch, keys: Mapping[tuple[str, str], Mapping[str, object]]) -> SystemProxySettings:
    """What is read of such a registry; every key is closed again."""
    registry = FakeRegistry(keys)
    monkeypatch.setitem(sys.modules, "winreg", registry.module)
    found = read_windows_settings()
    assert registry.closed == registry.opened
    return found


def test_a_registry_without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a new user."""
    assert read(monkeypatch, {}) == SystemProxySettings("Windows")


def test_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever separates the entries."""
    values = {
        "ProxyEnable": 1,
        "ProxyServer": "http=proxy.test:80;https=secure.test:8443 socks=socks.test:1080",
        "ProxyOverride": "*.test;10.*; <local>",
        "AutoConfigURL": " http://pac.test/proxy.pac ",
        "User Agent": "x",
    }
    connections = {"DefaultConnectionSettings": connection_settings(0x0F)}
    assert read(monkeypatch, {(USER, SETTINGS): values, (USER, CONNECTIONS): connections}) == SystemProxySettings(
        "Windows",
        auto_detect=True,
        pac_url="http://pac.test/proxy.pac",
        rules="http=proxy.test:80;https=secure.test:8443;socks=socks.test:1080",
        bypass="*.test,10.*,<local>",
    )


def test_a_proxy_that_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name stays in the registry."""
    values = {"ProxyEnable": 0, "ProxyServer": "proxy.test:80", "ProxyOverride": "<local>"}
    connections = {"DefaultConnectionSettings": connection_settings(0x01)}
    found = read(monkeypatch, {(USER, SETTINGS): values, (USER, CONNECTIONS): connections})
    assert found == SystemProxySettings("Windows")


def test_a_policy_for_the_whole_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's settings do not count then."""
    of_user: dict[str, object] = {"ProxyEnable": 1, "ProxyServer": "user.test:80"}
    of_machine: dict[str, object] = {"ProxyEnable": 1, "ProxyServer": "machine.test:80"}
    for is_per_user, rules in ((0, "machine.test:80"), (1, "user.test:80")):
        keys: dict[tuple[str, str], dict[str, object]] = {
            (MACHINE, POLICIES): {"ProxySettingsPerUser": is_per_user},
            (USER, SETTINGS): of_user,
            (MACHINE, SETTINGS): of_machine,
        }
        assert read(monkeypatch, keys).rules == rules


@pytest.mark.parametrize("value", [None, 5, "x", b"", b"\x46\0\0\0\x05\0\0\0", connection_settings(0x07)])
def test_no_automatic_detection(value: object) -> None:
    """Whatever is there instead of the structure."""
    assert not detects(value)


def test_texts_that_are_none() -> None:
    """A value of another kind is as if missing."""
    values: dict[str, object] = {"ProxyEnable": 1, "ProxyServer": 5, "ProxyOverride": None, "AutoConfigURL": b"x"}
    assert read_windows_settings(lambda _, path: values if path == SETTINGS else {}) == SystemProxySettings("Windows")


def test_a_registry_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told."""
    registry = FakeRegistry({})

    def refuse(root: str, path: str) -> None:
        raise PermissionError("Access is denied")

    vars(registry.module).update(OpenKey=refuse)
    monkeypatch.setitem(sys.modules, "winreg", registry.module)
    with pytest.raises(PermissionError):
        registry_values(USER, SETTINGS)
