"""What a context has for TLS is read by a worker, and made with the first secure socket."""

from __future__ import annotations

import sys
import types

import pytest

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request import late_tls_parts, tls_parts
from netstack_sync.url_request.late_tls_parts import LateTlsParts
from tests.support.pool import FakeSocket
from tests.support.scripted_stack import ScriptedStack
from tests.support.tls import PEER, trust
from tests.support.url_requests import context_over


def make(stack: ScriptedStack) -> LateTlsParts:
    parts = LateTlsParts(stack.thread, stack.workers, None, SystemWallClock())
    parts.attach(context_over(stack))
    return parts


def test_it_is_read_once(stack: ScriptedStack) -> None:
    """Whoever comes while a worker reads has one of its own, which finds the files there."""
    parts, replies = make(stack), list[BaseException | None]()
    assert None not in [parts.load(replies.append) for _ in range(2)] and replies == []
    stack.run_workers()
    assert replies == [None, None] and parts.load(replies.append) is None


def test_what_cannot_be_read_is_tried_again(stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one may be luckier, as when there was no descriptor left."""
    error, parts, replies = ImportError("no ssl"), make(stack), list[BaseException | None]()

    def fail() -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(late_tls_parts, "load_tls_rooms", fail)
        parts.load(replies.append)
        stack.run_workers()
    assert replies == [error] and parts.load(replies.append) is not None
    stack.run_workers()
    assert replies == [error, None]


def test_half_a_module_is_an_error(stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has waited while another thread read in vain finds its rest; nobody may take that for TLS."""
    rest, parts, replies = types.ModuleType(tls_parts.__name__), make(stack), list[BaseException | None]()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, tls_parts.__name__, rest)
        parts.load(replies.append)
        stack.run_workers()
    assert isinstance(replies[0], ImportError) and parts.load(replies.append) is not None
    stack.run_workers()
    assert replies[1:] == [None]


def test_it_is_made_once(stack: ScriptedStack) -> None:
    """With the first socket; before there is nothing that trust could change."""
    parts = make(stack)
    parts.on_trust_changed()
    assert parts._parts is None
    assert parts.load(list[BaseException | None]().append) is not None
    stack.run_workers()
    first = parts.create_socket(FakeSocket(), PEER, TlsConfig(trust()))
    made = parts._parts
    second = parts.create_socket(FakeSocket(), PEER, TlsConfig(trust()))
    assert made is not None and parts._parts is made and first is not second
    parts.on_trust_changed()
    first.disconnect()
    second.disconnect()
