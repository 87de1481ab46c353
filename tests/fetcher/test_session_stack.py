"""The stack of a session: built when it is wanted, once, and not after the end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from netstack_sync.base.exceptions import ContextShutDown
from netstack_sync.fetcher.session_stack import SessionStack
from netstack_sync.url_request.context_builder import ContextBuilder

THREADS = 8


def test_it_is_built_on_first_use() -> None:
    """And then it is always the same."""
    stack, before = SessionStack(ContextBuilder()), threading.active_count()
    assert repr(stack) == "<SessionStack unused>" and threading.active_count() == before
    live = stack.live()
    assert stack.live() is live and repr(stack) == "<SessionStack open>"
    stack.close(10.0)
    assert repr(stack) == "<SessionStack closed>" and live.context.is_shut_down


def test_many_threads_at_first_get_one() -> None:
    """Whoever comes second waits for what the first one builds."""
    stack, barrier = SessionStack(ContextBuilder()), threading.Barrier(THREADS)

    def use() -> int:
        barrier.wait(20.0)
        return id(stack.live())

    with ThreadPoolExecutor(THREADS) as pool:
        found = [future.result(20.0) for future in [pool.submit(use) for _ in range(THREADS)]]
    assert set(found) == {id(stack.live())}
    stack.close(10.0)


def test_asking() -> None:
    """On the network thread; also for None, and what is raised there is raised here."""
    stack = SessionStack(ContextBuilder())
    assert stack.ask(lambda context: context.thread.is_current) is True
    assert stack.ask(lambda _: None) is None
    with pytest.raises(ZeroDivisionError):
        stack.ask(lambda _: 1 // 0)
    stack.close(10.0)


@pytest.mark.parametrize("is_used", [False, True])
def test_after_the_end(is_used: bool) -> None:
    """Closing again does nothing, and nothing new is built."""
    stack = SessionStack(ContextBuilder())
    if is_used:
        stack.live()
    stack.close(10.0)
    stack.close(None)
    for use in (stack.live, lambda: stack.ask(lambda _: None)):
        with pytest.raises(ContextShutDown, match=r"the session was closed$"):
            use()


def test_another_process_gets_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same settings; what the parent has is left alone, also by closing."""
    stack = SessionStack(ContextBuilder())
    parents = stack.live()
    monkeypatch.setattr(parents, "generation", -1)  # as it looks from a child
    own = stack.live()
    assert own is not parents and stack.live() is own
    monkeypatch.setattr(own, "generation", -1)
    stack.close(10.0)
    assert not parents.context.is_shut_down and not own.context.is_shut_down
    for forgotten in (parents, own):
        forgotten.close(10.0)
