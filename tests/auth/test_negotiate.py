"""The handshake that logs a connection in: its tokens, and the workers that make them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.auth.negotiate import MAX_TOKENS, ConnectionHandler
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.net_errors import (
    ERR_IO_PENDING,
    ERR_MISSING_AUTH_CREDENTIALS,
    ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS,
    OK,
)
from netstack_sync.workers.security_context import SecurityError, SecurityParams
from tests.support.loops import RecordedCompletion
from tests.support.scripted_stack import ScriptedStack, scripted_stack
from tests.support.security import FakeSecurity, Outcome

REQUEST = AuthRequest("GET", "/", lambda: b"")


@pytest.fixture
def stack() -> Iterator[ScriptedStack]:
    """A loop and workers that a test drives."""
    with scripted_stack(is_async=False) as stack:
        yield stack


def ntlm(stack: ScriptedStack, *outcomes: Outcome) -> tuple[ConnectionHandler, FakeSecurity]:
    security = FakeSecurity(ntlm=list(outcomes))
    identity = AuthIdentity("me", "p", ("ntlm",), domain="DOM")
    return ConnectionHandler("ntlm", identity, "a.test", SecurityService(stack.workers, security)), security


def generate(stack: ScriptedStack, handler: ConnectionHandler) -> int:
    done = RecordedCompletion()
    assert handler.generate_token(b"der", done) == ERR_IO_PENDING and not done.is_called
    stack.run_workers()
    return done.result


def test_a_handshake(stack: ScriptedStack) -> None:
    """Row 171, GenerateAuthToken: each token answers the server's last; one login over all rounds."""
    handler, security = ntlm(stack, b"one", b"two")
    assert generate(stack, handler) == OK and not handler.was_sent
    assert handler.can_answer(REQUEST) and handler.realm == ""
    assert handler.authorization(REQUEST) == "NTLM b25l" and handler.was_sent
    assert handler.receive("Y2hhbGxlbmdl")
    assert generate(stack, handler) == OK
    assert handler.authorization(REQUEST) == "NTLM dHdv"
    handler.on_authentication_info("nothing")
    assert security.opened == [SecurityParams("ntlm", "DOM\\me", "p", "a.test", False, b"der")]
    assert security.received == [None, b"challenge"]


def test_who_logs_in_where(stack: ScriptedStack) -> None:
    """Kerberos may know the service by another name; without a user it is whoever runs the program."""
    security = FakeSecurity(negotiate=[b"t"])
    identity = AuthIdentity("", "", ("negotiate",), service_host="b.test", delegates=True)
    handler = ConnectionHandler("negotiate", identity, "a.test", SecurityService(stack.workers, security))
    done = RecordedCompletion()
    handler.generate_token(None, done)
    stack.run_workers()
    assert handler.authorization(REQUEST) == "Negotiate dA=="
    assert security.opened == [SecurityParams("negotiate", "", "", "b.test", True, None)]


@pytest.mark.parametrize("token", ["", "=", "a", "a b", "ä", "YQ", "YQ=="[:3] + "!"])
def test_what_is_no_token(stack: ScriptedStack, token: str) -> None:
    """A server that says no says nothing; nonsense is as good as that."""
    handler, _ = ntlm(stack, b"one")
    assert not handler.receive(token)


def test_a_handshake_without_end(stack: ScriptedStack) -> None:
    """Every loop has a budget."""
    handler, _ = ntlm(stack, b"again")
    for _round in range(MAX_TOKENS):
        assert generate(stack, handler) == OK
    assert not handler.receive("YQ==")


@pytest.mark.parametrize(
    "outcome, error",
    [
        (SecurityError(ERR_MISSING_AUTH_CREDENTIALS, "no ticket"), ERR_MISSING_AUTH_CREDENTIALS),
        (RuntimeError("no ticket"), ERR_UNEXPECTED_SECURITY_LIBRARY_STATUS),
    ],
)
def test_there_is_no_token(stack: ScriptedStack, outcome: Exception, error: int) -> None:
    """Why is told in words."""
    handler, _ = ntlm(stack, outcome)
    assert generate(stack, handler) == error and handler.error_detail == "no ticket"


def test_cancelling(stack: ScriptedStack) -> None:
    """No callback comes, whether or not the worker has begun."""
    handler, security = ntlm(stack, b"one")
    done = RecordedCompletion()
    handler.cancel()
    handler.generate_token(None, done)
    handler.cancel()
    handler.cancel()
    stack.run_workers()
    assert not done.is_called and not security.opened
    handler.generate_token(None, done)
    stack.workers.run_next()
    handler.cancel()
    stack.run_workers()
    assert not done.is_called and security.opened
