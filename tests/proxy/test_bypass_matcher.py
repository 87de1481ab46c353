"""Many rules, asked at once."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.url import Url
from netstack_sync.proxy import bypass_matcher
from netstack_sync.proxy.bypass_matcher import BypassMatcher
from netstack_sync.proxy.bypass_rule import MAX_LENGTH, Condition, HostRule, parse_bypass_rule


def matcher(*rules: str) -> BypassMatcher:
    return BypassMatcher([parse_bypass_rule(rule) for rule in rules])


def matches(known: BypassMatcher, url: str) -> bool:
    return known.matches(Url.parse(url))


def test_each_kind_of_rule() -> None:
    """Whole hosts, ends, beginnings, other patterns, ranges, names without a dot; each with its scheme and port."""
    known = matcher("a.x", "https://a.y", "*.e:81", "s.*", "m*.m", "q?", "10.0.0.0/8", "http://[::5]", "<-loopback>")
    for url in ("http://a.x", "https://a.y", "http://z.e:81", "http://s.t", "http://mm.m", "http://qq", "http://[::5]"):
        assert matches(known, url), url
    for url in (
        "http://a.y",
        "http://z.e",
        "http://t.s",
        "http://m.n",
        "http://q",
        "https://[::5]",
        "http://localhost",
    ):
        assert not matches(known, url), url
    assert matches(known, "http://10.9.9.9") and not matches(known, "http://11.9.9.9")
    assert not matches(known, "http://plain") and matches(matcher("<local>"), "http://plain")
    assert not matches(matcher("<local>"), "http://9.9.9.9")


def test_one_host_may_have_several_conditions() -> None:
    """Any of them will do."""
    known = matcher("http://a.x", "a.x:8443")
    assert matches(known, "http://a.x") and matches(known, "https://a.x:8443") and not matches(known, "https://a.x")


def test_no_rules_name_nothing() -> None:
    """Also of URLs without a host."""
    assert not matches(matcher(), "http://a.x") and not matches(matcher("a.x", "10.0.0.0/8"), "data:,x")


def test_rules_are_found_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands only those that may speak of the host are looked at."""
    known = matcher(
        *[f"*.d{n}.example" for n in range(3000)], *[f"h{n}.example" for n in range(3000)],
        *[f"10.{n // 200}.{n % 200}.0/24" for n in range(3000)], *[f"h{n}*" for n in range(3000)],
    )  # fmt: skip
    looked_at: list[object] = []

    def is_meant(condition: Condition, url: Url) -> bool:
        looked_at.append(condition)
        return True

    monkeypatch.setattr(bypass_matcher, "_is_meant", is_meant)
    assert not matches(known, "http://www.other.example") and looked_at == []
    assert matches(known, "http://www.d2999.example") and matches(known, "http://10.3.4.5")
    assert len(looked_at) == 2


def test_stars_are_not_tried_in_all_ways() -> None:
    """A pattern that backtracking would need ages for is done at once; the test's time limit is the proof."""
    host = ".".join(["a" * 60] * 4)
    assert not matches(matcher("*a" * 200 + "*b"), f"http://{host}")
    assert not matches(matcher("*a?" * 50 + "*b"), f"http://{host}")
    assert matches(matcher("*a" * 200 + "*"), f"http://{host}")


def test_endless_hosts_are_not_compared_with_patterns() -> None:
    """No name has so many characters; what needs no searching still holds for them."""
    host = "a" * (MAX_LENGTH + 1)
    assert not matches(matcher("a*a*"), f"http://{host}") and matches(matcher("*"), f"http://{host}")
    assert matches(matcher("a*a*"), f"http://{host[1:]}")


LABELS = st.text("ab.", min_size=1, max_size=8).filter(lambda text: not re.search(r"^\.|\.\.|\.$", text))
PATTERNS = st.text("ab.*?", min_size=1, max_size=8)


@given(st.lists(PATTERNS, max_size=5), LABELS)
def test_the_same_as_one_by_one(patterns: list[str], host: str) -> None:
    """However the patterns are sorted in, the verdict is that of comparing each."""
    known = BypassMatcher([HostRule(Condition(), pattern) for pattern in patterns])
    expected: Any = any(fnmatch.fnmatchcase(host, pattern) for pattern in patterns)
    assert known.matches(Url.parse(f"http://{host}/")) is expected
