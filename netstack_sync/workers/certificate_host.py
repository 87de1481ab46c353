"""Whether a certificate is for a host: RFC 6125 as OpenSSL and ssl.SSLContext.check_hostname read it.

Only subjectAltName counts, never the common name. A wildcard is the whole first label, stands for exactly one
label without underscore, and needs at least two labels after it. An address matches only an iPAddress entry.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from netstack_sync.base.shown_text import shown
from netstack_sync.base.url_host import canonical_host

if TYPE_CHECKING:
    from cryptography import x509

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_is_wildcard: Final = re.compile(rf"\*(?:\.{_LABEL}){{2,}}").fullmatch
_is_wildcard_label: Final = re.compile(r"[a-z0-9-]+").fullmatch
_MAX_NAMES_SHOWN: Final = 5  # some certificates have hundreds


def host_fault(names: Sequence[x509.GeneralName] | None, hostname: str) -> str:
    """Why a certificate with `names` as subjectAltName is not for `hostname`, in words; empty if it is.

    The host is made canonical first (IDNA, lower case, no trailing dot), as before every other decision.
    """
    from cryptography import x509

    if names is None:
        return f"the certificate names no host at all in subjectAltName, so not {hostname!r} either"
    dns_names = [name.value for name in names if isinstance(name, x509.DNSName)]
    addresses = [str(name.value) for name in names if isinstance(name, x509.IPAddress)]
    try:
        host = canonical_host(f"[{hostname}]" if ":" in hostname else hostname)
    except ValueError as error:
        return f"{hostname!r} {error}"
    if _matches(host, dns_names, addresses):
        return ""
    known = [*dns_names, *addresses]
    whom = shown(", ".join(known[:_MAX_NAMES_SHOWN])) or "no host"
    more = f" and {len(known) - _MAX_NAMES_SHOWN} more" if len(known) > _MAX_NAMES_SHOWN else ""
    return f"the certificate is for {whom}{more}, not for {hostname!r}"


def is_non_unique(hostname: str) -> bool:
    """True for a host that is another one in another network: a name without a dot, or a private address."""
    try:
        return not ipaddress.ip_address(hostname).is_global
    except ValueError:
        return "." not in hostname.removesuffix(".")


def _matches(host: str, dns_names: list[str], addresses: list[str]) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return any(_dns_name_matches(name, host) for name in dns_names)
    return str(address) in addresses


def _dns_name_matches(name: str, host: str) -> bool:
    # Names of certificates are ASCII; of other letters some, such as the sign of Kelvin, are ASCII in lower case.
    if not name.isascii():
        return False
    pattern = name.lower()
    if pattern == host:
        return True
    label, _, rest = host.partition(".")
    return bool(_is_wildcard(pattern)) and pattern[2:] == rest and bool(_is_wildcard_label(label))
