"""Fixtures of the tests of URL requests."""

from __future__ import annotations

from tests.support.stack_fixture import stack

__all__ = ["stack"]
