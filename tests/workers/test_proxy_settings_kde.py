"""KDE's proxies: where kioslaverc is, what stands in it, and what it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.workers.proxy_settings import SystemProxySettings
from netstack_sync.workers.proxy_settings_kde import config_folders, kde_settings, parse_kioslaverc, read_kde_settings

# As Plasma 5.27 writes it.
MANUAL = """\
PersistentProxyConnection=false

[$Version]
update_info=kioslave.upd:kde2.2/r1

[Proxy Settings]
AuthMode=0
NoProxyFor=localhost,.b.test c.test
Proxy Config Script=http://pac.test/proxy.pac
ProxyType=1
ReversedException=false
ftpProxy=
httpProxy=http://proxy.test 8080
httpsProxy=http://secure.test 8443
socksProxy=socks://socks.test 1080

[Other]
ProxyType=0
"""


def read(tmp_path: Path, text: str, **environ: str) -> SystemProxySettings:
    """What is made of such a file."""
    (tmp_path / "kioslaverc").write_text(text, "utf-8")
    return read_kde_settings({"XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "none"), **environ})


def manual(tmp_path: Path, *entries: str) -> SystemProxySettings:
    """What is made of a file with these entries in the manual mode."""
    return read(tmp_path, "\n".join(["[Proxy Settings]", "ProxyType=1", *entries]))


def test_manual_settings(tmp_path: Path) -> None:
    """With the blank before the port; the script's URL does not count then."""
    assert read(tmp_path, MANUAL) == SystemProxySettings(
        "KDE",
        rules="http=proxy.test:8080;https=secure.test:8443;socks=socks5://socks.test:1080",
        bypass="*localhost,.b.test,*c.test",
    )


@pytest.mark.parametrize(
    "kind, settings",
    [
        ("0", SystemProxySettings("KDE")),
        ("2", SystemProxySettings("KDE", pac_url="http://pac.test/proxy.pac")),
        ("3", SystemProxySettings("KDE", auto_detect=True)),
        ("5", SystemProxySettings("KDE")),
        ("", SystemProxySettings("KDE")),
        ("x", SystemProxySettings("KDE")),
        ("-1", SystemProxySettings("KDE")),
    ],
)
def test_other_modes(tmp_path: Path, kind: str, settings: SystemProxySettings) -> None:
    """Nothing, a script, or looking for one; what nobody knows is nothing."""
    assert read(tmp_path, MANUAL.replace("ProxyType=1", f"ProxyType={kind}")) == settings


@pytest.mark.parametrize(
    "value, rules",
    [
        ("proxy.test:8080", "http=proxy.test:8080"),
        ("http://proxy.test:8080", "http=proxy.test:8080"),
        ("http://proxy.test:8080/", "http=proxy.test:8080"),
        ("http://proxy.test  8080", "http=proxy.test:8080"),
        ("http://me:secret@proxy.test 8080", "http=proxy.test:8080"),
        ("proxy.test", "http=proxy.test"),
        ("2001:db8::1 8080", "http=[2001:db8::1]:8080"),
        ("//:", ""),
        ("http://", ""),
        ("", ""),
    ],
)
def test_spellings_of_a_proxy(tmp_path: Path, value: str, rules: str) -> None:
    """Those of KDE 3 to 6."""
    assert manual(tmp_path, f"httpProxy={value}").rules == rules


@pytest.mark.parametrize(
    "value, bypass",
    [
        ("test", "*test"),
        ("b.test:8080", "*b.test:8080"),
        ("http://b.test", "http://*b.test"),
        (".b.test", ".b.test"),
        ("*.b.test", "*.b.test"),
        ("<local>", "<local>"),
        ("192.0.2.1,192.0.2.1:80", "192.0.2.1,192.0.2.1:80"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("[::1]:80", "[::1]:80"),
        (" a , ,b\tc ", "*a,*b,*c"),
    ],
)
def test_hosts_are_compared_by_their_ends(tmp_path: Path, value: str, bypass: str) -> None:
    """Which is said with a wildcard; addresses have no such ends."""
    assert manual(tmp_path, f"NoProxyFor={value}").bypass == bypass


@pytest.mark.parametrize(
    "value, is_reversed", [("true", True), ("1", True), ("false", False), ("0", False), ("", False)]
)
def test_the_exceptions_may_be_the_rule(tmp_path: Path, value: str, is_reversed: bool) -> None:
    """Only for them there is a proxy then."""
    assert manual(tmp_path, f"ReversedException={value}").reverses_bypass is is_reversed


def test_entries_may_be_the_names_of_variables(tmp_path: Path) -> None:
    """Mode 4; those that are not set say nothing."""
    text = "[Proxy Settings]\nProxyType=4\nhttpProxy=MY_PROXY\nhttpsProxy=NONE\nNoProxyFor=NO_PROXY\n"
    found = read(tmp_path, text, MY_PROXY="http://proxy.test:3128", NO_PROXY="b.test")
    assert found == SystemProxySettings("KDE", rules="http=proxy.test:3128", bypass="*b.test")


def test_a_request_does_not_choose_the_proxy_of_a_cgi_program(tmp_path: Path) -> None:
    """CVE-2016-5385: there HTTP_PROXY is the header "Proxy"."""
    text = "[Proxy Settings]\nProxyType=4\nhttpProxy=HTTP_PROXY\nhttpsProxy=HTTPS_PROXY\n"
    variables = {"HTTP_PROXY": "http://evil.test:1", "HTTPS_PROXY": "http://good.test:2"}
    assert read(tmp_path, text, REQUEST_METHOD="GET", **variables).rules == "https=good.test:2"
    assert read(tmp_path, text, **variables).rules == "http=evil.test:1;https=good.test:2"


def test_the_user_overrides_the_system(tmp_path: Path) -> None:
    """Entry by entry; of the system's folders the first counts most."""
    folders = [tmp_path / name for name in ("first", "second", "user")]
    entries = ("httpProxy=first.test", "ProxyType=1\nhttpProxy=second.test\nhttpsProxy=second.test", "NoProxyFor=x")
    for folder, text in zip(folders, entries, strict=True):
        folder.mkdir()
        (folder / "kioslaverc").write_text(f"[Proxy Settings]\n{text}\n")
    dirs = f"{folders[0]}:{folders[1]}:"
    found = read_kde_settings({"XDG_CONFIG_DIRS": dirs, "XDG_CONFIG_HOME": str(folders[2])})
    assert found == SystemProxySettings("KDE", rules="http=first.test;https=second.test", bypass="*x")


@pytest.mark.parametrize(
    "environ, folders",
    [
        ({}, ["/etc/xdg", "/home/me/.config"]),
        ({"KDE_SESSION_VERSION": "6", "KDEHOME": "/k"}, ["/etc/xdg", "/home/me/.config"]),
        ({"XDG_CONFIG_DIRS": "/a:/b", "XDG_CONFIG_HOME": "/c"}, ["/b", "/a", "/c"]),
        ({"KDE_SESSION_VERSION": "4"}, ["/home/me/.kde/share/config", "/home/me/.kde4/share/config"]),
        ({"KDE_SESSION_VERSION": "4", "KDEHOME": "/k"}, ["/k/share/config"]),
    ],
)
def test_where_the_file_is(environ: dict[str, str], folders: list[str]) -> None:
    """KDE 4 had its own place."""
    assert config_folders({"HOME": "/home/me", **environ}) == folders


def test_a_home_that_is_not_named_is_looked_up() -> None:
    """As for a service."""
    assert config_folders({})[-1] == str(Path("~/.config").expanduser())


def test_without_a_file_there_is_no_proxy(tmp_path: Path) -> None:
    """Nor with a file where a folder should be; but one that cannot be read is told."""
    (tmp_path / "file").write_text("")
    environ = {"XDG_CONFIG_DIRS": str(tmp_path / "file"), "XDG_CONFIG_HOME": str(tmp_path / "none")}
    assert read_kde_settings(environ) == SystemProxySettings("KDE")
    (tmp_path / "kioslaverc").mkdir()
    with pytest.raises(OSError):
        read_kde_settings({**environ, "XDG_CONFIG_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    "text, entries",
    [
        ("[Proxy Settings][$i]\nProxyType[$i]=1\nhttpProxy[$e]=a%b", {"ProxyType": "1", "httpProxy": "a%b"}),
        ("[Proxy Settings]\nProxyType=1\nProxyType=2", {"ProxyType": "2"}),
        ("[Proxy Settings]\n# note\nNoProxyFor\n a:b=c=d", {"NoProxyFor": "", "a:b": "c=d"}),
        ("[Proxy Settings", {}),
        ("\0\x01\ufffd", {}),
        ("", {}),
        ("[]\na=b", {}),
        ("[DEFAULT]\nProxyType=1", {}),
        ("[Proxy Settings]\nProxyType=1\n=b", {}),
    ],
)
def test_any_text_is_put_up_with(text: str, entries: dict[str, str]) -> None:
    """KDE's marks are no part of the names."""
    assert parse_kioslaverc(text) == entries


@given(st.text(alphabet='[]$Proxy Settings=hT#1;:/\\"%\n\r\t\x0b\x1c\u2028', max_size=200))
def test_no_text_is_a_failure(text: str) -> None:
    """Alone, and in the group."""
    for file in (text, f"[Proxy Settings]\nProxyType=1\n{text}", f"[Proxy Settings]\nhttpProxy={text}"):
        found = kde_settings(parse_kioslaverc(file), {})
        assert found.source == "KDE" and "\n" not in found.rules
