"""The same request made by this package and by requests, and what there is to see of the two answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import requests

import netstack_sync
from tests.support.live_servers import LiveServer

_VOLATILE = ("date", "etag", "last-modified")
_boundary = re.compile(rb"boundary=[0-9a-f]{32}")

# Sent by both, so that httpbin, which tells what it was sent, tells the same.
_HEADERS = {"User-Agent": "side-by-side", "Accept": "*/*", "Accept-Encoding": "gzip, deflate, br"}


class Hop(NamedTuple):
    """One redirect of a history; requests has challenges there too."""

    status: int
    url: str
    location: str


@dataclass(frozen=True)
class Facts:
    """What a user sees of an answer. Values that change from call to call are left out."""

    status: int
    reason: str
    url: str
    headers: Mapping[str, str]
    content: bytes
    encoding: str
    """Where requests has none or assumes latin-1, without the server having said so, utf-8 is expected."""
    text: str
    cookies: Mapping[str, str]
    history: tuple[Hop, ...]
    kept: Mapping[str, str]
    """The session's cookies afterwards."""


class SideBySide:
    """A session of each, against the same server."""

    def __init__(self, server: LiveServer, ours: netstack_sync.Session, theirs: requests.Session) -> None:
        self._server = server
        self.ours = ours
        self.theirs = theirs

    def url(self, path: str) -> str:
        """Of the server."""
        return self._server.url("http", path)

    def ask_ours(self, method: str, path: str, **options: Any) -> Facts:
        """Only this package's answer; options as `Session.request` has them."""
        return _facts(self.ours.request(method, self.url(path), **options), self.ours)

    def ask_theirs(self, method: str, path: str, **options: Any) -> Facts:
        """Only the answer of requests; options as it has them, but for what is called otherwise here."""
        if "follow_redirects" in options:
            options["allow_redirects"] = options.pop("follow_redirects")
        return _facts(self.theirs.request(method, self.url(path), **options), self.theirs)

    def same(self, method: str, path: str, but: Mapping[str, object] | None = None, **options: Any) -> Facts:
        """Asks with both and compares everything; gives our answer.

        `but` names what requests calls differently or must be given anew: `{"auth": ...}`.
        """
        theirs = self.ask_theirs(method, path, **{**options, **(but or {})})
        ours = self.ask_ours(method, path, **options)
        for field in fields(Facts):
            expected, found = getattr(theirs, field.name), getattr(ours, field.name)
            assert found == expected, f"{method} {path}: {field.name}: ours {found!r}, theirs {expected!r}"
        return ours


@contextmanager
def side_by_side(server: LiveServer) -> Iterator[SideBySide]:
    """Two sessions with the same default headers and without a look at the environment."""
    with netstack_sync.Session(headers=_HEADERS, trust_env=False) as ours, requests.Session() as theirs:
        theirs.trust_env = False
        theirs.headers.update(_HEADERS)
        yield SideBySide(server, ours, theirs)


def _facts(response: Any, session: Any) -> Facts:
    declared = "charset=" in response.headers.get("content-type", "")
    encoding = response.encoding if declared or isinstance(response, netstack_sync.Response) else "utf-8"
    content = _boundary.sub(b"boundary=X", response.content)
    return Facts(
        response.status_code,
        response.reason,
        response.url,
        {name.lower(): response.headers[name] for name in response.headers if name.lower() not in _VOLATILE},
        content,
        encoding.lower(),
        content.decode(encoding, "replace"),
        dict(response.cookies),
        tuple(Hop(hop.status_code, hop.url, hop.headers["location"]) for hop in response.history if hop.is_redirect),
        {cookie.name: cookie.value for cookie in session.cookies},
    )
