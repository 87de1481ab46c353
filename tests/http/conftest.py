"""Fixtures of the tests of one HTTP exchange."""

from __future__ import annotations

from tests.support.stack_fixture import stack

__all__ = ["stack"]
