"""A script that chooses proxies: its text as a value, what is no script, and who fetches one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, OK
from netstack_sync.workers.pac_values import check_script


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
    fault = check_script(script.text)
    if fault is None:
        return PacFetchResult(OK, "", script)
    return PacFetchResult(ERR_PAC_SCRIPT_FAILED, f"{script.source}: {fault}")
