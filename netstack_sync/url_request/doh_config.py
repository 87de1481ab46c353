"""DohConfig: whether DNS over HTTPS is used, and whose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netstack_sync.dns.doh_providers import templates_from
from netstack_sync.dns.doh_template import DohTemplate
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.wire.dns_message import load_dnspython

_MODES = {mode.name.lower(): mode for mode in SecureDnsMode}


def names_of_servers(value: object) -> tuple[str, ...]:
    """Templates and names, several in any iterable; raises TypeError."""
    names = tuple(value) if isinstance(value, Iterable) else (value,)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"doh: pass a template or the name of a service, or several of them, not {name!r}")
    return names


@dataclass(frozen=True, slots=True)
class DohConfig:
    """Checked and complete; off unless told otherwise."""

    mode: SecureDnsMode = SecureDnsMode.OFF
    templates: tuple[DohTemplate, ...] = ()

    @property
    def is_off(self) -> bool:
        """True when nobody is asked that way."""
        return self.mode == SecureDnsMode.OFF

    @classmethod
    def from_values(cls, doh: str | Iterable[str] | None, mode: str | None) -> DohConfig:
        """From what a user says. A server that is named is used for everything unless the mode says otherwise.

        Raises ValueError naming the argument, and ImportError that says which extra is missing.
        """
        if mode is not None and mode not in _MODES:
            raise ValueError(f"doh_mode: must be one of {', '.join(map(repr, _MODES))}, not {mode!r}")
        chosen = _MODES[mode] if mode is not None else SecureDnsMode.OFF if doh is None else SecureDnsMode.SECURE
        if chosen == SecureDnsMode.OFF:
            return cls()
        if chosen == SecureDnsMode.SECURE and doh is None:
            raise ValueError("doh_mode: 'secure' needs a server; name one with doh=")
        load_dnspython()
        return cls(chosen, templates_from(doh) if doh is not None else ())
