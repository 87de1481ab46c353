"""ProxyBypassRules: which URLs go directly although there is a proxy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProxyBypassRules:
    """A value, as it was written (net/base/proxy_bypass_rules.h)."""

    text: str = ""
