"""The one place where the services of a context are put together."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_NAME_NOT_RESOLVED
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.url_request.context_builder import ContextBuilder
from tests.support.scripted_stack import ScriptedStack, request_info
from tests.support.url_requests import new_request


def test_a_context_is_wired(stack: ScriptedStack) -> None:
    """All parts share the thread and the log; nothing is connected or looked up yet."""
    context = ContextBuilder().build(stack.thread, stack.net_log)
    session = context.network_session
    assert context.thread is session.thread is stack.thread and context.net_log is stack.net_log
    assert session.pool.slots == 0
    assert context.resolver.job_count == 0 and context.workers.thread_count == 0 and not context.is_shut_down


@pytest.mark.parametrize("limits, slots", [(None, 6), (PoolLimits(per_group=2, total=8), 2), (PoolLimits(6, 1), 1)])
def test_the_pool_keeps_the_limits(stack: ScriptedStack, limits: PoolLimits | None, slots: int) -> None:
    """Chromium's six sockets a host unless something else was said."""
    builder = ContextBuilder() if limits is None else ContextBuilder(limits)
    context = builder.build(stack.thread, stack.net_log)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for _ in range(8):
            new_request(context, request_info(url))[0].start()
        assert context.network_session.pool.slots == slots and context.request_count == 8
        context.shut_down()
        stack.run()
    assert context.network_session.pool.slots == 0


def test_each_context_has_its_own_services(stack: ScriptedStack) -> None:
    """Nothing is shared behind the scenes."""
    builder = ContextBuilder()
    first, second = (builder.build(stack.thread, stack.net_log) for _ in range(2))
    assert first.network_session.pool is not second.network_session.pool and first.resolver is not second.resolver


def test_a_request_goes_all_the_way_to_the_resolver(stack: ScriptedStack) -> None:
    """For http and https; a name that cannot exist is refused there."""
    context = ContextBuilder().build(stack.thread, stack.net_log)
    for scheme in ("http", "https"):
        request, delegate = new_request(
            context, request_info(f"{scheme}://{'x' * 63}.{'y' * 63}.{'z' * 63}.{'w' * 63}/")
        )
        request.start()
        stack.run()
        assert delegate.result == ERR_NAME_NOT_RESOLVED
    context.shut_down()
    request, delegate = new_request(context, request_info("http://127.0.0.1/"))
    request.start()
    stack.run()
    assert delegate.result == ERR_CONTEXT_SHUT_DOWN
