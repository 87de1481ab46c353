"""The store in memory: identity, age, limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.url import Url
from netstack_sync.cookies.exclusion import ExclusionReason
from netstack_sync.cookies.store import (
    MAX_IN_ALL,
    MAX_PER_DOMAIN,
    PURGED_IN_ALL,
    PURGED_PER_DOMAIN,
    CookieStore,
    MemoryCookieStore,
)
from tests.support.cookies import NOW, SUFFIXES, cookie

HOME = "https://www.a.test/dir/page"


class Jar:
    """A store with a clock, spoken to in header lines."""

    def __init__(self) -> None:
        self.clock = ManualWallClock(NOW)
        self.store: CookieStore = MemoryCookieStore(self.clock, SUFFIXES)

    def set(self, line: str, url: str = HOME) -> ExclusionReason | None:
        return self.store.set_cookie(cookie(line, url, self.clock.now()), Url.parse(url).is_secure)

    def sent(self, url: str = HOME) -> list[str]:
        return [f"{found.name}={found.value}" for found in self.store.cookies_for(Url.parse(url))]

    def names(self) -> list[str]:
        return [found.name for found in self.store.all_cookies()]


@pytest.fixture
def jar() -> Jar:
    return Jar()


def test_cookies_go_where_they_belong(jar: Jar) -> None:
    """Row 205, GetAllCookiesForURL: to their host, or to all hosts of a domain."""
    assert not jar.store.may_have_cookies and jar.sent() == []
    jar.set("host=1")
    jar.set("domain=2; Domain=a.test; Path=/")
    jar.set("other=3; Path=/", "https://b.test/")
    assert jar.store.may_have_cookies
    assert jar.sent() == ["host=1", "domain=2"] and jar.sent("https://x.a.test/") == ["domain=2"]
    assert jar.sent("https://b.test/") == ["other=3"] and jar.sent("https://c.test/") == []
    assert jar.names() == ["host", "domain", "other"]
    assert repr(jar.store) == "<MemoryCookieStore 3 cookies of 2 sites>"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "github.io"])
def test_hosts_that_are_sites_of_their_own(jar: Jar, host: str) -> None:
    """Nobody shares with them."""
    jar.set("a=1", f"https://{host}/")
    assert jar.sent(f"https://{host}:8443/") == ["a=1"] and jar.sent("https://0.0.1/") == []
    assert jar.sent("https://me.github.io/") == [] == jar.sent("https://x.localhost/")


def test_the_same_cookie_again(jar: Jar) -> None:
    """Row 205, InheritCreationDate: it keeps its place if nothing changed, else it is as new."""
    jar.set("a=1")
    jar.clock.advance(1)
    jar.set("b=1")
    jar.clock.advance(1)
    jar.set("a=1; HttpOnly")
    assert jar.sent() == ["a=1", "b=1"] and jar.store.all_cookies()[0].http_only
    jar.set("a=2")
    assert jar.sent() == ["b=1", "a=2"] and len(jar.names()) == 2


def test_name_domain_and_path_make_a_cookie(jar: Jar) -> None:
    """Row 208, EquivalentCookies: all three."""
    for line in ("a=1", "A=2", "a=3; Path=/", "a=4; Domain=www.a.test", "a=5; Path=/dir/"):
        jar.set(line)
    assert jar.sent() == ["a=5", "a=1", "A=2", "a=4", "a=3"]


def test_servers_delete(jar: Jar) -> None:
    """A cookie that has expired takes the place of the one that has not."""
    for line in ("a=1", "b=1"):
        jar.set(line)
    jar.set("a=1; Max-Age=0")
    jar.set("b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    jar.set("c=1; Max-Age=0")
    assert jar.names() == [] and not jar.store.may_have_cookies


def test_time_passes(jar: Jar) -> None:
    """Row 206, DeleteExpiredCookiesOnGet, DeleteExpiredCookiesAfterTimeElapsed: not sent, and gone."""
    jar.set("a=1; Max-Age=10")
    jar.set("b=1")
    jar.clock.advance(10)
    assert jar.names() == ["b"] and repr(jar.store) == "<MemoryCookieStore 2 cookies of 1 sites>"
    assert jar.sent() == ["b=1"] and repr(jar.store) == "<MemoryCookieStore 1 cookies of 1 sites>"


def test_deleting(jar: Jar) -> None:
    """Row 202, TestCookieDeleteAll, DeleteMatching: by identity; what is not there is no error."""
    for line in ("a=1", "b=1", "c=1"):
        jar.set(line)
    one, two, _ = jar.store.all_cookies()
    assert jar.store.delete([one.replaced(value="other"), two, one.replaced(path="/x")]) == 2
    assert jar.names() == ["c"] and jar.store.delete([one]) == 0
    assert jar.store.delete(jar.store.all_cookies()) == 1 and not jar.store.may_have_cookies


# --- http must not reach what https has set


@pytest.mark.parametrize(
    "line, url",
    [
        ("a=evil; Path=/", "http://www.a.test/"),
        ("a=evil; Path=/dir", "http://www.a.test/"),
        ("a=evil; Path=/; Domain=a.test", "http://www.a.test/"),
        ("a=evil; Path=/; Domain=a.test", "http://b.a.test/"),
        ("a=evil; Path=/dir; Domain=www.a.test", "http://b.www.a.test/"),
        ("a=; Path=/; Max-Age=0", "http://www.a.test/"),
    ],
)
def test_an_attacker_on_http_cannot_touch_secure_cookies(jar: Jar, line: str, url: str) -> None:
    """Row 208, LeaveSecureCookiesAlone: neither overwrite, nor hide, nor delete."""
    jar.set("a=good; Secure; Path=/")
    assert jar.set(line, url) is ExclusionReason.OVERWRITE_SECURE
    assert jar.sent() == ["a=good"] and jar.names() == ["a"]


def test_https_may_take_its_cookies_back(jar: Jar) -> None:
    """Row 208: whoever could set them."""
    jar.set("a=1; Secure; Path=/")
    assert jar.set("a=2; Path=/") is None and jar.sent("http://www.a.test/") == ["a=2"]
    assert jar.set("a=3; Path=/", "http://www.a.test/") is None


# --- limits


def test_a_site_has_so_many(jar: Jar) -> None:
    """Row 203, TestHostGarbageCollection: with all its hosts; what was used least goes first."""
    for number in range(MAX_PER_DOMAIN):
        jar.clock.advance(1)
        jar.set(f"n{number}=1; Path=/p{number}", f"https://h{number % 9}.a.test/")
    jar.clock.advance(1)
    assert jar.sent("https://h0.a.test/p0") == ["n0=1"]
    jar.set("other=1", "https://b.test/")
    jar.set("last=1")
    names = jar.names()
    assert len(names) == MAX_PER_DOMAIN - PURGED_PER_DOMAIN + 1 and {"n0", "last", "other"} <= set(names)
    assert f"n{PURGED_PER_DOMAIN + 1}" not in names and f"n{PURGED_PER_DOMAIN + 2}" in names


def test_what_goes_first(jar: Jar) -> None:
    """Row 208, EvictSecureCookies: expired ones, then those that do not demand https, whenever they were used."""
    for number in range(40):
        jar.set(f"secure{number}=1; Secure")
    for number in range(20):
        jar.set(f"expired{number}=1; Secure; Max-Age=5")
    jar.clock.advance(10)
    for number in range(MAX_PER_DOMAIN - 59):
        jar.set(f"plain{number}=1")
    names = jar.names()
    assert sum(name.startswith("secure") for name in names) == 40
    assert sum(name.startswith("plain") for name in names) == MAX_PER_DOMAIN - PURGED_PER_DOMAIN - 40
    assert len(names) == MAX_PER_DOMAIN - PURGED_PER_DOMAIN


def test_an_attacker_on_http_cannot_drive_out_secure_cookies(jar: Jar) -> None:
    """Row 208, EvictSecureCookies: where there is no room the newcomer itself goes."""
    for number in range(MAX_PER_DOMAIN):
        jar.set(f"secure{number}=1; Secure")
    for number in range(3):
        jar.set(f"plain{number}=1", "http://x.a.test/")
    assert len(jar.names()) == MAX_PER_DOMAIN and not any("plain" in name for name in jar.names())
    jar.set("more=1; Secure")
    assert len(jar.names()) == MAX_PER_DOMAIN - PURGED_PER_DOMAIN and "more" in jar.names()


def test_a_session_has_so_many(jar: Jar) -> None:
    """Row 204, GarbageCollectionTriggers: a thousand sites cannot fill the memory, and those in use stay."""
    jar.set("mine=1; Secure", "https://used.test/")
    for number in range(MAX_IN_ALL):
        jar.clock.advance(1)
        jar.set("a=1", f"https://site{number}.test/")
    names = jar.store.all_cookies()
    assert len(names) == MAX_IN_ALL - PURGED_IN_ALL
    domains = {found.domain for found in names}
    assert {"used.test", f"site{MAX_IN_ALL - 1}.test"} <= domains
    assert f"site{PURGED_IN_ALL}.test" not in domains and f"site{PURGED_IN_ALL + 1}.test" in domains


# --- whatever comes

HOSTS = ("a.test", "www.a.test", "b.test", "1.2.3.4")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(HOSTS),
        st.sampled_from(("http", "https")),
        st.sampled_from(("n", "m")),
        st.sampled_from(("", "; Path=/x", "; Max-Age=1", "; Max-Age=0", "; Secure", "; Domain=a.test", "DROP", "WAIT")),
    ),
    max_size=40,
)


@given(STEPS)
def test_the_count_is_right_and_secrets_stay_at_home(steps: list[tuple[str, str, str, str]]) -> None:
    """After any sequence: as many are there as are counted, each goes to its own host only, Secure ones by https."""
    jar = Jar()
    for host, scheme, name, what in steps:
        if what == "DROP":
            jar.store.delete(jar.store.all_cookies()[:1])
        elif what == "WAIT":
            jar.clock.advance(1)
        elif not ("Secure" in what and scheme == "http") and not ("Domain" in what and not host.endswith("a.test")):
            jar.set(f"{name}=1{what}", f"{scheme}://{host}/x")
        for found in jar.store.cookies_for(Url.parse(f"{scheme}://{host}/x/y")):
            assert found.domain in (host, ".a.test") and host.endswith(found.host)
            assert scheme == "https" or not found.secure
    assert len({found.identity for found in jar.store.all_cookies()}) == len(jar.store.all_cookies())
    jar.clock.advance(10)
    for host in HOSTS:
        jar.store.cookies_for(Url.parse(f"https://{host}/"))
    left = jar.store.all_cookies()
    assert jar.store.delete(left) == len(left) and not jar.store.may_have_cookies
