"""Paths find their answers."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.router import Router
from netstack_sync.testing.server_request import ReceivedRequest


def ask(router: Router, target: str) -> bytes:
    """Status and body of the answer."""
    (wire,) = router.script(ReceivedRequest("GET", target, ResponseHeaders(b""), b"", 1, 1, True))
    assert isinstance(wire, bytes)
    return wire[9:12] + b" " + wire.partition(b"\r\n\r\n")[2]


def test_a_path_finds_itself_or_the_nearest_above() -> None:
    """Queries do not count; a path without a final slash stands for itself only."""
    router = Router()
    router.add("/a", Answer(body=b"leaf"))
    router.add("/a/", Answer(body=b"below"))
    router.add("/a/b/", Answer(body=b"deeper"))
    assert ask(router, "/a?q=/z") == b"200 leaf"
    assert ask(router, "/a/x") == ask(router, "/a/x/y") == ask(router, "/a/") == b"200 below"
    assert ask(router, "/a/b/c") == b"200 deeper"
    assert ask(router, "/c").startswith(b"404 ") and ask(router, "*").startswith(b"404 ")
    router.add("/", Answer(body=b"root"))
    assert ask(router, "/c") == b"200 root"


def test_answers_come_in_turn_and_the_last_for_ever() -> None:
    """So that a test can let the second attempt succeed."""
    router = Router()
    router.add("/", Answer(500), Answer(503), lambda request: Answer(body=request.target.encode()))
    assert [ask(router, "/x") for _ in range(4)] == [b"500 ", b"503 ", b"200 /x", b"200 /x"]


def test_a_handler_that_raises_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    """By the client as 500, by the developer on stderr."""

    def handler(request: ReceivedRequest) -> Answer:
        raise RuntimeError("bug in a test")

    router = Router()
    router.add("/", handler)
    assert b"bug in a test" in ask(router, "/")
    assert "bug in a test" in capsys.readouterr().err


def test_senseless_routes_are_refused() -> None:
    """No answer, or a path that no request can have."""
    with pytest.raises(ValueError, match="path"):
        Router().add("/")
    with pytest.raises(ValueError, match="path"):
        Router().add("x", Answer())
