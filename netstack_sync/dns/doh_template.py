"""DohTemplate: where a DNS over HTTPS server is asked, a template with the variable `dns` (RFC 6570, RFC 8484 §3)."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Final

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import shown_url

_VARIABLE: Final = re.compile(r"\{([?&]?)dns\}")
_SLASHES_BEFORE_PATH: Final = 3
_EXAMPLE: Final = "such as https://dns.example/dns-query{?dns}"


@dataclass(frozen=True, slots=True)
class DohTemplate:
    """With the variable a question goes as GET, in the URL; without it as POST. Made by from_text(); hashable."""

    host: str
    """As it is shown; the rest of a URL may hold a secret."""
    uses_get: bool
    _before: str = field(repr=False)
    _after: str = field(repr=False)

    @classmethod
    def from_text(cls, text: str) -> DohTemplate:
        """Raises ValueError for what is no https URL, and for variables that nobody would fill in; TypeError."""
        if not isinstance(text, str):
            raise TypeError(f"doh: a template must be a str {_EXAMPLE}, not {type(text).__name__}")
        variable = _VARIABLE.search(text)
        before, after = text, ""
        if variable is not None:
            prefix = f"{variable[1]}dns=" if variable[1] else ""
            before, after = text[: variable.start()] + prefix, text[variable.end() :]
        if any(brace in before + after for brace in "{}"):
            raise ValueError(f"doh: {shown_url(text)!r} may hold {{?dns}} once and no other variable, {_EXAMPLE}")
        if variable is not None and variable[1] != "?" and before.count("/") < _SLASHES_BEFORE_PATH:
            raise ValueError(f"doh: {shown_url(text)!r} must not hold the variable in its host, {_EXAMPLE}")
        return cls(_checked_url(text, before + after).host, variable is not None, before, after)

    def url_for(self, query: bytes) -> Url:
        """Where this query goes; one that is sent as POST is its body."""
        encoded = urlsafe_b64encode(query).rstrip(b"=").decode("ascii") if self.uses_get else ""
        return Url.parse(f"{self._before}{encoded}{self._after}")


def _checked_url(text: str, expanded: str) -> Url:
    try:
        url = Url.parse(expanded)
    except InvalidURL as error:
        raise ValueError(f"doh: {error}") from None
    if url.scheme != "https":
        raise ValueError(f"doh: {shown_url(text)!r} must be an https URL: over {url.scheme} anybody could answer")
    if url.fragment is not None:
        raise ValueError(f"doh: {shown_url(text)!r} must not hold a fragment (#...)")
    return url
