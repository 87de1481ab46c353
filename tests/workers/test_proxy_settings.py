"""SystemProxySettings: what is typed into the fields of a dialog becomes one text for all systems."""

from __future__ import annotations

import pytest

from netstack_sync.workers.proxy_settings import SystemProxySettings, joined_bypass, joined_rules, proxy_entry


@pytest.mark.parametrize(
    "host, port, entry",
    [
        ("proxy.test", 8080, "http=proxy.test:8080"),
        (" Proxy.TEST ", "8080", "http=proxy.test:8080"),
        ("proxy.test", 0, "http=proxy.test"),
        ("proxy.test", "", "http=proxy.test"),
        ("proxy.test:3128", "", "http=proxy.test:3128"),
        ("http://proxy.test:3128/", "", "http=proxy.test:3128"),
        ("https://proxy.test", 443, "http=proxy.test:443"),
        ("http://user:p@ss@proxy.test", 80, "http=proxy.test:80"),
        ("2001:DB8::1", 3128, "http=[2001:db8::1]:3128"),
        ("[2001:db8::1]", 3128, "http=[2001:db8::1]:3128"),
        ("192.0.2.1", 3128, "http=192.0.2.1:3128"),
        ("", 8080, ""),
        ("  ", "", ""),
        ("http://", "", ""),
        (":8080", "", ""),
    ],
)
def test_a_proxy_is_a_host_and_perhaps_a_port(host: str, port: int | str, entry: str) -> None:
    """A whole URL is understood, too; without a host there is no proxy."""
    assert proxy_entry("http", host, port) == entry


@pytest.mark.parametrize(
    "host, entry",
    [
        ("proxy.test", "socks=socks5://proxy.test:1080"),
        ("socks://proxy.test", "socks=socks5://proxy.test:1080"),
        ("SOCKS4://proxy.test", "socks=socks4://proxy.test:1080"),
        ("socks4a://proxy.test", "socks=socks4a://proxy.test:1080"),
        ("socks5h://proxy.test", "socks=socks5h://proxy.test:1080"),
        ("http://proxy.test", "socks=socks5://proxy.test:1080"),
    ],
)
def test_socks_is_version_5_unless_it_says_something_else(host: str, entry: str) -> None:
    """Chromium's rules without a scheme would be version 4."""
    assert proxy_entry("socks", host, 1080) == entry


def test_entries_and_rules_are_joined() -> None:
    """What is empty is left out; an IPv6 address is put in brackets."""
    assert joined_rules(["http=a:80", "", "https=b:80"]) == "http=a:80;https=b:80"
    assert (
        joined_bypass(["*.test", " ", "::1", "10.0.0.0/8", "2001:db8::/32"]) == "*.test,[::1],10.0.0.0/8,2001:db8::/32"
    )


def test_a_password_is_not_shown() -> None:
    """As nowhere."""
    assert "secret" not in repr(SystemProxySettings("GNOME", login=("user", "secret")))
