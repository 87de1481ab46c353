"""Hooks see requests and responses on a thread of the user's, and may exchange them."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import Download, FetchRequest, Response, Session
from netstack_sync.fetcher.hook_calls import hooked_download, hooked_request, hooked_response
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_in_body
from tests.support.responses import make_request, make_response

LIMIT_S = 20.0  # only a hang gets here


def with_header(request: FetchRequest, name: str, value: str) -> FetchRequest:
    headers = request.headers.copy()
    headers.add(name, value)
    return request.replaced(headers=headers)


def answer_for(*hooks: Any) -> Response:
    response = make_response(b"x")
    response.request = make_request(hooks={"response": list(hooks)})
    return response


# --- values


def test_a_request_without_hooks_is_itself() -> None:
    """Nothing is called, nothing is made."""
    request = make_request()
    assert hooked_request(request) is request
    response = make_response()
    assert hooked_response(response) is response


def test_each_hook_gets_what_the_one_before_it_gave() -> None:
    """None leaves it as it was."""
    seen: list[str | None] = []

    def first(request: FetchRequest) -> FetchRequest:
        return with_header(request, "X", "1")

    def second(request: FetchRequest) -> None:
        seen.append(request.headers.get("x"))

    request = make_request(hooks={"request": [first, second, first]})
    assert hooked_request(request).headers.get("x") == "1, 1" and seen == ["1"]
    assert "x" not in request.headers
    other = make_response(b"other")
    assert hooked_response(answer_for(lambda r: None, lambda r: other, lambda r, *args, **kwargs: None)) is other


@pytest.mark.parametrize(
    "hook, error, text",
    [
        (lambda r: "http://b.test/", TypeError, "neither a FetchRequest nor None"),
        (lambda r: r.replaced(url="http://b.test/"), TypeError, "url is no Url"),
        (lambda r: r.replaced(headers={"a": "b"}), TypeError, "no RequestHeaders"),
        (lambda r: with_header(r, "Content-Length", "3"), ValueError, "Content-Length"),
        (lambda r: with_header(r, "transfer-encoding", "chunked"), ValueError, "Transfer-Encoding"),
        (lambda r: with_header(with_header(r, "Host", "a"), "host", "b"), ValueError, "more than one Host"),
    ],
)
def test_what_cannot_be_sent(hook: Any, error: type[Exception], text: str) -> None:
    """Rule R16 holds for hooks too: what frames the body is said by nobody else."""
    with pytest.raises(error, match=text):
        hooked_request(make_request(hooks={"request": hook}))


def test_a_hook_that_raises_closes_the_response() -> None:
    """And the one that another hook had put in its place."""
    closed: list[str] = []

    class Source:
        def __init__(self, name: str) -> None:
            self._name = name

        def read_piece(self) -> bytes:
            return b"x"

        def close(self) -> None:
            closed.append(self._name)

    response = make_response(source=Source("first"))
    other = make_response(source=Source("second"))
    response.request = make_request(hooks={"response": [lambda r: other, lambda r: 1 / 0]})
    with pytest.raises(ZeroDivisionError):
        hooked_response(response)
    assert closed == ["first", "second"]
    with pytest.raises(TypeError, match="neither a Response nor None"):
        hooked_response(answer_for(lambda r: "text"))


def test_the_answer_of_a_download_can_be_exchanged() -> None:
    """The rest of it stays."""
    response, other = answer_for(lambda r: None), make_response()
    download = Download("p", 1, False, None, None, response)
    assert hooked_download(download) is download
    response.request = make_request(hooks={"response": lambda r: other})
    changed = hooked_download(download)
    assert changed.response is other and changed.path == "p"


def test_hooks_stay_in_their_process() -> None:
    """A request that is pickled, with an exception for example, leaves them behind."""
    request = make_request(hooks={"request": lambda r: None})
    assert pickle.loads(pickle.dumps(request)).hooks is None and request.hooks is not None


# --- sessions


class Witness:
    """Hooks that note who was called where."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.threads: set[str] = set()

    def hooks(self, name: str) -> dict[str, Any]:
        def on_request(request: FetchRequest) -> FetchRequest:
            self._note(f"{name} request {request.method}")
            return with_header(request, "X-Hook", name)

        def on_response(response: Response, *args: object, **kwargs: object) -> None:
            self._note(f"{name} response {response.status_code}")

        return {"request": on_request, "response": [on_response]}

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self.threads.add(threading.current_thread().name)


ALL = ["session request GET", "own request GET", "session response 200", "own response 200"]


def test_hooks_of_session_and_request(server: EmbeddedServer) -> None:
    """Once for a fetch, whatever redirects it takes, on the thread that made it; the form of requests works."""
    witness = Witness()
    with Session(hooks=witness.hooks("session"), trust_env=False) as session:
        session.get(server.url("/redirect/2"), hooks=witness.hooks("own"))
        assert witness.calls == ALL and witness.threads == {threading.current_thread().name}
        session.get(server.url("/hello"))
        assert witness.calls[4:] == ["session request GET", "session response 200"]
    values = [request.headers.get("x-hook") for request in server.requests]
    assert values[0] == "session, own" and values[-1] == "session"


def test_a_request_may_go_elsewhere(server: EmbeddedServer, session: Session) -> None:
    """What the hook gives is what is sent."""

    def elsewhere(request: FetchRequest) -> FetchRequest:
        return request.replaced(url=request.url.resolve("/echo"), method="PUT")

    response = session.get(server.url("/hello"), hooks={"request": elsewhere})
    assert response.json()["method"] == "PUT" and response.url == server.url("/echo")


@pytest.mark.parametrize("kind", ["request", "response"])
def test_what_a_hook_raises_comes_out_of_the_fetch(server: EmbeddedServer, session: Session, kind: str) -> None:
    """Of a request hook nothing was sent then; of a response hook the connection is free again."""

    def refuse(_: object) -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        session.get(server.url("/hello"), hooks={kind: refuse})
    assert len(server.requests) == (kind == "response")
    assert session.stats().sockets_active == 0


def test_a_stream_that_a_hook_refuses_is_closed(server: EmbeddedServer, session: Session) -> None:
    """Its hooks see the head, before the body."""
    server.route("/half", Answer(body=b"x" * 100, fault=stall_in_body()))

    def refuse(response: Response) -> None:
        assert response.status == 200
        raise LookupError("no")

    with pytest.raises(LookupError):
        session.stream("GET", server.url("/half"), hooks={"response": refuse})
    assert server.wait_until(lambda: server.open_connections == 0)


def test_a_download_has_hooks(server: EmbeddedServer, tmp_path: Path) -> None:
    """The response hook comes once the file is in its place."""
    witness = Witness()
    target = tmp_path / "file"

    def look(response: Response) -> None:
        assert target.read_bytes() == b"hello\n" and response.content == b""

    with Session(hooks=witness.hooks("session"), trust_env=False) as session:
        session.download(server.url("/hello"), target, hooks={"response": look})
    assert witness.calls == ["session request GET", "session response 200"]


def test_a_future_is_done_after_its_hooks(server: EmbeddedServer) -> None:
    """Request hooks run on the thread that submits, response hooks on a callback thread."""
    witness = Witness()
    with Session(hooks=witness.hooks("session"), trust_env=False) as session:
        future = session.submit("GET", server.url("/hello"))
        assert witness.calls[:1] == ["session request GET"]
        assert future.result(LIMIT_S).ok and len(witness.calls) == 2
    here = threading.current_thread().name
    assert len(witness.threads) == 2 and here in witness.threads
    assert any(name.startswith("netstack-callback") for name in witness.threads)


def test_send_calls_the_hooks_of_its_request(server: EmbeddedServer, session: Session) -> None:
    """Those that prepare() was given, and it calls none itself."""
    witness = Witness()
    request = session.prepare("GET", server.url("/hello"), hooks=witness.hooks("own"))
    assert witness.calls == []
    assert session.send(request).ok and witness.calls == ["own request GET", "own response 200"]


def test_bad_hooks_are_refused_at_once(server: EmbeddedServer, session: Session) -> None:
    """By the session too; nothing is sent."""
    with pytest.raises(ValueError, match="hooks"):
        session.get(server.url("/hello"), hooks={"auth": print})
    with pytest.raises(TypeError, match="hooks"):
        Session(hooks={"request": 1})  # type: ignore[dict-item]
    assert server.requests == []
