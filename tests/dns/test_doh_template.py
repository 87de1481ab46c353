"""Templates of DNS over HTTPS servers: GET and POST, and what is refused."""

from __future__ import annotations

import pytest

from netstack_sync.base.url import Url
from netstack_sync.dns.doh_template import DohTemplate

QUERY = b"\xff\xef\xbe\0"  # both alphabets of base64 differ in it


@pytest.mark.parametrize(
    "text, url",
    [
        ("https://dns.test/dns-query{?dns}", "https://dns.test/dns-query?dns=_---AA"),
        ("https://dns.test{?dns}", "https://dns.test/?dns=_---AA"),
        ("https://dns.test/q?v=1{&dns}", "https://dns.test/q?v=1&dns=_---AA"),
        ("https://dns.test/{dns}/x", "https://dns.test/_---AA/x"),
        ("https://[2001:db8::1]:8443/{?dns}", "https://[2001:db8::1]:8443/?dns=_---AA"),
    ],
)
def test_with_the_variable_the_query_is_in_the_url(text: str, url: str) -> None:
    """GET, in base64url without padding (RFC 8484 §4.1)."""
    template = DohTemplate.from_text(text)
    assert template.uses_get and template.url_for(QUERY) == Url.parse(url)


def test_without_the_variable_the_url_is_always_the_same() -> None:
    """POST."""
    template = DohTemplate.from_text("https://dns.test/dns-query")
    assert not template.uses_get and template.url_for(QUERY) == Url.parse("https://dns.test/dns-query")


@pytest.mark.parametrize(
    "text, why",
    [
        ("http://dns.test/{?dns}", "must be an https URL: over http anybody could answer"),
        ("ftp://dns.test/", "must be an https URL"),
        ("dns.test/dns-query", "has no scheme"),
        ("", "has no scheme"),
        ("https:///{?dns}", "host"),
        ("https://{dns}.test/", "must not hold the variable in its host"),
        ("https://dns.test{&dns}", "must not hold the variable in its host"),
        ("https://dns.test/{?dns}{?dns}", "no other variable"),
        ("https://dns.test/{?name}", "no other variable"),
        ("https://dns.test/{?dns,name}", "no other variable"),
        ("https://dns.test/{?dns", "no other variable"),
        ("https://dns.test/#x", "fragment"),
        ("https://dns.test/{?dns}#x", "fragment"),
    ],
)
def test_what_cannot_be_asked_is_refused(text: str, why: str) -> None:
    """With the reason, and how a template looks."""
    with pytest.raises(ValueError, match=f"^doh: .*{why}"):
        DohTemplate.from_text(text)


def test_other_types_are_refused() -> None:
    """By name."""
    with pytest.raises(TypeError, match=r"doh: a template must be a str .*, not int"):
        DohTemplate.from_text(1)  # type: ignore[arg-type]


def test_secrets_are_not_shown() -> None:
    """Neither in messages nor in reprs: some servers know their users by the path."""
    template = DohTemplate.from_text("https://user:secret@dns.test/secret{?dns}")
    assert "secret" not in repr(template) and "dns.test" in repr(template)
    with pytest.raises(ValueError) as caught:
        DohTemplate.from_text("http://user:secret@dns.test/")
    assert "secret" not in str(caught.value)


def test_equal_templates_are_equal() -> None:
    """So that a server named twice is asked once."""
    same = [DohTemplate.from_text("https://dns.test/{?dns}") for _ in range(2)]
    assert len(set(same)) == 1 and same[0] != DohTemplate.from_text("https://dns.test/x{?dns}")
