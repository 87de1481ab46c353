"""What users of requests, httpx and urllib3 type, and what it is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_OF_BOTH: Final = {
    "mounts": "for mounts use proxy, which takes a mapping from schemes to proxies",
    "proxies": "for proxies use proxy, which takes the same mapping",
}
_OF_REQUESTS: Final = {
    **_OF_BOTH,
    "allow_redirects": "for allow_redirects use follow_redirects",
    "body": "for body use content",
    "fields": "for fields use params, data or files",
    "preload_content": "for preload_content=False use Session.stream()",
    "redirect": "for redirect use follow_redirects",
    "stream": "for stream=True use Session.stream()",
}
_OF_SESSIONS: Final = {
    **_OF_BOTH,
    "allow_redirects": "for allow_redirects use follow_redirects",
    "event_hooks": "for event_hooks use hooks",
    "transport": "for transport use interceptors, which may answer in the server's place",
}


def refuse_options(unknown: Iterable[str], known: Iterable[str], of_sessions: Iterable[str]) -> None:
    """Raises TypeError for what a request does not know; some of it may be an argument of sessions."""
    hints = {**_OF_REQUESTS, **dict.fromkeys(of_sessions, "for a whole session: Session(...)")}
    _refuse("a fetch", unknown, known, hints)


def refuse_session_arguments(unknown: Iterable[str]) -> None:
    """Raises TypeError for what a Session does not know, if there is such a thing."""
    _refuse("a Session", unknown, (), _OF_SESSIONS)


def _refuse(whose: str, unknown: Iterable[str], known: Iterable[str], hints: Mapping[str, str]) -> None:
    names = sorted(unknown)
    if names:
        there_are = f"; there are {', '.join(sorted(known))}" if known else ""
        words = "".join([f"; {hints[name]}" for name in names if name in hints])
        raise TypeError(f"{', '.join(names)}: no such argument of {whose}{there_are}{words}")
