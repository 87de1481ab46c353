"""PacEngine: who runs scripts, on other threads or in another process, as the services of this room see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

from netstack_sync.proxy.pac_file import PacFileData


class PacQuestion(NamedTuple):
    """A name that a script wants to have resolved."""

    host: str
    """As the script spells it."""
    is_ipv4_only: bool
    """False for the functions that know IPv6 as well."""


KnownNames: TypeAlias = "Mapping[PacQuestion, tuple[str, ...]]"
"""Addresses; none for what cannot be resolved."""


class PacRunInput(NamedTuple):
    """What one run is given."""

    url: str
    """Fit for a script; see pac_url()."""
    host: str
    known: KnownNames
    own_addresses: tuple[str, ...]
    """Of this machine, best first; may be empty."""
    asks: bool
    """False for the last run: what is not known cannot be resolved, and there are no questions."""


class PacRunResult(NamedTuple):
    """How one run ended."""

    net_error: int
    """OK, ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED."""
    answer: str = ""
    """With OK: what the script returned."""
    questions: tuple[PacQuestion, ...] = ()
    """Where there are some the run went no further: its answer does not count."""
    alerts: tuple[str, ...] = ()
    error_detail: str = ""
    """What was wrong, in words."""
    line: int | None = None
    """Where, in the script."""


class PacTask(Protocol):
    """Something that was begun."""

    def cancel(self) -> None:
        """Nobody is told; idempotent."""


class PacEvaluator(Protocol):
    """One script, loaded. Network thread only; any number of runs at once."""

    def run(self, given: PacRunInput, on_done: Callable[[PacRunResult], None]) -> PacTask:
        """Runs the script once; `on_done` comes once and never from inside."""

    def close(self) -> None:
        """Lets go of it; runs that are under way were cancelled."""


class PacLoadResult(NamedTuple):
    """How loading ended."""

    net_error: int
    """OK, ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED."""
    error_detail: str = ""
    evaluator: PacEvaluator | None = None
    """There with OK."""


class PacEngine(Protocol):
    """Loads scripts (net/proxy_resolution/proxy_resolver_factory.h). Network thread only."""

    def load(self, script: PacFileData, on_done: Callable[[PacLoadResult], None]) -> PacTask:
        """Begins; a syntax error is found now. `on_done` comes once and never from inside."""
