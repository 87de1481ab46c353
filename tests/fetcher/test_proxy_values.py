"""ProxyConfig, PacUrl, PacScript and AutoDetect: checked when they are made."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import AutoDetect, PacScript, PacUrl, ProxyChain, ProxyConfig
from netstack_sync.base.url import Url
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import DIRECTLY, ProxyRules
from netstack_sync.workers.pac_values import MAX_PAC_BYTES

SCRIPT = "function FindProxyForURL(url, host) { return 'DIRECT'; }"
A = ProxyChain.from_urls("http://a:1")


@pytest.mark.parametrize(
    "url, canonical",
    [
        ("http://P.example/proxy.pac", "http://p.example/proxy.pac"),
        ("https://p.example", "https://p.example/"),
        ("file:///etc/proxy.pac", "file:///etc/proxy.pac"),
        ("file:/etc/proxy.pac", "file:/etc/proxy.pac"),
        ("file://localhost/etc/proxy.pac", "file://localhost/etc/proxy.pac"),
        ("data:,function%20FindProxyForURL(){}", "data:,function%20FindProxyForURL(){}"),
        ("data:x/y;base64,RmluZFByb3h5Rm9yVVJM", "data:x/y;base64,RmluZFByb3h5Rm9yVVJM"),
    ],
)
def test_where_a_script_may_be(url: str, canonical: str) -> None:
    """In its one spelling."""
    pac = PacUrl(url)
    assert (pac.url, pac.mandatory) == (canonical, False)
    assert pac == PacUrl(canonical) != PacUrl(canonical, mandatory=True)
    assert hash(pac) == hash(PacUrl(canonical))


@pytest.mark.parametrize(
    "url, error, message",
    [
        (5, TypeError, "PacUrl: url must be a string, not int$"),
        (Path("/etc/proxy.pac"), TypeError, r"PacUrl: url must be a string, not PosixPath; pass path.as_uri\(\)"),
        ("/etc/proxy.pac", ValueError, "PacUrl: url '/etc/proxy.pac' has no scheme"),
        ("ftp://me:secret@h/x", ValueError, r"has the scheme 'ftp'; a script comes by http, https, file, data"),
        ("file://server/share/x.pac", ValueError, "names no file of this machine; write file:///path/proxy.pac"),
        ("file:proxy.pac", ValueError, "names no file of this machine"),
        ("file:///", ValueError, "names no file of this machine"),
        ("data:FindProxyForURL", ValueError, "PacUrl: a data: URL has a comma before its data"),
        ("data:,hello", ValueError, "PacUrl: the script 'hello' has no function FindProxyForURL"),
        ("http://me:secret@", ValueError, r"PacUrl: url 'http://\*\*\*@' "),
    ],
)
def test_where_none_can_be(url: Any, error: type[Exception], message: str) -> None:
    """The words say what to do, never a password."""
    with pytest.raises(error, match=message) as caught:
        PacUrl(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text, error, message",
    [
        (b"x", TypeError, "PacScript: text must be a string, not bytes"),
        ("", ValueError, r"PacScript: the script '' has no function FindProxyForURL\(url, host\)"),
        ("http://p/x.pac", ValueError, "for a file or a URL pass a PacUrl"),
        ("\n <!doctype html>", ValueError, "it is HTML"),
        (SCRIPT + "x" * MAX_PAC_BYTES, ValueError, "PacScript: the script is longer than 1048576 bytes"),
        (SCRIPT + "ü" * (MAX_PAC_BYTES // 2), ValueError, "longer than 1048576 bytes"),
        (SCRIPT + "\ud800", ValueError, "PacScript: the text is not valid Unicode"),
    ],
)
def test_what_is_no_script(text: Any, error: type[Exception], message: str) -> None:
    """As far as can be told without running it."""
    with pytest.raises(error, match=message):
        PacScript(text)


def test_how_long_a_script_may_be() -> None:
    """1 MiB, as in Chromium."""
    assert len(PacScript(SCRIPT + " " * (MAX_PAC_BYTES - len(SCRIPT))).text) == MAX_PAC_BYTES


def test_mandatory_is_a_flag() -> None:
    """In both."""
    for make in (lambda: PacUrl("http://h/", 1), lambda: PacScript(SCRIPT, "yes")):  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"Pac(Url|Script): mandatory must be True or False, not "):
            make()


def test_nothing_secret_is_shown() -> None:
    """Nor a whole script."""
    assert repr(PacUrl("http://me:secret@h/x", mandatory=True)) == "PacUrl('http://***@h/x', mandatory=True)"
    assert repr(PacScript(SCRIPT)) == f"PacScript(<{len(SCRIPT)} characters>, mandatory=False)"
    config = ProxyConfig(["http://me:secret@a:1", "direct"], pac=PacUrl("http://me:secret@h/", True), auto_detect=True)
    assert repr(config) == "<ProxyConfig auto-detect, mandatory script, http://a:1, direct://>"
    assert "secret" not in repr(config.config) and repr(ProxyConfig()) == "<ProxyConfig direct://>"


def test_all_that_can_be_said() -> None:
    """It arrives where the decisions are made."""
    config = ProxyConfig(
        {"http": "http://u:p@a:1"}, pac=PacUrl("http://h/", mandatory=True), auto_detect=True, bypass=["x", "<local>"]
    ).config
    assert config.auto_detect and config.pac_url == "http://h/" and config.pac_script is None and config.pac_mandatory
    assert config.rules.by_scheme == (("http", (A,)), ("ws", (A,))) and config.rules.bypass.text == "x;<local>"
    assert config.credentials == ((A.servers[0], ("u", "p")),) and config.source == "proxy"


def test_only_a_script() -> None:
    """Without it there is nothing but a direct connection. A string is the URL of one."""
    config = ProxyConfig(pac=PacScript(SCRIPT)).config
    assert (config.pac_script, config.pac_url, config.pac_mandatory) == (SCRIPT, None, False)
    assert config.rules == ProxyRules() and not config.is_direct
    assert ProxyConfig(pac="http://H/") == ProxyConfig(pac=PacUrl("http://h/"))


def test_this_machine() -> None:
    """As with curl and requests it is not exempt from proxies that the caller names; from a script it is."""
    local, named = Url.parse("http://localhost/"), Url.parse("http://x.example/")
    rules = ProxyConfig("a:1", bypass="*.example").config.rules
    assert rules.lists_for(local) == (A,) and rules.lists_for(named) == DIRECTLY
    assert ProxyConfig("a:1", bypass="*.example, localhost").config.rules.lists_for(local) == DIRECTLY
    for config in (ProxyConfig(auto_detect=True), ProxyConfig("a:1", pac="http://h/")):
        assert config.config.rules.bypass.matches_implicit(local)
    taken_back = ProxyConfig(pac="http://h/", bypass="<-loopback>").config.rules.bypass
    assert taken_back == ProxyBypassRules("<-loopback>") and not taken_back.matches_implicit(local)


def test_reversed() -> None:
    """Only what the rules name goes through the proxies."""
    rules = ProxyConfig("a:1", bypass="*.example", reverse_bypass=True).config.rules
    assert rules.lists_for(Url.parse("http://x.example/")) == (A,)
    assert rules.lists_for(Url.parse("http://x.other/")) == DIRECTLY


def test_they_are_values() -> None:
    """Compared by what they say, copied and pickled whole."""
    config = ProxyConfig("http://u:p@a:1", bypass="*.example;10.0.0.0/8")
    assert config == ProxyConfig(["http://u:p@A:1"], bypass=["*.example", "10.0.0.0/8"]) != ProxyConfig("a:1")
    assert config != "a:1" and len({config, ProxyConfig("http://u:p@a:1", bypass="*.example;10.0.0.0/8")}) == 1
    for value in (config, PacUrl("http://h/"), PacScript(SCRIPT), AutoDetect()):
        assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value
    with pytest.raises(dataclasses.FrozenInstanceError):
        PacUrl("http://h/").url = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    "values, error, message",
    [
        ({"proxies": "ftp://a"}, ValueError, "proxy: 'ftp://a' has the scheme 'ftp'"),
        ({"proxies": PacScript(SCRIPT)}, TypeError, "proxy: must be a URL .*, not PacScript"),
        ({"pac": 5}, TypeError, "pac: must be a URL, a PacUrl or a PacScript, not int"),
        ({"pac": "ftp://a"}, ValueError, "PacUrl: url 'ftp://a/' has the scheme 'ftp'"),
        ({"auto_detect": 1}, TypeError, "auto_detect: must be True or False, not 1"),
        ({"reverse_bypass": "x"}, TypeError, "reverse_bypass: must be True or False, not 'x'"),
        ({"proxies": "a", "bypass": "x, b/c"}, ValueError, "bypass: the rule 'b/c' has a /"),
        ({"proxies": "a", "bypass": 5}, TypeError, "bypass: must be a string of rules or a list of such strings"),
        ({"proxies": "a", "bypass": ["x", 5]}, TypeError, "bypass: must be a string"),
        ({"pac": "http://h/", "bypass": "x"}, ValueError, 'bypass: without `proxies` no rule but "<-loopback>" would'),
        ({"bypass": "x"}, ValueError, "bypass: without `proxies`"),
        ({"proxies": "a", "reverse_bypass": True}, ValueError, "reverse_bypass: without bypass rules nothing would go"),
        ({"proxies": "a", "bypass": "<-loopback>", "reverse_bypass": True}, ValueError, "reverse_bypass: without bypa"),
    ],
)
def test_what_cannot_be(values: Any, error: type[Exception], message: str) -> None:
    """The argument is named, and why."""
    with pytest.raises(error, match=message):
        ProxyConfig(**values)
