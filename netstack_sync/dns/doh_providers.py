"""Public DNS services that speak DNS over HTTPS, by name and by the addresses of their resolvers.

Facts as the services publish them; the addresses as in Chromium's list (net/dns/public/doh_provider_entry.cc), with
those of AdGuard's and Control D's own pages. An address stands here only if its plain DNS gives the same answers as the
template, filters included.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.dns.doh_template import DohTemplate


@dataclass(frozen=True, slots=True)
class DohProvider:
    """One service."""

    name: str
    """What a user writes."""
    template: str
    addresses: tuple[str, ...] = ()
    """Where the same service answers plain DNS; empty when it does not."""


PROVIDERS: Final = (
    DohProvider(
        "adguard",
        "https://dns.adguard-dns.com/dns-query{?dns}",
        ("94.140.14.14", "94.140.15.15", "2a10:50c0::ad1:ff", "2a10:50c0::ad2:ff"),
    ),
    DohProvider(
        "adguard-family",
        "https://family.adguard-dns.com/dns-query{?dns}",
        ("94.140.14.15", "94.140.15.16", "2a10:50c0::bad1:ff", "2a10:50c0::bad2:ff"),
    ),
    DohProvider(
        "adguard-unfiltered",
        "https://unfiltered.adguard-dns.com/dns-query{?dns}",
        ("94.140.14.140", "94.140.14.141", "2a10:50c0::1:ff", "2a10:50c0::2:ff"),
    ),
    DohProvider(
        "cleanbrowsing-adult",
        "https://doh.cleanbrowsing.org/doh/adult-filter{?dns}",
        ("185.228.168.10", "185.228.169.11", "2a0d:2a00:1::1", "2a0d:2a00:2::1"),
    ),
    DohProvider(
        "cleanbrowsing-family",
        "https://doh.cleanbrowsing.org/doh/family-filter{?dns}",
        ("185.228.168.168", "185.228.169.168", "2a0d:2a00:1::", "2a0d:2a00:2::"),
    ),
    DohProvider(
        "cleanbrowsing-security",
        "https://doh.cleanbrowsing.org/doh/security-filter{?dns}",
        ("185.228.168.9", "185.228.169.9", "2a0d:2a00:1::2", "2a0d:2a00:2::2"),
    ),
    DohProvider(
        "cloudflare",
        "https://cloudflare-dns.com/dns-query{?dns}",
        ("1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"),
    ),
    DohProvider(
        "cloudflare-family",
        "https://family.cloudflare-dns.com/dns-query{?dns}",
        ("1.1.1.3", "1.0.0.3", "2606:4700:4700::1113", "2606:4700:4700::1003"),
    ),
    DohProvider(
        "cloudflare-security",
        "https://security.cloudflare-dns.com/dns-query{?dns}",
        ("1.1.1.2", "1.0.0.2", "2606:4700:4700::1112", "2606:4700:4700::1002"),
    ),
    DohProvider(
        "comcast",
        "https://doh.xfinity.com/dns-query{?dns}",
        ("75.75.75.75", "75.75.76.76", "2001:558:feed::1", "2001:558:feed::2"),
    ),
    DohProvider(
        "controld",
        "https://freedns.controld.com/p0{?dns}",
        ("76.76.2.0", "76.76.10.0", "2606:1a40::", "2606:1a40:1::"),
    ),
    DohProvider("cox", "https://doh.cox.net/dns-query{?dns}", ("68.105.28.11", "68.105.28.12", "2001:578:3f::30")),
    DohProvider(
        "cznic",
        "https://odvr.nic.cz/doh{?dns}",
        ("185.43.135.1", "193.17.47.1", "2001:148f:fffe::1", "2001:148f:ffff::1"),
    ),
    DohProvider("dns4eu", "https://protective.joindns4.eu/dns-query{?dns}"),
    DohProvider("dnssb", "https://doh.dns.sb/dns-query{?dns}", ("185.222.222.222", "45.11.45.11", "2a09::", "2a11::")),
    DohProvider(
        "google",
        "https://dns.google/dns-query{?dns}",
        ("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"),
    ),
    DohProvider(
        "google-dns64",
        "https://dns64.dns.google/dns-query{?dns}",
        ("2001:4860:4860::64", "2001:4860:4860::6464"),
    ),
    DohProvider("iij", "https://public.dns.iij.jp/dns-query{?dns}"),
    DohProvider("mullvad", "https://dns.mullvad.net/dns-query{?dns}"),
    DohProvider("nextdns", "https://dns.nextdns.io/{?dns}"),
    DohProvider(
        "opendns",
        "https://doh.opendns.com/dns-query{?dns}",
        ("208.67.222.222", "208.67.220.220", "2620:119:35::35", "2620:119:53::53"),
    ),
    DohProvider(
        "opendns-family",
        "https://doh.familyshield.opendns.com/dns-query{?dns}",
        ("208.67.222.123", "208.67.220.123", "2620:119:35::123", "2620:119:53::123"),
    ),
    DohProvider(
        "quad9",
        "https://dns.quad9.net/dns-query{?dns}",
        ("9.9.9.9", "149.112.112.112", "2620:fe::fe", "2620:fe::9"),
    ),
    DohProvider(
        "quad9-ecs",
        "https://dns11.quad9.net/dns-query{?dns}",
        ("9.9.9.11", "149.112.112.11", "2620:fe::11", "2620:fe::fe:11"),
    ),
    DohProvider(
        "quad9-unfiltered",
        "https://dns10.quad9.net/dns-query{?dns}",
        ("9.9.9.10", "149.112.112.10", "2620:fe::10", "2620:fe::fe:10"),
    ),
)
"""By name in alphabetical order."""

_TEMPLATES: Final = {provider.name: provider.template for provider in PROVIDERS}
_TEMPLATES_BY_ADDRESS: Final = {
    parse_ip_literal(address): provider.template for provider in PROVIDERS for address in provider.addresses
}


def templates_from(value: str | Iterable[str]) -> tuple[DohTemplate, ...]:
    """Servers in the order in which they are asked, from names of providers and templates; raises ValueError."""
    texts = [value] if isinstance(value, str) else list(value)
    if not texts:
        raise ValueError("doh: names no server; leave it out for the system's resolver")
    return tuple(dict.fromkeys(map(_template_from, texts)))


def upgrade_templates(nameservers: Iterable[str]) -> tuple[DohTemplate, ...]:
    """The same services over HTTPS; () unless every nameserver is known to have one.

    Names that only one of several nameservers knows, as in a company's network, must not be asked of the others.
    """
    found = [_TEMPLATES_BY_ADDRESS.get(parse_ip_literal(nameserver)) for nameserver in nameservers]
    known = [template for template in found if template is not None]
    return tuple(map(DohTemplate.from_text, dict.fromkeys(known))) if len(known) == len(found) else ()


def _template_from(text: str) -> DohTemplate:
    if isinstance(text, str) and "/" not in text:
        template = _TEMPLATES.get(text.lower())
        if template is None:
            names = ", ".join(_TEMPLATES)
            raise ValueError(f"doh: {text!r} is no known service; there are {names}; or give an https:// template")
        return DohTemplate.from_text(template)
    return DohTemplate.from_text(text)
