"""News: silent only while a socket is connected and nothing has come."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.sockets import news as news_file
from netstack_sync.sockets.news import News


def test_bytes_are_news_until_they_are_read() -> None:
    """However often somebody looks."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        news = News()
        assert news.is_silent(ours)
        theirs.send(b"x")
        assert not news.is_silent(ours) and not news.is_silent(ours)
        ours.recv(1)
        assert news.is_silent(ours)


def test_the_end_is_news() -> None:
    """It stays."""
    ours, theirs = socket.socketpair()
    with ours:
        news = News()
        theirs.close()
        assert not news.is_silent(ours)
        assert ours.recv(1) == b"" and not news.is_silent(ours)


def test_another_descriptor() -> None:
    """The first one is forgotten."""
    ours, theirs = socket.socketpair()
    other, its_peer = socket.socketpair()
    with ours, theirs, other, its_peer:
        news = News()
        assert news.is_silent(ours)
        its_peer.send(b"x")
        assert news.is_silent(ours)
        news.forget()
        assert not news.is_silent(other)


def test_a_system_without_poll_is_sure_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows, where one has to peek."""
    monkeypatch.setattr(news_file, "_HAS_POLL", False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        news = News()
        assert not news.is_silent(ours)
        news.forget()
