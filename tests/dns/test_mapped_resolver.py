"""Host resolver rules: their grammar, which of them applies, and what is asked then."""

from __future__ import annotations

import ipaddress
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS, HostResolver, ResolveParameters, ResolveRequest
from netstack_sync.dns.mapped_resolver import HostMapping, HostResolverRules, MappedHostResolver, _matches
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.resolver import ADDRESSES, ScriptedResolver

NET_LOG = NetLogWithSource.make(RecordingNetLog(), NetLogSourceType.NONE)


class Mapping:
    """A mapped resolver over one that is scripted."""

    def __init__(self, rules: str) -> None:
        self.inner = ScriptedResolver()
        self.resolver: HostResolver = MappedHostResolver(self.inner, HostResolverRules.from_text(rules))

    def asks_for(self, host: str, port: int = 80) -> str:
        """Host and port that the other resolver is asked for."""
        self.resolver.create_request(host, port, DEFAULT_PARAMETERS, NET_LOG)
        request = self.inner.requests.pop()
        return f"{request.host} {request.port}"


def test_a_mapped_name_is_another_one() -> None:
    """(Inclusion) With a port or without; keywords in any case; other names stay as they are."""
    mapping = Mapping("map *.google.test baz.test, Map *.org proxy:99 ")
    assert mapping.asks_for("www.google.test") == "baz.test 80"
    assert mapping.asks_for("chromium.org", 61) == "proxy 99"
    assert mapping.asks_for("foo.test", 77) == "foo.test 77"
    assert mapping.asks_for("google.test") == "google.test 80"


def test_an_exclusion_wins() -> None:
    """(Exclusion) Wherever it stands; it may be of one port only."""
    mapping = Mapping("EXCLUDE *.google.com, MAP *.com baz, exclude www.test.com:443")
    assert mapping.asks_for("www.google.com") == "www.google.com 80"
    assert mapping.asks_for("chrome.com") == "baz 80"
    assert mapping.asks_for("www.test.com", 443) == "www.test.com 443"
    assert mapping.asks_for("www.test.com", 80) == "baz 80"


def test_the_first_mapping_that_fits_wins() -> None:
    """And it is applied once."""
    mapping = Mapping("MAP a.test b.test, MAP *.test c.test, MAP a.test d.test")
    assert mapping.asks_for("a.test") == "b.test 80"
    assert mapping.asks_for("b.test") == "c.test 80"


def test_an_excluded_name_takes_no_later_mapping() -> None:
    """The exclusion is of all of them."""
    assert Mapping("MAP *.test a, EXCLUDE x.test, MAP x.test b").asks_for("x.test") == "x.test 80"


@pytest.mark.parametrize(
    "pattern, host, port",
    [
        ("*", "anything.test", 80),
        ("*", "::1", 80),
        ("LOCALHOST", "localhost", 80),
        ("www.foo.test:1234", "www.foo.test", 1234),
        ("*.foo.test:1234", "www.foo.test", 1234),
        ("*:443", "host", 443),
        ("a*c*e.test", "abcde.test", 80),
        ("**.test", "a.test", 80),
        ("host.test.", "host.test", 80),
        ("*.test.", "host.test", 80),
        ("bücher.test", "xn--bcher-kva.test", 80),
        ("bücher.test:81", "xn--bcher-kva.test", 81),
        ("127.1", "127.0.0.1", 80),
        ("10.*", "10.1.2.3", 80),
        ("::1", "::1", 80),
        ("[::1]", "::1", 80),
        ("2001:DB8:0::80", "2001:db8::80", 80),
        ("[2001:DB8:0::1]:443", "2001:db8::1", 443),
        ("[2001:db8:*]", "2001:db8::1", 443),
        ("[2001:db8:*]:443", "2001:db8::1", 443),
        ("2001:db8:*", "2001:db8::1", 443),
    ],
)
def test_a_pattern_fits_however_it_is_spelled(pattern: str, host: str, port: int) -> None:
    """Hosts are canonical, patterns are typed by people."""
    mapping = Mapping(f"MAP {pattern} mapped.test")
    assert mapping.asks_for(host, port) == f"mapped.test {port}"


@pytest.mark.parametrize(
    "pattern, host, port",
    [
        ("foo.test", "www.foo.test", 80),
        ("foo.test", "foo.test.org", 80),
        ("*.foo.test", "foo.test", 80),
        ("foo.test:1234", "foo.test", 123),
        ("foo.test:1234", "foo.test", 12345),
        ("a*a", "a", 80),
        ("a*b*b", "ab", 80),
        ("a.c", "abc", 80),
        ("::1", "::2", 80),
        ("[::1]:80", "::1", 81),
    ],
)
def test_a_pattern_fits_the_whole_host(pattern: str, host: str, port: int) -> None:
    """A point is a point, a star may stand for nothing, and pieces do not overlap."""
    assert Mapping(f"MAP {pattern} mapped.test").asks_for(host, port) == f"{host} {port}"


@pytest.mark.parametrize(
    "replacement, asked",
    [
        ("192.0.2.1", "192.0.2.1 80"),
        ("192.0.2.1:8080", "192.0.2.1 8080"),
        ("[2001:DB8:0::1]", "2001:db8::1 80"),
        ("[::1]:8080", "::1 8080"),
        ("Other.Test.", "other.test 80"),
        ("bücher.test:81", "xn--bcher-kva.test 81"),
        ("127.1", "127.0.0.1 80"),
    ],
)
def test_a_replacement_becomes_canonical(replacement: str, asked: str) -> None:
    """A name or an address."""
    assert Mapping(f"MAP host.test {replacement}").asks_for("host.test") == asked


def test_a_name_that_is_not_found() -> None:
    """(MapToError) Nobody is asked, and the error says why; `* ~NOTFOUND` with exclusions is a fence."""
    mapping = Mapping("MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, exclude localhost")
    request: ResolveRequest = mapping.resolver.create_request("www.test", 80, DEFAULT_PARAMETERS, NET_LOG)
    on_done = RecordedCompletion()
    request.change_priority(RequestPriority.HIGHEST)
    assert request.start(on_done) == request.net_error == ERR_NAME_NOT_RESOLVED
    request.cancel()
    assert not mapping.inner.requests and not on_done.is_called
    assert request.error_detail == "host_resolver_rules map * to ~NOTFOUND"
    assert (request.addresses, request.services) == ((), ())
    assert (request.source, request.ttl_s, request.staleness) == (None, None, None)
    assert mapping.asks_for("localhost") == "localhost 80" and mapping.asks_for("127.0.0.1") == "127.0.0.1 80"


def test_the_other_resolvers_request_is_the_answer() -> None:
    """Parameters and log are handed on."""
    mapping = Mapping("MAP a.test b.test")
    parameters = ResolveParameters(family=socket.AF_INET)
    request = mapping.resolver.create_request("a.test", 80, parameters, NET_LOG)
    inner = mapping.inner.requests[0]
    assert request is inner and inner.parameters is parameters
    on_done = RecordedCompletion()
    assert request.start(on_done) == ERR_IO_PENDING
    inner.finish()
    assert on_done.result == OK and request.addresses == ADDRESSES


@pytest.mark.parametrize(
    "rule",
    [
        "xyz",
        "EXCLUDE",
        "EXCLUDE foo bar",
        "INCLUDE",
        "INCLUDE x",
        "INCLUDE x :10",
        "MAP",
        "MAP x",
        "MAP x y z",
        "MAP x :10",
        "MAP x ::1",
        "MAP x y:z",
        "MAP x y:65536",
        "MAP x y:",
        "MAP x [::1]x",
        "MAP x a..b",
        "MAP x *.test",
        "MAP x ~NOTFOUND:80",
        "MAP x http://y",
        "MAP a..b y",
        "MAP a/b y",
        "MAP *.bücher.test y",
        "MAP *?.test y",
        "MAP http://x y",
        "EXCLUDE a_b/",
    ],
)
def test_a_bad_rule_is_named(rule: str) -> None:
    """(ParseInvalidRules) With what is wrong and the grammar, unlike Chromium, which leaves it out."""
    with pytest.raises(ValueError) as caught:
        HostResolverRules.from_text(f"MAP good.test 192.0.2.1, {rule}")
    message = str(caught.value)
    assert message.startswith(f"host_resolver_rules: the rule {rule!r} ")
    assert 'each "MAP pattern replacement[:port]" or "EXCLUDE pattern"' in message


@pytest.mark.parametrize("text", ["", " ", ",", " , ,"])
def test_no_rules(text: str) -> None:
    """Neither are empty ones errors."""
    rules = HostResolverRules.from_text(text)
    assert rules == HostResolverRules() and not rules
    assert HostResolverRules.from_text("MAP a b,")


def test_a_mapping_is_rules() -> None:
    """As people write it who come from curl's --resolve: IPv6 with brackets or without, with a port or without."""
    rules = HostResolverRules.from_value(
        {
            "A.test": "192.0.2.1",
            "b.test:443": "::1",
            "c.test": "[::1]:8443",
            "*.d.test": ipaddress.ip_address("2001:db8::1"),
            "e.test": "other.test",
            "f.test": "~notfound",
        }
    )
    assert rules.mappings == (
        HostMapping("a.test", "192.0.2.1"),
        HostMapping("b.test:443", "::1"),
        HostMapping("c.test", "::1", 8443),
        HostMapping("*.d.test", "2001:db8::1"),
        HostMapping("e.test", "other.test"),
        HostMapping("f.test", None),
    )


def test_all_forms_become_one_type() -> None:
    """Rules themselves included."""
    rules = HostResolverRules.from_value("MAP a.test b.test")
    assert HostResolverRules.from_value({"a.test": "b.test"}) == rules == HostResolverRules.from_value(rules)
    assert HostResolverRules.from_value(None) == HostResolverRules.from_value({}) == HostResolverRules()


@pytest.mark.parametrize(
    "mapping",
    [{"a.test": "192.0.2.1,192.0.2.2"}, {"": "192.0.2.1"}, {5: "a"}, {"a": None}, {"a": ["192.0.2.1"]}, {"a": ""}],
)
def test_a_bad_mapping_is_named(mapping: dict[str, object]) -> None:
    """As a rule is."""
    (pattern, replacement), *_ = mapping.items()
    with pytest.raises(ValueError) as caught:
        HostResolverRules.from_value(mapping)
    assert f"the rule {f'{pattern}: {replacement}'!r} has " in str(caught.value)


def test_other_things_are_refused() -> None:
    """With their type."""
    with pytest.raises(TypeError, match="host_resolver_rules: pass a string of rules or a mapping, not list"):
        HostResolverRules.from_value(["MAP a b"])  # type: ignore[arg-type]


@given(st.text(alphabet="ab*", max_size=12), st.text(alphabet="ab", max_size=12))
def test_stars_mean_what_they_say(pattern: str, text: str) -> None:
    """Compared with the definition by recursion."""

    def fits(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(fits(pattern[1:], text[begin:]) for begin in range(len(text) + 1))
        return text[:1] == pattern[0] and fits(pattern[1:], text[1:])

    assert _matches(pattern, text) == fits(pattern, text)


def test_many_stars_take_no_time() -> None:
    """Rule R23: what a regular expression would need years for."""
    begin = time.monotonic()
    assert not _matches("*a" * 500 + "*b", "a" * 10_000)
    assert time.monotonic() - begin < 10.0
