"""A server that wants NTLM, alone or inside of Negotiate, with pyspnego as the judge."""

from __future__ import annotations

import threading
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.server_request import ReceivedRequest


def ntlm_users(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Whom acceptors know: "DOMAIN:user:password"."""
    file = folder / "ntlm_users"
    file.write_text("\n".join(lines))
    monkeypatch.setenv("NTLM_USER_FILE", str(file))


class NtlmServer:
    """A handler for routes: logs connections in, and says to each request whose connection it came over.

    Remembers the connection of each request, and whether a token came.
    """

    def __init__(self, scheme: str = "NTLM", others: tuple[str, ...] = (), body: bytes = b"") -> None:
        self.scheme = scheme
        self.others = others
        """Challenges that stand beside, in the first round."""
        self.body = body
        """Of the 401."""
        self.bindings: GssChannelBindings | None = None
        self.closes_after: set[int] = set()
        """Connections that are closed after their first token."""
        self.seen: list[tuple[int, bool]] = []
        self._lock = threading.Lock()
        self._logins: dict[int, Any] = {}

    def __call__(self, request: ReceivedRequest) -> Answer:
        authorization = request.headers.get("authorization") or ""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            self.seen.append((request.connection, bool(token)))
            login = self._logins.get(request.connection)
            if scheme == self.scheme:
                return self._step(request.connection, login, b64decode(token))
            if login is not None and login.complete:
                return Answer(body=login.client_principal.encode())
            return self._refusal(self.scheme, *self.others)

    def _step(self, connection: int, login: Any, token: bytes) -> Answer:
        if login is None or login.complete:
            login = spnego.server(
                hostname="127.0.0.1", service="HTTP", protocol=self.scheme.lower(), channel_bindings=self.bindings
            )
            self._logins[connection] = login
        try:
            answer = login.step(token)
        except SpnegoError:
            del self._logins[connection]
            return self._refusal(self.scheme, *self.others)
        if login.complete:
            return Answer(body=login.client_principal.encode())
        if connection in self.closes_after:
            return Answer(401, headers=[("WWW-Authenticate", self.scheme), ("Connection", "close")])
        return self._refusal(f"{self.scheme} {b64encode(answer).decode()}")

    def _refusal(self, *challenges: str) -> Answer:
        return Answer(401, headers=[("WWW-Authenticate", value) for value in challenges], body=self.body)
