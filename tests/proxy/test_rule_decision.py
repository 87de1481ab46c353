"""decided_by(): names the rule by which ProxyRules decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.base.url import Url
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyRules
from netstack_sync.proxy.rule_decision import RuleDecision, RuleKind, decided_by
from netstack_sync.proxy.rules_text import parse_rules_text

DIRECT_KINDS = (RuleKind.BYPASS, RuleKind.IMPLICIT, RuleKind.REVERSED, RuleKind.NOTHING)


def rules(text: str, bypass: str = "", reverses: bool = False) -> ProxyRules:
    """In Chromium's words."""
    return parse_rules_text(text, ProxyBypassRules(bypass), reverses)


@pytest.mark.parametrize(
    "url, kind, text",
    [
        ("http://a.test/", RuleKind.SCHEME, "http"),
        ("https://a.test/", RuleKind.SCHEME, "https"),
        ("ftp://a.test/", RuleKind.NOTHING, ""),
        ("ws://a.test/", RuleKind.SCHEME, "https"),
        ("http://a.corp.test/", RuleKind.BYPASS, "*.corp.test"),
        ("http://printer/", RuleKind.BYPASS, "<local>"),
        ("http://127.0.0.1/", RuleKind.IMPLICIT, ""),
        ("http://localhost/", RuleKind.BYPASS, "<local>"),
        ("http://[fe80::1]/", RuleKind.IMPLICIT, ""),
        ("https://10.1.2.3/", RuleKind.BYPASS, "10.0.0.0/8"),
        ("https://a.both.test/", RuleKind.BYPASS, "a.both.test"),
    ],
)
def test_each_kind_of_rule(url: str, kind: RuleKind, text: str) -> None:
    """As the user wrote it; of several the last. A bad one is passed over."""
    known = rules("http=p:80;https=q:80", "*.corp.test, <local>; 10.0.0.0/8,*.both.test, a.both.test ,a:b:c,")
    assert decided_by(known, Url.parse(url)) == RuleDecision(kind, text)


def test_proxies_for_all_and_for_the_rest() -> None:
    """A web socket takes those for the rest before those of https."""
    url, socket = Url.parse("https://a.test/"), Url.parse("wss://a.test/")
    assert decided_by(rules("p:80"), url) == RuleDecision(RuleKind.ALL)
    assert decided_by(rules("http=p:80;socks=s:1"), url) == RuleDecision(RuleKind.OTHERS)
    assert decided_by(rules("socks=s:1"), url) == RuleDecision(RuleKind.ALL)
    assert decided_by(rules("https=p:80;socks=s:1"), socket) == RuleDecision(RuleKind.OTHERS)
    assert decided_by(rules("http=p:80"), socket) == RuleDecision(RuleKind.SCHEME, "http")
    assert decided_by(rules(""), url) == decided_by(rules(""), socket) == RuleDecision(RuleKind.NOTHING)


def test_rules_may_be_reversed() -> None:
    """What they do not name goes directly."""
    known = rules("p:80", "*.b.test", reverses=True)
    assert decided_by(known, Url.parse("http://a.test/")) == RuleDecision(RuleKind.REVERSED)
    assert decided_by(known, Url.parse("http://a.b.test/")) == RuleDecision(RuleKind.ALL)


def test_this_machine_after_it_was_taken_back() -> None:
    """Only rules behind "<-loopback>" speak of it."""
    url = Url.parse("http://localhost/")
    assert decided_by(rules("p:80", "<local>,<-loopback>"), url) == RuleDecision(RuleKind.ALL)
    assert decided_by(rules("p:80", "<-LOOPBACK>,localhost"), url) == RuleDecision(RuleKind.BYPASS, "localhost")


TEXTS = st.lists(
    st.sampled_from(["<local>", "<-loopback>", "*", "*.test", "a.test:80", "127.0.0.1", "10.0.0.0/8", "[", "http://b"])
)
URLS = st.sampled_from(
    ["http://a.test/", "https://a.test/", "http://b/", "http://localhost/", "http://127.0.0.1/", "ws://10.1.1.1/"]
)


@given(TEXTS, URLS, st.booleans(), st.sampled_from(["p:80", "http=p:80", "https=q:80;socks=s:1", ""]))
def test_it_agrees_with_what_is_done(texts: list[str], url: str, reverses: bool, proxies: str) -> None:
    """Whatever the rules are: direct if and only if the rule says so."""
    known, parsed = rules(proxies, ",".join(texts), reverses), Url.parse(url)
    decision = decided_by(known, parsed)
    assert (known.lists_for(parsed) == (DIRECT,)) == (decision.kind in DIRECT_KINDS)
    assert not decision.text or decision.text in (*texts, "http", "https", "ws")


def test_a_direct_list_is_the_scheme_s() -> None:
    """Though nothing is proxied."""
    direct = ProxyRules(by_scheme=(("http", (ProxyChain(),)),))
    assert decided_by(direct, Url.parse("http://a.test/")) == RuleDecision(RuleKind.SCHEME, "http")
