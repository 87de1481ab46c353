"""Method, URLs and items are told apart by their form."""

from __future__ import annotations

import pytest

from netstack_sync.cli.words import Words, complete_url, split_words


@pytest.mark.parametrize(
    "text, words",
    [
        ("h", Words(None, ("http://h",), ())),
        ("GET", Words(None, ("http://GET",), ())),
        ("POST h", Words("POST", ("http://h",), ())),
        ("delete h", Words("delete", ("http://h",), ())),
        ("M-SEARCH h a=b", Words("M-SEARCH", ("http://h",), ("a=b",))),
        ("localhost example", Words(None, ("http://localhost", "http://example"), ())),
        ("h a=b X:y c==d e@f g:=1 Z;", Words(None, ("http://h",), ("a=b", "X:y", "c==d", "e@f", "g:=1", "Z;"))),
        ("h a=b https://g/?x=1 k/l", Words(None, ("http://h", "https://g/?x=1", "http://k/l"), ("a=b",))),
        ("h:80/a?b=c", Words(None, ("http://h:80/a?b=c",), ())),
        ("h data:,x;y", Words(None, ("http://h", "data:,x;y"), ())),
    ],
)
def test_words_are_told_apart(text: str, words: Words) -> None:
    """The first is a URL whatever it looks like, unless it is a method and something follows."""
    assert split_words(text.split()) == words


@pytest.mark.parametrize(
    "text, url",
    [
        ("h", "http://h"),
        ("https://h/", "https://h/"),
        ("ftp://h/", "ftp://h/"),
        ("localhost:8000/x", "http://localhost:8000/x"),
        (":8000/x", "http://localhost:8000/x"),
        (":/x", "http://localhost/x"),
        ("::1", "http://::1"),
        ("data:80/x", "http://data:80/x"),
        ("h/\udcc3\udcb1", "http://h/ñ"),
        ("h/\udcff", "http://h/%FF"),
    ],
)
def test_urls_are_completed(text: str, url: str) -> None:
    """curl's scheme and HTTPie's localhost."""
    assert complete_url(text) == url
