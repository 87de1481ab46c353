"""The registry of open sockets."""

from __future__ import annotations

import socket

from netstack_sync.loop.descriptors import DescriptorRegistry


def test_it_counts_what_is_open() -> None:
    """Adding twice counts once; forgetting what is unknown is harmless."""
    registry = DescriptorRegistry()
    first, second = socket.socketpair()
    with first, second:
        registry.add(first)
        registry.add(first)
        registry.add(second)
        assert len(registry) == 2
        registry.discard(first)
        registry.discard(first)
        assert len(registry) == 1


def test_close_all_closes_what_is_left() -> None:
    """A socket that its owner closed is not touched any more."""
    registry = DescriptorRegistry()
    first, second = socket.socketpair()
    with first, second:
        registry.add(first)
        registry.add(second)
        registry.discard(second)
        registry.close_all()
        assert first.fileno() == -1 and second.fileno() != -1
        assert len(registry) == 0
        registry.close_all()
