"""Urls: one spelling, resolving, and the values derived from one."""

from __future__ import annotations

import copy
import pickle
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import MAX_URL_LENGTH

URL_TEXTS = (
    st.text(max_size=40)
    | st.text(alphabet="htpws:/\\@?#[]%.0127aAx é", max_size=40)
    | st.builds(
        "{}://{}{}".format,
        st.sampled_from(["http", "HTTPS", "ws", "wss", "foo", "data"]),
        st.sampled_from(["h", "u:p@h", "u@H.", "[::1]", "127.1:81", "bücher.de", ":@h", ":p@h", "a@b:c@h:443"]),
        st.text(alphabet="/\\.%2ea?#:@é &=+[]", max_size=20),
    )
)


def test_a_url_offers_what_the_rooms_above_ask_for() -> None:
    """One look per part, nothing to compute."""
    url = Url.parse("https://User:p%40ss@Example.COM:8443/a b?c#d")
    assert (url.scheme, url.host, url.port) == ("https", "example.com", 8443)
    assert (url.path, url.query, url.fragment) == ("/a%20b", "c", "d")
    assert (url.username, url.password) == ("User", "p@ss")
    assert url.href == str(url) == "https://User:p%40ss@example.com:8443/a%20b?c#d"
    assert url.origin == SchemeHostPort("https", "example.com", 8443)
    assert url.request_target == "/a%20b?c"
    assert url.host_header == "example.com:8443"
    assert url.is_secure


@pytest.mark.parametrize(
    "text, host_header",
    [
        ("http://h:80/", "h"),
        ("https://h:443/", "h"),
        ("https://h:80/", "h:80"),
        ("http://[::1]/", "[::1]"),
        ("http://[::1]:81/", "[::1]:81"),
        ("http://h./", "h"),
        ("foo://h:1/", "h:1"),
        ("foo://h/", "h"),
    ],
)
def test_the_host_header_has_no_default_port(text: str, host_header: str) -> None:
    """RFC 9110 §7.2; and no trailing dot (rule R7)."""
    url = Url.parse(text)
    assert url.host_header == host_header
    assert url.href == f"{url.scheme}://{host_header}/"


@pytest.mark.parametrize(
    "text, is_secure", [("http://h", 0), ("ws://h", 0), ("https://h", 1), ("wss://h", 1), ("data:,", 0)]
)
def test_https_and_wss_are_secure(text: str, is_secure: int) -> None:
    """TLS is decided by the scheme only (rule R18)."""
    assert Url.parse(text).is_secure == bool(is_secure)


@pytest.mark.parametrize(
    "text, username, password, href",
    [
        ("http://h/", None, None, "http://h/"),
        ("http://@h/", None, None, "http://h/"),
        ("http://:@h/", None, None, "http://h/"),
        ("http://u@h/", "u", None, "http://u@h/"),
        ("http://u:@h/", "u", None, "http://u@h/"),
        ("http://:p@h/", "", "p", "http://:p@h/"),
        ("http://u:p:q@h/", "u", "p:q", "http://u:p:q@h/"),
        ("http://a@b:c@h/", "a@b", "c", "http://a%40b:c@h/"),
        ("http://é:%C3%A9%zz@h/", "é", "é%zz", "http://%C3%A9:%C3%A9%25zz@h/"),
    ],
)
def test_credentials_are_decoded_and_empty_ones_are_none(
    text: str, username: str | None, password: str | None, href: str
) -> None:
    """The href keeps them, escaped."""
    url = Url.parse(text)
    assert (url.username, url.password, url.href) == (username, password, href)


def test_credentials_that_are_not_utf_8_are_refused() -> None:
    """Decoding them anyhow would send another password."""
    with pytest.raises(InvalidURL, match="user name or password that is not UTF-8"):
        Url.parse("http://u:%ff@h/")


def test_urls_of_one_spelling_are_one_value() -> None:
    """Equal, one hash, immutable, and never equal to a str."""
    url = Url.parse("http://H:80")
    assert url == Url.parse(" http://h/ ")
    assert hash(url) == hash(Url.parse("http://h/"))
    assert url != Url.parse("http://h/#")
    assert url != cast("Url", "http://h/")
    with pytest.raises(AttributeError, match=r"host: a Url does not change; resolve\(\)"):
        url.host = "evil"
    with pytest.raises(AttributeError, match="host: a Url does not change"):
        del url.host


def test_a_url_is_copied_and_pickled() -> None:
    """As part of a request that goes to another process."""
    url = Url.parse("https://u:p@h:81/a%20b?q#f")
    for again in (copy.copy(url), copy.deepcopy(url), pickle.loads(pickle.dumps(url))):
        assert again == url and [getattr(url, part) for part in Url.__slots__] == [
            getattr(again, part) for part in Url.__slots__
        ]


def test_a_repr_shows_no_credentials() -> None:
    """It ends up in logs."""
    assert repr(Url.parse("http://u:secret@h/?q")) == "<Url http://***@h/?q>"


def test_a_url_pickles() -> None:
    """Exceptions carry requests, and exceptions cross processes."""
    url = Url.parse("http://u:p@h:81/a?b#c")
    assert pickle.loads(pickle.dumps(url)) == url


@pytest.mark.parametrize("text", ["http://cached/", "http://cached/é", "http://cached/" + "a" * 2000])
def test_a_text_seen_lately_gives_the_same_object(text: str) -> None:
    """Whatever it is made of."""
    assert Url.parse(text) is Url.parse(text)


def test_a_very_long_text_is_not_kept() -> None:
    """Some thousands of them would fill the memory."""
    long = "http://h/" + "a" * 3000
    assert Url.parse(long) is not Url.parse(long)


@pytest.mark.parametrize("filling, hosts, is_kept", [("", 5000, True), ("a" * 300, 257, False), ("é", 257, False)])
def test_how_many_are_kept(filling: str, hosts: int, is_kept: bool) -> None:
    """Thousands of short ones in turn; but of those that may become large only so many as memory bears."""
    texts = [f"http://kept{number}.test/{filling}" for number in range(hosts)]
    first = Url.parse(texts[0])
    for text in texts:
        Url.parse(text)
    assert (Url.parse(texts[0]) is first) == is_kept


@pytest.mark.parametrize("text", [None, b"http://h/", 1])
def test_what_is_no_str_is_refused(text: object) -> None:
    """With an InvalidURL that names the argument."""
    with pytest.raises(InvalidURL, match="url must be a str, not "):
        Url.parse(cast("str", text))


def test_a_url_may_not_grow_too_long_by_escaping() -> None:
    """Otherwise its own href would not parse."""
    with pytest.raises(InvalidURL, match="once it is percent-encoded"):
        Url.parse("data:," + "é" * (MAX_URL_LENGTH // 2))


@pytest.mark.parametrize(
    "reference, href",
    [
        # RFC 3986 §5.4, with the host a
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        ("..g", "http://a/b/c/..g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        # what WHATWG adds
        ("http:g", "http://a/b/c/g"),
        ("HTTP:/g", "http://a/g"),
        ("http:", "http://a/b/c/d;p?q"),
        ("http://g", "http://g/"),
        ("g\\h", "http://a/b/c/g/h"),
        ("\\g", "http://a/g"),
        (" /g ", "http://a/g"),
        ("%2e%2e/g", "http://a/b/g"),
        ("ü?é", "http://a/b/c/%C3%BC?%C3%A9"),
        ("https://b/c", "https://b/c"),
        ("./a:b", "http://a/b/c/a:b"),
        ("1:2", "http://a/b/c/1:2"),
        ("//u:p@b:81/c", "http://u:p@b:81/c"),
    ],
)
def test_references_resolve_as_in_a_browser(reference: str, href: str) -> None:
    """The fragment of the base is not inherited."""
    assert Url.parse("http://a/b/c/d;p?q#f").resolve(reference).href == href


def test_a_relative_reference_keeps_credentials_and_port_of_its_base() -> None:
    """They are part of the authority; who follows redirects decides about them."""
    base = Url.parse("https://u:p@h:81/a/b?c")
    assert base.resolve("d").href == "https://u:p@h:81/a/d"
    assert base.resolve("/d").href == "https://u:p@h:81/d"
    assert base.resolve("?d").href == "https://u:p@h:81/a/b?d"
    assert base.resolve("//g/d").href == "https://g/d"


@pytest.mark.parametrize("reference", ["\\\\g", "/\\g", "//g\\@h", "///g", "https:g", "//", "a\nb", "//h:0"])
def test_references_that_mean_no_url_are_refused(reference: str) -> None:
    """Above all those that name a host to some readers only."""
    with pytest.raises(InvalidURL, match=r"^url "):
        Url.parse("http://a/b").resolve(reference)


def test_nothing_is_relative_to_a_url_without_host() -> None:
    """But an absolute URL needs no base."""
    base = Url.parse("data:,x")
    assert base.resolve("http://h").href == "http://h/"
    with pytest.raises(InvalidURL, match="cannot be relative to a data: URL"):
        base.resolve("/x")


def test_other_schemes_resolve_without_leniency() -> None:
    """A backslash is no slash, and the own scheme is not skipped."""
    base = Url.parse("foo://h/a/b")
    assert base.resolve("c\\d").href == "foo://h/a/c%5Cd"
    assert base.resolve("foo:c").href == "foo:c"


@given(URL_TEXTS)
@example("http://h/..//")
@example("http://h/.//..//a")
@example("http://h..")
@example("data: #")
@example("foo:////a")
def test_parsing_gives_a_fixed_point_or_invalid_url(text: str) -> None:
    """Nothing else ever comes out, and a canonical URL parses to itself."""
    try:
        url = Url.parse(text)
    except InvalidURL:
        return
    assert url.href.isascii()
    again = Url.parse(url.href)
    assert again == url
    assert (again.origin, again.request_target, again.host_header) == (
        url.origin,
        url.request_target,
        url.host_header,
    )
    assert (again.username, again.password, again.fragment) == (url.username, url.password, url.fragment)
    assert url.without_credentials().username is None


@given(st.sampled_from(["http://a/b/c?d", "https://u:p@[::1]:81//", "foo://h/x", "data:,x"]), URL_TEXTS)
def test_resolving_gives_a_url_or_invalid_url(base: str, reference: str) -> None:
    """And what was resolved is as canonical as what was parsed."""
    try:
        url = Url.parse(base).resolve(reference)
    except InvalidURL:
        return
    assert Url.parse(url.href) == url


@pytest.mark.parametrize(
    "text, params, href",
    [
        ("http://h/", {"a": "1", "b": "ü &"}, "http://h/?a=1&b=%C3%BC+%26"),
        (
            "http://h/",
            [("a", 1), ("a", 2.5), ("b", True), ("c", b"\xff")],
            "http://h/?a=1&a=2.5&b=True&c=%FF",
        ),
        ("http://h/", {"a": [1, None, "x"], "b": (2,), "c": None, "d": []}, "http://h/?a=1&a=x&b=2"),
        ("http://h/p?x=1#f", {"a": ""}, "http://h/p?x=1&a=#f"),
        ("http://h/?", {"a": 1}, "http://h/?a=1"),
        ("http://h/#?", {"a": 1}, "http://h/?a=1#?"),
        ("http://h/", "a=b c&d", "http://h/?a=b%20c&d"),
        ("http://h/?x", "?a#b", "http://h/?x&a%23b"),
        ("http://h/?x#f", {}, "http://h/?x#f"),
        ("http://h/", "", "http://h/"),
        ("http://h/", {"a": None}, "http://h/"),
    ],
)
def test_parameters_are_appended_to_the_query(
    text: str, params: dict[str, object] | list[tuple[str, object]] | str, href: str
) -> None:
    """What is in the URL stays, in front."""
    assert Url.parse(text).with_query_params(params).href == href


@given(
    text=st.sampled_from(
        ["http://h", "https://u:p@h:81/a%20b?c#d", "http://[::1]/?", "http://h/?#", "data:,x?y", "x:"]
    ),
    params=st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.binary()), min_size=1),
)
def test_parameters_need_no_parser(text: str, params: list[tuple[str, object]]) -> None:
    """The URL is the one that its text stands for, in each part."""
    url = Url.parse(text).with_query_params(params)
    again = Url.parse(url.href)
    assert [getattr(url, part) for part in Url.__slots__] == [getattr(again, part) for part in Url.__slots__]


def test_parameters_may_be_too_long() -> None:
    with pytest.raises(InvalidURL, match="longer than"):
        Url.parse("http://h/").with_query_params({"a": "b" * MAX_URL_LENGTH})


def test_the_fragment_can_be_replaced() -> None:
    """And removed; an empty one is there."""
    url = Url.parse("http://h/p?q#f")
    assert url.with_fragment("g#h i").href == "http://h/p?q#g%23h%20i"
    assert url.with_fragment("").href == "http://h/p?q#"
    assert url.with_fragment(None).href == "http://h/p?q"
    assert Url.parse("data:,x").with_fragment("y").href == "data:,x#y"


def test_credentials_can_be_dropped() -> None:
    """Everything else stays."""
    url = Url.parse("http://u:p@h:81/a?b#c@d")
    assert url.without_credentials().href == "http://h:81/a?b#c@d"
    assert Url.parse("http://u@h").without_credentials().href == "http://h/"
    plain = Url.parse("http://h/?a@b")
    assert plain.without_credentials() is plain
