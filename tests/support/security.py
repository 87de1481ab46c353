"""Logins without pyspnego: a test says which tokens there are."""

from __future__ import annotations

from base64 import b64encode

from netstack_sync.workers.security_context import SecurityContext, SecurityError, SecurityParams

Outcome = bytes | SecurityError | Exception


class FakeSecurity:
    """An OpenSecurityContext whose steps have these outcomes, by protocol, login after login; the last one for ever."""

    def __init__(self, **outcomes: list[Outcome]) -> None:
        self._outcomes = outcomes
        self.opened: list[SecurityParams] = []
        self.received: list[bytes | None] = []
        """What the steps were given."""

    def __call__(self, params: SecurityParams) -> SecurityContext:
        """See OpenSecurityContext."""
        self.opened.append(params)
        return _FakeContext(list(self._outcomes[params.protocol]), self.received)


class _FakeContext:
    """See SecurityContext."""

    def __init__(self, outcomes: list[Outcome], received: list[bytes | None]) -> None:
        self._outcomes = outcomes
        self._received = received

    def step(self, token: bytes | None) -> bytes:
        """See SecurityContext."""
        self._received.append(token)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def header(scheme: str, token: bytes) -> str:
    """A challenge or an answer."""
    return f"{scheme} {b64encode(token).decode()}"
