"""fetch(): the one-line door, over one default session per process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.runtime import runtime
from netstack_sync.fetcher.session import Session

if TYPE_CHECKING:
    from typing_extensions import Unpack

_default_session: Session | None = None
"""Made by the first fetch(): until then the environment may change, and a bad one must not fail the import."""


def fetch(url: str, method: str = "GET", **options: Unpack[FetchOptions]) -> Response:
    """Fetches a URL and waits for the whole answer; from any thread.

    The arguments and what is raised are those of `Session.request`. All calls of a process share one session,
    which keeps no cookies, is made anew after fork and ended at exit.
    """
    session = _default_session
    if session is None:
        session = _make_default_session(is_trust_needed="verify" not in options)
    return session.fetch(url, method, **options)


def _make_default_session(is_trust_needed: bool) -> Session:
    """Whoever mends an environment that names nothing usable gets another session."""
    global _default_session
    with runtime.lock:
        if _default_session is None:
            session = Session(cookies=False)  # callers that know nothing of each other share it
            if is_trust_needed:
                session.prepare("GET", "https://localhost/")  # looks at what the environment names
            _default_session = session
        return _default_session
