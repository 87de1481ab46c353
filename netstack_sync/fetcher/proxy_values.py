"""What a caller may pass as `proxy` and `proxy_auth`: ProxyConfig, PacUrl, PacScript, AutoDetect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from netstack_sync.auth.credentials import AnyAuth, BasicAuth, DigestAuth, NegotiateAuth, NtlmAuth
from netstack_sync.base.shown_text import shown
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import shown_url
from netstack_sync.fetcher.proxy_lists import ProxyListReader, ProxyValue
from netstack_sync.proxy import config
from netstack_sync.proxy.bypass_rule import MINUS_LOOPBACK
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyRules
from netstack_sync.wire.data_url import parse_data_url
from netstack_sync.wire.errors import WireError
from netstack_sync.workers.pac_values import ENTRY_POINT, MAX_PAC_BYTES

_PAC_SCHEMES: Final = ("http", "https", "file", "data")


@dataclass(frozen=True, slots=True, repr=False)
class PacUrl:
    """Where a script is that decides on proxies (PAC): http, https, file or data. Checked when it is made.

    `mandatory`: without the script's word there is no request; else there is one without a proxy.
    """

    url: str
    mandatory: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.url, str):
            hint = "; pass path.as_uri()" if hasattr(self.url, "as_uri") else ""
            raise TypeError(f"PacUrl: url must be a string, not {type(self.url).__name__}{hint}")
        _check_mandatory("PacUrl", self.mandatory)
        try:
            url = Url.parse(self.url)
            _check_pac_url(url)
        except (ValueError, WireError) as error:
            raise ValueError(f"PacUrl: {error}") from None
        object.__setattr__(self, "url", url.href)

    def __repr__(self) -> str:
        return f"PacUrl({shown_url(self.url)!r}, mandatory={self.mandatory})"


@dataclass(frozen=True, slots=True, repr=False)
class PacScript:
    """The text of such a script; `mandatory` as in PacUrl. Checked when it is made; whether it can be run is not."""

    text: str
    mandatory: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(f"PacScript: text must be a string, not {type(self.text).__name__}")
        _check_mandatory("PacScript", self.mandatory)
        try:
            _check_script(self.text.encode())
        except ValueError as error:
            reason = "the text is not valid Unicode" if isinstance(error, UnicodeError) else str(error)
            raise ValueError(f"PacScript: {reason}") from None

    def __repr__(self) -> str:
        return f"PacScript(<{len(self.text)} characters>, mandatory={self.mandatory})"


@dataclass(frozen=True, slots=True)
class AutoDetect:
    """Asks the network for the script (WPAD): whoever answers to the name "wpad" there decides on the proxies."""


class ProxyConfig:
    """All that can be said about proxies, checked when it is made; a value. Raises ValueError or TypeError.

    Tried in this order, each where the one before it is not to be had: `auto_detect`, the script `pac`, `proxies`; but
    what a script that is there fails for goes directly, unless the script is `mandatory`. The last is what `proxy`
    takes: a URL, ``"direct"``, a ProxyChain, a list of these, or a mapping from schemes to these.

    `bypass` says what goes directly, in Chromium's words: ``*.corp.example, 10.0.0.0/8, https://x:8443, <local>``;
    with `reverse_bypass` only that goes through the proxies. This machine is not exempt from proxies named here; where
    a script may decide it is, unless `bypass` says ``<-loopback>``. No other rule counts for what a script decides.
    """

    __slots__ = ("config",)

    def __init__(
        self,
        proxies: ProxyValue | Mapping[str, ProxyValue] = None,
        *,
        pac: PacUrl | PacScript | str | None = None,
        auto_detect: bool = False,
        bypass: str | Iterable[str] = "",
        reverse_bypass: bool = False,
    ) -> None:
        for name, flag in (("auto_detect", auto_detect), ("reverse_bypass", reverse_bypass)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name}: must be True or False, not {flag!r}")
        pac = PacUrl(pac) if isinstance(pac, str) else pac
        if not isinstance(pac, (PacUrl, PacScript, type(None))):
            raise TypeError(f"pac: must be a URL, a PacUrl or a PacScript, not {type(pac).__name__}")
        rules = _rules_from(bypass, pac is not None or auto_detect, proxies is not None)
        if reverse_bypass and rules.is_about_loopback_only:
            raise ValueError("reverse_bypass: without bypass rules nothing would go through the proxies")
        reader = ProxyListReader()
        self.config: Final = config.ProxyConfig(
            auto_detect=auto_detect,
            pac_url=pac.url if isinstance(pac, PacUrl) else None,
            pac_script=pac.text if isinstance(pac, PacScript) else None,
            pac_mandatory=pac is not None and pac.mandatory,
            rules=ProxyRules(bypass=rules) if proxies is None else reader.read_rules(proxies, rules, reverse_bypass),
            credentials=reader.credentials,
            source="proxy",
        )

    def __eq__(self, other: object) -> bool:
        return self.config == other.config if isinstance(other, ProxyConfig) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.config)

    def __repr__(self) -> str:
        return f"<ProxyConfig {self.config.description}>"


ProxyArgument: TypeAlias = "ProxyValue | Mapping[str, ProxyValue] | PacUrl | PacScript | AutoDetect | ProxyConfig"
"""None for what was said elsewhere; "system" for the environment, else the desktop's settings."""

ProxyAuthValue: TypeAlias = "tuple[str, str] | BasicAuth | DigestAuth | NtlmAuth | NegotiateAuth | AnyAuth | None"
"""As whom a proxy is spoken to; None is nobody."""

ProxyAuthArgument: TypeAlias = "ProxyAuthValue | Mapping[str, ProxyAuthValue] | Callable[[str], ProxyAuthValue]"
"""The same for all proxies, by "host:port" or URL of the proxy, or from a function that is given the URL."""


def _check_mandatory(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name}: mandatory must be True or False, not {value!r}")


def _check_pac_url(url: Url) -> None:
    if url.scheme not in _PAC_SCHEMES:
        schemes = ", ".join(_PAC_SCHEMES)
        raise ValueError(f"url {shown_url(url.href)!r} has the scheme {url.scheme!r}; a script comes by {schemes}")
    if url.scheme == "file" and (url.host not in ("", "localhost") or len(url.path) < 2 or url.path[0] != "/"):
        raise ValueError(f"url {shown_url(url.href)!r} names no file of this machine; write file:///path/proxy.pac")
    if url.scheme == "data":
        _check_script(parse_data_url(url.href).body)


def _check_script(script: bytes) -> None:
    if len(script) > MAX_PAC_BYTES:
        raise ValueError(f"the script is longer than {MAX_PAC_BYTES} bytes")
    if ENTRY_POINT.encode() not in script:
        begin = shown(script[:40].decode("utf-8", "replace"))
        hint = "it is HTML" if script.lstrip()[:1] == b"<" else "for a file or a URL pass a PacUrl"
        raise ValueError(f"the script {begin!r} has no function {ENTRY_POINT}(url, host); {hint}")


def _rules_from(bypass: str | Iterable[str], has_script: bool, has_proxies: bool) -> ProxyBypassRules:
    pieces = [bypass] if isinstance(bypass, str) else list(bypass) if isinstance(bypass, Iterable) else [bypass]
    if not all([isinstance(piece, str) for piece in pieces]):
        raise TypeError("bypass: must be a string of rules or a list of such strings")
    try:
        rules = ProxyBypassRules.parse(";".join(pieces), strict=True)
    except ValueError as error:
        raise ValueError(f"bypass: {error}") from None
    if not has_proxies and not rules.is_about_loopback_only:
        raise ValueError(f'bypass: without `proxies` no rule but "{MINUS_LOOPBACK}" would count')
    return rules if has_script else ProxyBypassRules(";".join(filter(None, (MINUS_LOOPBACK, rules.text))))
