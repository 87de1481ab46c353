"""A stack ends when it is closed or forgotten, and is left alone in a forked child."""

from __future__ import annotations

import gc
import threading

import pytest

from netstack_sync.base.features import TIMEOUT_TCP_CONNECT_ATTEMPT, FeatureList
from netstack_sync.cookies.canonical import CanonicalCookie
from netstack_sync.fetcher.network_stack import NetworkStack, _release_forgotten
from netstack_sync.fetcher.runtime import runtime
from netstack_sync.log.net_log import NetLogCaptureMode
from netstack_sync.url_request.context_builder import PUBLIC_SUFFIXES, ContextBuilder
from tests.support.net_logs import RecordingNetLog

_NAME = TIMEOUT_TCP_CONNECT_ATTEMPT.name


def _network_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "netstack-network"]


def test_the_last_stack_takes_the_thread_with_it() -> None:
    one, two = NetworkStack(ContextBuilder()), NetworkStack(ContextBuilder())
    thread = one.context.thread
    assert two.context.thread is thread and one.is_ours
    one.close(10.0)
    assert thread.is_alive and one.context.is_shut_down and not two.context.is_shut_down
    two.close(10.0)
    assert not thread.is_alive
    two.close(10.0)


def test_a_stack_that_is_forgotten_is_shut_down() -> None:
    """Without anybody waiting for it."""
    stack = NetworkStack(ContextBuilder())
    context = stack.context
    del stack
    gc.collect()
    for thread in _network_threads():
        thread.join(10.0)
    assert context.is_shut_down and not _network_threads()


def test_a_stack_that_cannot_be_built_leaves_nothing() -> None:
    """Its thread ends, unless another one has use for it; the next one is not disturbed."""
    impossible = ContextBuilder(features=FeatureList.from_text(f"{_NAME}:{_NAME}Min/40s"))
    with pytest.raises(ValueError, match=f"{_NAME}Min"):
        NetworkStack(impossible)
    for thread in _network_threads():
        thread.join(10.0)
    assert not _network_threads()
    stack = NetworkStack(ContextBuilder())
    with pytest.raises(ValueError, match=f"{_NAME}Min"):
        NetworkStack(impossible)
    assert stack.context.thread.is_alive
    stack.close(10.0)
    assert not stack.context.thread.is_alive


def test_a_stack_may_be_forgotten_on_the_network_thread() -> None:
    """A finalizer runs wherever the last reference goes."""
    stacks = [NetworkStack(ContextBuilder())]
    context = stacks[0].context
    context.thread.post(stacks.clear)
    for thread in _network_threads():
        thread.join(10.0)
    assert context.is_shut_down and not _network_threads()


def test_the_parents_stack_is_left_alone() -> None:
    """In a forked child another generation counts; its observers are forgotten."""
    stack = NetworkStack(ContextBuilder())
    _release_forgotten(stack.context, runtime.generation - 1)
    assert not stack.context.is_shut_down
    stack.net_log.add_observer(RecordingNetLog(), NetLogCaptureMode.DEFAULT)
    stack.abandon_after_fork()
    assert not stack.net_log.is_capturing
    stack.generation -= 1
    assert not stack.is_ours
    stack.close(10.0)


def test_cookies_outlive_a_fork() -> None:
    """The child's stack begins with those of the parent's."""
    PUBLIC_SUFFIXES.load()
    cookie = CanonicalCookie("a", "1", "a.test", "/")
    parent = NetworkStack(ContextBuilder(cookies=(cookie,)))
    child = NetworkStack(ContextBuilder(), forked_from=parent)
    assert child.context.cookies is not None and child.context.cookies.snapshot() == (cookie,)
    for stack in (parent, child):
        stack.close(10.0)
