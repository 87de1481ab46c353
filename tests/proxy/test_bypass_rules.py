"""Which URLs go directly (rows 212, 213 and 217 of the yardstick)."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netstack_sync.base.url import Url
from netstack_sync.proxy import bypass_rules
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from tests.proxy.bypass_table import BYPASS, NO_PROXY


def test_the_tables_are_long_enough() -> None:
    """Each line says something of its own."""
    assert len({*BYPASS}) == len(BYPASS) and len({*NO_PROXY}) == len(NO_PROXY)
    assert len(BYPASS) + len(NO_PROXY) >= 120


@pytest.mark.parametrize("rules, url, goes_directly", BYPASS)
def test_the_table(rules: str, url: str, goes_directly: bool) -> None:
    """Rows 212 and 213; R7 (CVE-2026-8924): every spelling of a host gets the same verdict."""
    assert ProxyBypassRules(rules).matches(Url.parse(url)) is goes_directly


@pytest.mark.parametrize(
    "rules, url, goes_directly",
    [
        ("*.example.com", "http://www.example.com", False),
        ("*.example.com", "http://other.example", True),
        ("", "http://other.example", True),
        ("", "http://localhost", True),
        ("localhost", "http://localhost", False),
        ("<-loopback>", "http://localhost", True),
        ("localhost;<-loopback>", "http://localhost", True),
        ("<-loopback>;localhost", "http://localhost", False),
    ],
)
def test_reversed(rules: str, url: str, goes_directly: bool) -> None:
    """Only what the rules name goes through the proxies; this machine does not without being named."""
    assert ProxyBypassRules(rules).matches(Url.parse(url), reverse=True) is goes_directly


def test_what_counts_for_scripts() -> None:
    """Row 217 (ImplicitlyBypassWithPac, BypassDoesntApplyToPac): the implicit rules alone, unless taken back."""
    local, remote = Url.parse("http://localhost/"), Url.parse("http://example.com/")
    named = ProxyBypassRules("example.com")
    assert named.matches_implicit(local) and named.matches(remote) and not named.matches_implicit(remote)
    assert not ProxyBypassRules("<-loopback>").matches_implicit(local)
    assert not ProxyBypassRules("<-loopback>;localhost").matches_implicit(local)


def test_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 213 (DefaultImplicitRules): "loopback" is a name of this machine there."""
    url = Url.parse("http://loopback/")
    monkeypatch.setattr(bypass_rules, "_NAMES_OF_THIS_MACHINE", frozenset({"loopback"}))
    assert ProxyBypassRules().matches(url) and not ProxyBypassRules("<-loopback>").matches(url)
    monkeypatch.setattr(bypass_rules, "_NAMES_OF_THIS_MACHINE", frozenset())
    assert not ProxyBypassRules().matches(url)


@pytest.mark.parametrize(
    "text, message",
    [
        ("example.com, http://", "the rule 'http://' has an empty host"),
        ("://", "the rule '://' has no valid scheme"),
        ("a.example;*.example.com:-34;b c", r"the rule '\*.example.com:-34' has a wildcard beside a colon"),
        ("bad\x1bhost", r"the rule 'bad\\x1bhost' has a host"),
    ],
)
def test_bad_rules(text: str, message: str) -> None:
    """Row 212 (BadInputs, ParseInvalidPort): the first one is named to whoever wrote it, in others' lists skipped."""
    with pytest.raises(ValueError, match=message):
        ProxyBypassRules.parse(text, strict=True)
    assert ProxyBypassRules.parse(text) == ProxyBypassRules(text)


def test_they_are_a_value() -> None:
    """Compared by what was written; what is made of it travels along."""
    rules = ProxyBypassRules.parse("*.example.com;10.0.0.0/8;a*b;<-loopback>", strict=True)
    assert rules == ProxyBypassRules("*.example.com;10.0.0.0/8;a*b;<-loopback>") != ProxyBypassRules()
    assert len({rules, ProxyBypassRules(rules.text)}) == 1
    assert repr(rules) == f"ProxyBypassRules(text={rules.text!r})"
    copy = pickle.loads(pickle.dumps(rules))
    assert copy == rules and copy.matches(Url.parse("http://www.example.com/"))


def test_what_is_about_loopback_only() -> None:
    """Nothing is, too."""
    for text in ("", " ; ", "<-loopback>", "<-Loopback>,<-loopback>"):
        assert ProxyBypassRules(text).is_about_loopback_only
    for text in ("<local>", "<-loopback>;localhost", "*"):
        assert not ProxyBypassRules(text).is_about_loopback_only


HOSTS = st.sampled_from(["localhost", "a.b", "10.1.2.3", "[::1]", "[2001:db8::1]", "plain", "www.example.com"])
PIECES = st.sampled_from(
    [
        "*",
        "?",
        ".",
        ",",
        ";",
        ":",
        "/",
        "://",
        "<local>",
        "<-loopback>",
        "a.b",
        "10.0.0.0/8",
        "[",
        "]",
        "::1",
        "é",
        "8",
        " ",
    ]
)
RULES = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=30)


@given(RULES, HOSTS)
@example("[", "a.b")
@example("a/" + "9" * 5000, "a.b")
def test_parsing_never_fails(text: str, host: str) -> None:
    """Whatever the text: a verdict, and nothing but ValueError for the strict."""
    url = Url.parse(f"http://{host}/")
    assert ProxyBypassRules(text).matches(url) in (True, False)
    words = "the rule "
    try:
        assert ProxyBypassRules.parse(text, strict=True) == ProxyBypassRules(text)
    except ValueError as error:
        words = str(error)
    assert words.startswith("the rule ") and words.isprintable()


@given(RULES, RULES, HOSTS)
def test_a_later_rule_wins(first: str, second: str, host: str) -> None:
    """What is said last of a URL is what counts: rules before a verdict of later ones cannot change it."""
    url = Url.parse(f"http://{host}/")
    if ProxyBypassRules(f"<-loopback>;{second}").matches(url):
        assert ProxyBypassRules(f"{first};{second}").matches(url)
