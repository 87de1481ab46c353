"""SystemProxySettings: what a system or desktop says about proxies, in one form for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from netstack_sync.base.host_port import bracketed
from netstack_sync.base.ip_endpoint import parse_ip_literal

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SOCKS_SCHEMES: Final = ("socks4://", "socks4a://", "socks5://", "socks5h://")


@dataclass(frozen=True, slots=True)
class SystemProxySettings:
    """Words of the user's, not judged yet: who makes rules of them skips what cannot be meant. A value."""

    source: str
    """Whose settings they are: "GNOME", "KDE", "Windows", "macOS"; empty where nobody has any."""
    auto_detect: bool = False
    pac_url: str = ""
    rules: str = ""
    """The proxies by scheme, as Chromium writes them: "http=a:80;https=b:80;socks=socks5://c:1080"."""
    bypass: str = ""
    """What goes directly, separated by commas or semicolons, in Chromium's grammar of such rules."""
    reverses_bypass: bool = False
    """Only what `bypass` matches goes through the proxies."""
    login: tuple[str, str] | None = field(default=None, repr=False)
    """User and password for the proxy of http."""


def proxy_entry(scheme: str, host: str, port: int | str = "") -> str:
    """One entry of `rules` for what was typed into two fields, or into one; empty when there is no host.

    A field for a host may hold a URL all the same (FixupProxyHostScheme in net/proxy_resolution/proxy_config_service_
    linux.cc): of its scheme only the version of SOCKS counts, and what stands before an @ is left out. SOCKS is
    version 5 unless it says 4.
    """
    text = host.strip().lower()
    version = next((known for known in _SOCKS_SCHEMES if text.startswith(known)), "socks5://")
    text = _SCHEME.sub("", text, count=1).rpartition("@")[2].partition("/")[0]
    if not text or text.startswith(":"):
        return ""
    literal = parse_ip_literal(text)
    server = text if literal is None else bracketed(literal)
    if str(port) not in ("", "0"):
        server += f":{port}"
    return f"{scheme}={version if scheme == 'socks' else ''}{server}"


def joined_rules(entries: Iterable[str]) -> str:
    """Those of the entries that say something, as `rules`."""
    return ";".join(filter(None, entries))


def joined_bypass(rules: Sequence[str]) -> str:
    """Rules as `bypass`; an IPv6 address gets the brackets that it needs there."""
    texts = [rule.strip() for rule in rules]
    return ",".join([text if parse_ip_literal(text) is None else bracketed(text) for text in texts if text])
