"""What is remembered of logins, for whom, and how much of it."""

from __future__ import annotations

from netstack_sync.auth.basic import BasicHandler
from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.origin import SchemeHostPort

ORIGIN = SchemeHostPort("https", "a.test", 443)
ME = password_identity("me", "p")


def handler(realm: str = "r") -> BasicHandler:
    return BasicHandler(ME, realm)


def test_a_directory_and_all_below_it() -> None:
    """Row 168, BasicAuthCacheAndPreauth: the nearest directory counts (RFC 7617 §2.2)."""
    cache, outer, inner = HttpAuthCache(), handler("outer"), handler("inner")
    cache.add(ORIGIN, ME, "/a/b/c", inner)
    cache.add(ORIGIN, ME, "/a/x", outer)
    for path, expected in {
        "/a/b/": inner,
        "/a/b/d/e": inner,
        "/a/": outer,
        "/a/bb": outer,
        "/a/b": outer,
        "/": None,
        "/ab": None,
    }.items():
        assert cache.lookup_by_path(ORIGIN, ME, path) is expected, path


def test_only_for_the_same_origin_and_the_same_credentials() -> None:
    """R1 and R3 (CVE-2026-11856): port, scheme, user, password and allowed schemes are part of the key."""
    cache = HttpAuthCache()
    cache.add(ORIGIN, ME, "/", handler())
    assert cache.lookup_by_path(ORIGIN, password_identity("me", "p"), "/") is not None
    for origin in (ORIGIN._replace(port=444), ORIGIN._replace(scheme="http"), ORIGIN._replace(host="b.a.test")):
        assert cache.lookup_by_path(origin, ME, "/") is None
    others = (password_identity("you", "p"), password_identity("me", "q"), AuthIdentity("me", "p", ("digest",)))
    for identity in others:
        assert cache.lookup_by_path(ORIGIN, identity, "/") is None


def test_the_newer_handler_of_a_realm_takes_over() -> None:
    """It keeps the paths; and whoever refuses the old one does not harm the new."""
    cache, old, new = HttpAuthCache(), handler(), handler()
    cache.add(ORIGIN, ME, "/a/", old)
    cache.add(ORIGIN, ME, "/b/", new)
    assert cache.lookup_by_path(ORIGIN, ME, "/a/") is new
    cache.remove(ORIGIN, ME, old)
    assert cache.lookup_by_path(ORIGIN, ME, "/b/") is new
    cache.remove(ORIGIN, ME, new)
    assert cache.lookup_by_path(ORIGIN, ME, "/b/") is None
    cache.remove(ORIGIN, ME, new)


def test_other_realms_stay() -> None:
    """A refusal concerns its own realm."""
    cache, one, two = HttpAuthCache(), handler("1"), handler("2")
    cache.add(ORIGIN, ME, "/a/", one)
    cache.add(ORIGIN, ME, "/b/", two)
    cache.remove(ORIGIN, ME, two)
    assert cache.lookup_by_path(ORIGIN, ME, "/a/") is one and cache.lookup_by_path(ORIGIN, ME, "/b/") is None


def test_paths_are_bounded() -> None:
    """Ten directories of a realm, the newest; an outer one replaces those in it."""
    cache, one = HttpAuthCache(), handler()
    for number in range(11):
        cache.add(ORIGIN, ME, f"/{number}/", one)
    assert cache.lookup_by_path(ORIGIN, ME, "/0/") is None and cache.lookup_by_path(ORIGIN, ME, "/1/") is one
    cache.add(ORIGIN, ME, "/x", one)
    for number in range(20):
        cache.add(ORIGIN, ME, f"/{number}/", one)
    assert cache.lookup_by_path(ORIGIN, ME, "/else") is one, "known directories need no more memory"


def test_realms_and_places_are_bounded() -> None:
    """Twenty realms of an origin, 256 origins; what was asked for lately stays."""
    cache = HttpAuthCache()
    for number in range(21):
        cache.add(ORIGIN, ME, f"/{number}/", handler(str(number)))
    assert cache.lookup_by_path(ORIGIN, ME, "/0/") is None and cache.lookup_by_path(ORIGIN, ME, "/1/") is not None
    second = ORIGIN._replace(port=1)
    for port in range(1, 256):
        cache.add(ORIGIN._replace(port=port), ME, "/", handler())
    assert cache.lookup_by_path(ORIGIN, ME, "/1/") is not None
    cache.add(ORIGIN._replace(port=1000), ME, "/", handler())
    assert cache.lookup_by_path(second, ME, "/") is None
    assert cache.lookup_by_path(ORIGIN, ME, "/1/") is not None
