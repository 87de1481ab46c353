"""GNOME's proxies: what gsettings prints, and what it means."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.workers.proxy_settings import SystemProxySettings
from netstack_sync.workers.proxy_settings_gnome import gnome_settings, parse_gsettings, read_gnome_settings

# As gsettings 2.74 prints it when nobody has changed anything.
FRESH = """\
org.gnome.system.proxy autoconfig-url ''
org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1']
org.gnome.system.proxy mode 'none'
org.gnome.system.proxy use-same-proxy true
org.gnome.system.proxy.ftp host ''
org.gnome.system.proxy.ftp port 0
org.gnome.system.proxy.http authentication-password ''
org.gnome.system.proxy.http authentication-user ''
org.gnome.system.proxy.http enabled false
org.gnome.system.proxy.http host ''
org.gnome.system.proxy.http port 8080
org.gnome.system.proxy.http use-authentication false
org.gnome.system.proxy.https host ''
org.gnome.system.proxy.https port 0
org.gnome.system.proxy.socks host ''
org.gnome.system.proxy.socks port 0
"""


def settings(**changes: str) -> SystemProxySettings:
    """What is read after some keys were changed; `http_host="'h'"` is the key host of http."""
    lines = {
        line.rpartition(" ")[0] if "[" not in line else line.partition(" [")[0]: line for line in FRESH.splitlines()
    }
    for name, literal in changes.items():
        schema, _, key = name.replace("__", "-").rpartition("_")
        key = f"org.gnome.system.proxy{'.' + schema if schema else ''} {key}"
        assert key in lines
        lines[key] = f"{key} {literal}"
    return read_gnome_settings(lambda _: "\n".join(lines.values()))


def test_gsettings_is_asked() -> None:
    """In one process for all keys; without proxies all is direct."""
    asked: list[Sequence[str]] = []

    def tool(command: Sequence[str]) -> str:
        asked.append(command)
        return FRESH

    assert read_gnome_settings(tool) == SystemProxySettings("GNOME")
    assert asked == [("gsettings", "list-recursively", "org.gnome.system.proxy")]


def test_without_gsettings_there_are_no_settings() -> None:
    """But what it complains of is told."""

    def missing(_: Sequence[str]) -> str:
        raise FileNotFoundError("gsettings")

    def broken(_: Sequence[str]) -> str:
        raise OSError("gsettings failed")

    assert read_gnome_settings(missing) == SystemProxySettings("")
    with pytest.raises(OSError, match="gsettings failed"):
        read_gnome_settings(broken)


def test_manual_settings() -> None:
    """Each scheme has its own proxy; SOCKS is for the rest. Keys that GNOME's schema calls unused do not count."""
    found = settings(
        mode="'manual'",
        http_host="'proxy.test'",
        https_host="'secure.test'",
        https_port="3128",
        ftp_host="'ftp.test'",
        ftp_port="2121",
        socks_host="'socks.test'",
        socks_port="1080",
    )
    rules = "http=proxy.test:8080;https=secure.test:3128;ftp=ftp.test:2121;socks=socks5://socks.test:1080"
    assert found == SystemProxySettings("GNOME", rules=rules, bypass="localhost,127.0.0.0/8,[::1]")


def test_a_proxy_that_is_not_named_is_none() -> None:
    """Its port has a default of its own."""
    assert settings(mode="'manual'", https_host="'secure.test'").rules == "https=secure.test"


@pytest.mark.parametrize(
    "literal, bypass",
    [
        ("@as []", ""),
        ("['*.test', '.b.test']", "*.test,.b.test"),
        ("['it\\'s', \"o'x\", '\\u00fc.test', 'ü', '2001:db8::1']", "it's,o'x,ü.test,ü,[2001:db8::1]"),
        ("'no list'", ""),
        ("['broken", ""),
        ("@as", ""),
        ("[" * 100_000, ""),
        ("['a', 5]", "a"),
    ],
)
def test_hosts_that_are_ignored(literal: str, bypass: str) -> None:
    """Any text is put up with."""
    assert settings(mode="'manual'", **{"ignore__hosts": literal}).bypass == bypass


def test_automatic_settings() -> None:
    """With a script's URL, or by looking for one; what was typed for the manual mode does not count then."""
    found = settings(mode="'auto'", http_host="'proxy.test'", **{"autoconfig__url": "' http://pac.test/p '"})
    assert found == SystemProxySettings("GNOME", pac_url="http://pac.test/p")
    assert settings(mode="'auto'") == SystemProxySettings("GNOME", auto_detect=True)


def test_a_login() -> None:
    """Only if it is switched on, and has a name."""
    login = {
        "mode": "'manual'",
        "http_host": "'proxy.test'",
        "http_authentication__user": "'me'",
        "http_authentication__password": '"a\\"b\'c\\\\d"',
    }
    assert settings(**login).login is None
    assert settings(**login, http_use__authentication="true").login == ("me", "a\"b'c\\d")
    login["http_authentication__user"] = "''"
    assert settings(**login, http_use__authentication="true").login is None


def test_values_of_an_unexpected_kind_are_as_if_missing() -> None:
    """A schema of the future does no harm."""
    assert settings(mode="'manual'", http_host="5", http_port="'x'", https_host="{'a': <1>}").rules == ""
    assert settings(mode="'manual'", http_host="'h'", http_port="'x'").rules == "http=h"
    assert settings(mode="'elsewhere'") == SystemProxySettings("GNOME")


def test_lines_of_others_are_skipped() -> None:
    """And those that are no settings at all."""
    assert parse_gsettings("other.schema mode 'manual'\nnonsense\n\norg.gnome.system.proxyx mode 'x'") == {}


@given(st.text(alphabet="[]{}()<>@as'\"\\,:ux0e1-_ \n\x0b", max_size=100))
def test_no_text_is_a_failure(text: str) -> None:
    """As the value of any key."""
    keys = ("mode", "ignore-hosts", "autoconfig-url", ".http host", ".http port")
    lines = [f"org.gnome.system.proxy{key if key[0] == '.' else ' ' + key} {text}" for key in keys]
    values = parse_gsettings("\n".join([*lines, "org.gnome.system.proxy mode 'manual'"]))
    assert gnome_settings(values).source == "GNOME"
