"""Fixtures of the tests of handshakes over a scripted connection."""

from __future__ import annotations

from tests.support.stack_fixture import stack

__all__ = ["stack"]
