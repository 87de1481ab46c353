"""TransportParams: where to, and within which partition."""

from __future__ import annotations

from netstack_sync.pool.params import TransportParams


def test_what_is_not_said_is_the_common_partition() -> None:
    """Row 98: a partition makes another destination of the same host and port."""
    params = TransportParams("a.test", 80)
    assert params.partition is None and params == ("a.test", 80, None)
    assert params != TransportParams("a.test", 80, "site")
