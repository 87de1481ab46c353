"""A socket is silent only while it is connected and nothing has come."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.sockets import news as news_file
from netstack_sync.sockets.news import news_of, peek


def test_bytes_are_news_until_they_are_read() -> None:
    """However often somebody looks."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        news = news_of(ours)
        assert not news(0) and peek(ours) is None
        theirs.send(b"xy")
        assert news(0) and news(0) and peek(ours) == b"x"
        ours.recv(2)
        assert not news(0)


def test_the_end_is_news() -> None:
    """It stays."""
    ours, theirs = socket.socketpair()
    with ours:
        news = news_of(ours)
        theirs.close()
        assert news(0) and peek(ours) == b""
        assert ours.recv(1) == b"" and news(0)


def test_what_is_broken_is_at_its_end() -> None:
    """Whatever the reason is."""
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.close()
    assert peek(ours) == b""


def test_a_system_without_poll_is_sure_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows, where one has to peek."""
    monkeypatch.setattr(news_file, "_HAS_POLL", False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert news_of(ours)(0)
