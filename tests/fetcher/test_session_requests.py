"""SessionRequests: each verb sends its method; a stream gives the head before the body."""

from __future__ import annotations

import pytest

from netstack_sync import Session
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import trickle


def test_verbs(server: EmbeddedServer, session: Session) -> None:
    """Each sends its method; those that the stack does not know go as they were written."""
    url = server.url("/echo")
    for verb in ("get", "options", "post", "put", "patch", "delete"):
        assert getattr(session, verb)(url).json()["method"] == verb.upper()
    head = session.head(url)
    assert (head.content, head.ok) == (b"", True)
    assert session.request("purge", url).json()["method"] == "purge"
    assert session.fetch(url, "put").json()["method"] == "PUT"


def test_hooks_see_the_request_and_its_answer(server: EmbeddedServer, session: Session) -> None:
    """Whichever way it is made."""
    seen: list[str] = []
    hooks = {"request": lambda request: seen.append(request.method), "response": lambda response: seen.append("answer")}
    session.put(server.url("/echo"), hooks=hooks)
    session.send(session.prepare("DELETE", server.url("/echo"), hooks=hooks))
    assert seen == ["PUT", "answer", "DELETE", "answer"]


def test_a_stream_is_there_before_its_body(server: EmbeddedServer, session: Session) -> None:
    """The head is handed over while the body still trickles."""
    server.route("/slowly", Answer(body=b"abc", fault=trickle(1, every_s=0.02)))
    with session.stream("GET", server.url("/slowly")) as response:
        assert response.status_code == 200 and b"".join(response.iter_bytes()) == b"abc"


def test_what_was_prepared_can_be_sent(server: EmbeddedServer, session: Session) -> None:
    """More than once, and as a stream."""
    request = session.prepare("PUT", server.url("/echo"), content=b"x", headers={"A": "1"})
    for _ in range(2):
        assert session.send(request).json()["body"] == "x"
    with session.send(request, stream=True) as response:
        assert response.request is request and response.json()["method"] == "PUT"
    with pytest.raises(TypeError, match="request: must be a FetchRequest"):
        session.send("http://a.test/")  # type: ignore[arg-type]
