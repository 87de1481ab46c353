"""The proxies of macOS: what scutil prints, and what it means."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.workers.proxy_settings import SystemProxySettings
from netstack_sync.workers.proxy_settings_macos import read_macos_settings

FULL = """\
<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
    2 : 10/8
    3 : 192.0.2.0/24
    4 : 2001:db8::1
  }
  ExcludeSimpleHostnames : 1
  FTPPassive : 1
  HTTPEnable : 1
  HTTPPort : 8080
  HTTPProxy : proxy.test
  HTTPSEnable : 1
  HTTPSPort : 8443
  HTTPSProxy : secure.test
  ProxyAutoConfigEnable : 1
  ProxyAutoConfigURLString : http://pac.test/proxy.pac?a : b
  ProxyAutoDiscoveryEnable : 1
  SOCKSEnable : 1
  SOCKSPort : 1080
  SOCKSProxy : socks.test
  __SCOPED__ : <dictionary> {
    en0 : <dictionary> {
      ExceptionsList : <array> {
        0 : *.scoped
      }
      HTTPPort : 1
      HTTPProxy : scoped.test
    }
  }
  FTPEnable : 1
  FTPProxy : ftp.test
}
"""


def read(text: str) -> SystemProxySettings:
    """What is made of scutil's words."""
    return read_macos_settings(lambda _: text)


def test_scutil_is_asked() -> None:
    """In its place, since not every PATH leads there. What it complains of is told."""
    asked: list[Sequence[str]] = []

    def tool(command: Sequence[str]) -> str:
        asked.append(command)
        raise OSError("scutil failed")

    with pytest.raises(OSError, match="scutil failed"):
        read_macos_settings(tool)
    assert asked == [("/usr/sbin/scutil", "--proxy")]


def test_everything_at_once() -> None:
    """But the settings of single interfaces; short blocks are written out."""
    assert read(FULL) == SystemProxySettings(
        "macOS",
        auto_detect=True,
        pac_url="http://pac.test/proxy.pac?a : b",
        rules="http=proxy.test:8080;https=secure.test:8443;ftp=ftp.test;socks=socks5://socks.test:1080",
        bypass="<local>,*.local,169.254.0.0/16,10.0.0.0/8,192.0.2.0/24,[2001:db8::1]",
    )


@pytest.mark.parametrize(
    "name, changed",
    [
        ("HTTPEnable", ("rules", "https=secure.test:8443;ftp=ftp.test;socks=socks5://socks.test:1080")),
        ("SOCKSEnable", ("rules", "http=proxy.test:8080;https=secure.test:8443;ftp=ftp.test")),
        ("ProxyAutoConfigEnable", ("pac_url", "")),
        ("ProxyAutoDiscoveryEnable", ("auto_detect", False)),
        ("ExcludeSimpleHostnames", ("bypass", "*.local,169.254.0.0/16,10.0.0.0/8,192.0.2.0/24,[2001:db8::1]")),
    ],
)
def test_what_is_switched_off_does_not_count(name: str, changed: tuple[str, object]) -> None:
    """Its values stay there."""
    key, value = changed
    assert getattr(read(FULL.replace(f"  {name} : 1", f"  {name} : 0")), key) == value


@pytest.mark.parametrize("text", ["", "}", "}\n}\nHTTPEnable : 1", "<dictionary> {\n}", "No such key", "a : b : c"])
def test_without_settings(text: str) -> None:
    """Whatever is printed then."""
    assert read(text) == SystemProxySettings("macOS")


@given(st.text(alphabet="<>{}dictonary:HTTPEnableProxy01. \n", max_size=200))
def test_no_text_is_a_failure(text: str) -> None:
    """Also in the middle of a dictionary."""
    for printed in (text, f"<dictionary> {{\n  HTTPEnable : 1\n{text}\n}}"):
        assert read(printed).source == "macOS"
