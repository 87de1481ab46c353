"""A script that chooses proxies: its text as a value, what is no script, and who fetches one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, OK

MAX_PAC_BYTES: Final = 1024 * 1024
"""Chromium's; the largest known have some hundred KiB."""

_ENTRY_POINT: Final = "FindProxyForURL"
_html_start: Final = re.compile(r"\s*<(?:!doctype\s|html\b|head\b|body\b|\?xml\b)", re.IGNORECASE).match


@dataclass(frozen=True, slots=True)
class PacFileData:
    """A script. Equal to another if it does the same, in the same place (net/proxy_resolution/pac_file_data.h)."""

    text: str = field(repr=False)
    source: str = field(compare=False)
    """Where it is from, in words: its URL, or that it was given."""
    is_trusted: bool
    """False when somebody on the way could have written it: it came by WPAD, or partly over plain http."""


class PacFetchResult(NamedTuple):
    """How a fetch ended."""

    net_error: int
    detail: str = ""
    """Why there is no script, in words."""
    script: PacFileData | None = None
    """There with OK."""


class PacFetch(Protocol):
    """A fetch that is under way."""

    def cancel(self) -> None:
        """Nobody is told; idempotent."""


class PacFileFetcher(Protocol):
    """Gets scripts, without any proxy (net/proxy_resolution/pac_file_fetcher.h). Network thread only."""

    def start(self, url: str, on_done: Callable[[PacFetchResult], None]) -> PacFetch:
        """Begins; `on_done` comes once and never from inside. What is no URL is a failed fetch."""


def judged(script: PacFileData) -> PacFetchResult:
    """The script, unless a look at its text tells that it is none (PacFileDecider's check, and words for it)."""
    fault = _fault_of(script.text)
    if not fault:
        return PacFetchResult(OK, "", script)
    return PacFetchResult(ERR_PAC_SCRIPT_FAILED, f"{script.source}: {fault}")


def _fault_of(text: str) -> str:
    if _html_start(text):
        return "this is a page of HTML, not a script: a login page answers for everything, or the URL is another one"
    if not text.strip():
        return "the script is empty"
    if len(text) > MAX_PAC_BYTES:
        return f"the script is longer than {MAX_PAC_BYTES} characters"
    if _ENTRY_POINT not in text:
        return f"this is no script for proxies: it does not define {_ENTRY_POINT}(url, host)"
    return ""
