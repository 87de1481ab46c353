"""Known services: every fact is well formed, names and addresses lead to templates."""

from __future__ import annotations

from collections import Counter

import pytest

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.dns.doh_providers import PROVIDERS, DohProvider, templates_from, upgrade_templates
from netstack_sync.dns.doh_template import DohTemplate

GOOGLE = DohTemplate.from_text("https://dns.google/dns-query{?dns}")
CLOUDFLARE = DohTemplate.from_text("https://cloudflare-dns.com/dns-query{?dns}")


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_provider_can_be_asked(provider: DohProvider) -> None:
    """By its name in any case; each of its addresses leads to its template."""
    template = DohTemplate.from_text(provider.template)
    assert templates_from(provider.name) == templates_from(provider.name.upper()) == (template,)
    for address in provider.addresses:
        assert upgrade_templates([address]) == (template,)


def test_no_name_or_address_belongs_to_two() -> None:
    """The list is in order."""
    names = [provider.name for provider in PROVIDERS]
    addresses = Counter(parse_ip_literal(address) for provider in PROVIDERS for address in provider.addresses)
    assert names == sorted(set(names))
    assert None not in addresses and addresses.most_common(1)[0][1] == 1


def test_names_and_templates_may_be_mixed() -> None:
    """In the order in which they are asked; twice is once."""
    own = "https://dns.test/{?dns}"
    assert templates_from([own, "google", own]) == (DohTemplate.from_text(own), GOOGLE)
    assert templates_from(own) == (DohTemplate.from_text(own),)


@pytest.mark.parametrize(
    "value, why", [("gogle", "'gogle' is no known service; there are adguard, .*google"), ([], "no server")]
)
def test_what_is_nobody_is_refused(value: str | list[str], why: str) -> None:
    """With the names there are."""
    with pytest.raises(ValueError, match=f"^doh: .*{why}"):
        templates_from(value)


def test_other_types_are_refused() -> None:
    """As in templates."""
    with pytest.raises(TypeError, match="doh: a template must be a str"):
        templates_from([8])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "nameservers, templates",
    [
        (["8.8.8.8"], (GOOGLE,)),
        (["8.8.4.4", "8.8.8.8", "1.1.1.1"], (GOOGLE, CLOUDFLARE)),
        (["2001:4860:4860:0:0:0:0:8888"], (GOOGLE,)),
        (["8.8.8.8", "10.0.0.1"], ()),
        (["127.0.0.53"], ()),
        (["not an address"], ()),
        ([], ()),
    ],
)
def test_nameservers_lead_to_the_same_services(nameservers: list[str], templates: tuple[DohTemplate, ...]) -> None:
    """Row 141 (DohMapping): unless one of them is unknown, because only that one may know some names."""
    assert upgrade_templates(nameservers) == templates
