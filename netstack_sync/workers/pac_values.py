"""What is asked of a PAC script and what comes back, as plain values; nothing here needs an engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

MAX_PAC_BYTES: Final = 1 << 20
"""Of a script; Chromium's (net/proxy_resolution/pac_file_fetcher_impl.cc). The largest known have some hundred KiB."""

ENTRY_POINT: Final = "FindProxyForURL"

# Comments of HTML are comments of scripts, too (ECMAScript §B.1.1).
_HTML: Final = re.compile(r"\ufeff?\s*(?:<!--.*?-->\s*)*<[a-zA-Z!?/](?!--)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PacLimits:
    """How much a script may take."""

    run_s: float = 2.0
    """CPU seconds of one run; one that is not back after twice that is given up."""
    total_s: float = 10.0
    """CPU seconds of all runs for one URL, without the lookups between them."""
    memory_size: int = 64 << 20
    stack_size: int = 256 << 10
    result_size: int = 64 << 10
    max_names: int = 20
    """Distinct names that a script may look up for one URL, as in Chromium's tracing resolver."""
    max_threads: int = 4
    """Chromium's kDefaultNumPacThreads."""
    max_children: int = 2
    max_hung_threads: int = 4
    """So many threads that do not come back are replaced; after that every script runs in a child process."""
    max_child_failures: int = 8
    """So many children in a row may end before one of them has answered."""


@dataclass(frozen=True, slots=True)
class PacScriptText:
    """A script and whether its author may run code here; equal ones are compiled once for each thread."""

    text: str = field(repr=False)
    is_trusted: bool
    """False for what anyone on the way could have written (WPAD, plain http): it runs in a process of its own."""


@dataclass(frozen=True, slots=True)
class PacRequest:
    """One run of a script for one URL."""

    script: PacScriptText
    url: str
    """From sanitize_url_for_pac()."""
    host: str
    """From host_for_pac()."""
    known: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    """What each name that was asked for resolved to, first choice first; None if it did not."""
    spent_s: float = 0.0
    """What the runs before this one took."""

    def answered(self, outcome: PacOutcome, addresses: tuple[str, ...] | None) -> PacRequest:
        """The next run, which knows the name that `outcome` needs."""
        assert outcome.needs is not None
        return replace(self, known={**self.known, outcome.needs: addresses}, spent_s=outcome.spent_s)


@dataclass(frozen=True, slots=True)
class PacError:
    """Why a script gave no answer."""

    net_error: int
    """ERR_PAC_SCRIPT_FAILED, or ERR_PAC_SCRIPT_TERMINATED if it had to be ended."""
    message: str
    line: int | None = None
    """Of the script as it was given, from 1."""
    column: int | None = None

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}, column {self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class PacOutcome:
    """What one run came to: exactly one of `result`, `needs` and `error` is there."""

    result: str | None = None
    """What the script returned; ASCII, maybe empty."""
    needs: str | None = None
    """A name to look up before the next run; this run is void."""
    error: PacError | None = None
    alerts: tuple[str, ...] = ()
    """What the script said with alert() in a run that counts, cut to 2 KiB."""
    spent_s: float = 0.0
    """CPU seconds of this run and those before."""
    thread_number: int | None = None
    """From 0; None for a child process."""


def check_script(text: str) -> str | None:
    """Why this can be no PAC script, in words; None if it may be one. Cheap, any thread."""
    if not text.strip("\ufeff \t\r\n"):
        return "the script is empty"
    if len(text) > MAX_PAC_BYTES or len(text.encode("utf-8", "replace")) > MAX_PAC_BYTES:
        return f"the script is larger than {MAX_PAC_BYTES} bytes"
    if _HTML.match(text):
        return "this is HTML, not a script"
    if "\0" in text:
        return "this is binary data, not a script (or text in another encoding): it contains NUL characters"
    if ENTRY_POINT not in text:
        return f"the script has no function {ENTRY_POINT}(url, host)"
    return None
