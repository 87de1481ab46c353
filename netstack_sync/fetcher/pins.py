"""PinSet: the keys that a host is pinned to, as users write them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from netstack_sync.base.host_port import bracketed
from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.url_host import canonical_host
from netstack_sync.base.x509 import pin_text
from netstack_sync.cert.pins import PinnedKeys, PinStore

_is_hex: Final = re.compile(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}").fullmatch
_is_base64: Final = re.compile(r"sha256//?([A-Za-z0-9+/]{43}=)").fullmatch
_FORMS: Final = (
    'a pin is the SHA-256 of a public key: "sha256/" and 44 characters of base64, or 64 hexadecimal digits; '
    "`netstack cert HOST` shows those of a server"
)


@dataclass(frozen=True, slots=True)
class PinSet:
    """The keys of which a host's chain must have one; checked when it is made.

    Raises ValueError or TypeError naming what is wrong.
    """

    pins: str | Iterable[str]
    """One or several; after the check a tuple of "sha256/BASE64="."""
    include_subdomains: bool = False
    """Whether hosts below this one must have one of the keys too; pins of their own go before."""
    expires: datetime | None = None
    """From then on the pins do not count, so that a forgotten one locks nobody out for ever."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pins", _canonical_pins(self.pins))
        if not isinstance(self.include_subdomains, bool):
            raise TypeError(f"include_subdomains: must be True or False, not {self.include_subdomains!r}")
        if self.expires is None:
            return
        if not isinstance(self.expires, datetime):
            raise TypeError(f"expires: must be a datetime or None, not {self.expires!r}")
        if self.expires.tzinfo is None:
            raise ValueError(f"expires: {self.expires} has no time zone; add tzinfo=timezone.utc")

    def to_pinned_keys(self) -> PinnedKeys:
        """The same as the verifier compares it."""
        expires_at_s = self.expires.timestamp() if self.expires is not None else None
        return PinnedKeys(frozenset(map(_hash_of, self.pins)), self.include_subdomains, expires_at_s)


PinsArgument: TypeAlias = "Mapping[str, str | Iterable[str] | PinSet] | None"


def pins_from_value(value: object) -> PinStore:
    """What `pins` of a session means; raises ValueError or TypeError naming host and value."""
    if value is None:
        return PinStore({})
    if not isinstance(value, Mapping):
        raise TypeError(f"pins: must be a mapping of hosts to pins, not {type(value).__name__}")
    pins: dict[str, PinnedKeys] = {}
    for host, given in value.items():
        name = _host_from(host)
        if name in pins:
            raise ValueError(f"pins: {host!r} is there twice, in two spellings; put all its pins in one list")
        pins[name] = _pinned_keys(host, name, given)
    return PinStore(pins)


def _host_from(host: object) -> str:
    if not isinstance(host, str):
        raise TypeError(f"pins: a host must be a string, not {host!r}")
    if host.startswith("*."):
        raise ValueError(f"pins: {host!r}: for all below pass {{{host[2:]!r}: PinSet(..., include_subdomains=True)}}")
    literal = parse_ip_literal(host)
    try:
        return canonical_host(bracketed(literal) if literal is not None else host)
    except ValueError as error:
        raise ValueError(f"pins: {host!r} {error}; pass a host without scheme and port") from None


def _pinned_keys(host: str, name: str, given: object) -> PinnedKeys:
    try:
        # What is neither a string nor iterable is told by PinSet.
        pin_set = given if isinstance(given, PinSet) else PinSet(given)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise type(error)(f"pins of {host!r}: {str(error).removeprefix('pins: ')}") from None
    if pin_set.include_subdomains and parse_ip_literal(name) is not None:
        raise ValueError(f"pins of {host!r}: an address has no subdomains; leave include_subdomains out")
    return pin_set.to_pinned_keys()


def _canonical_pins(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, Iterable) or isinstance(values, bytes):
        raise TypeError(f"pins: must be a string or several, not {value!r}; {_FORMS}")
    pins = tuple([pin_text(_hash_of(pin)) for pin in values])
    if not pins:
        raise ValueError(f"pins: there is none; {_FORMS}")
    return pins


def _hash_of(pin: object) -> bytes:
    """The hash behind "sha256/BASE64", curl's "sha256//BASE64", or hexadecimal digits with or without colons."""
    if not isinstance(pin, str):
        raise TypeError(f"pins: {pin!r} is not a string; {_FORMS}")
    if _is_hex(pin):
        return bytes.fromhex(pin.replace(":", ""))
    match = _is_base64(pin)
    if match is None:
        raise ValueError(f"pins: {pin!r} is none; {_FORMS}")
    return base64.b64decode(match[1])
