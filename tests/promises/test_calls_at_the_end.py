"""A call that comes while the network thread ends is told so; it does not wait for a thread that takes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netstack_sync import ContextShutDown, Session

LIMIT_S = 20.0  # only a hang gets here


@pytest.fixture
def session() -> Iterator[Session]:
    """One whose thread takes no task any more, and is still there: it is at the last one that it has taken."""
    session, is_last, may_end = Session(trust_env=False), threading.Event(), threading.Event()
    thread = session.context.thread

    def last() -> None:
        is_last.set()
        may_end.wait(LIMIT_S)

    def end() -> None:
        thread.stop()
        thread.post(last)

    thread.post(end)
    assert is_last.wait(LIMIT_S) and thread.is_alive
    try:
        yield session
    finally:
        may_end.set()
        session.close()


CALLS: dict[str, Callable[[Session, Path], object]] = {
    "get": lambda session, _: session.get("http://127.0.0.1:9/"),
    "stream": lambda session, _: session.stream("GET", "http://127.0.0.1:9/"),
    "submit": lambda session, _: session.submit("GET", "http://127.0.0.1:9/").result(LIMIT_S),
    "download": lambda session, folder: session.download("http://127.0.0.1:9/", folder / "x"),
    "resolve": lambda session, _: session.resolve("localhost"),
    "stats": lambda session, _: session.stats(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_at_the_end_is_refused(session: Session, tmp_path: Path, call: str) -> None:
    """Whatever it waits with."""
    with pytest.raises(ContextShutDown):
        CALLS[call](session, tmp_path)
