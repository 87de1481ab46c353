"""Timeout: how long a fetch may take, in all and by phase."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.value import Value


class Timeout(Value):
    """Limits in seconds; None is no limit.

    `total` is wall clock from the call to the last byte of the body: DNS, connect, TLS, redirects and resends
    included. `pool` limits the wait for a free socket slot, `connect` the time from then until the connection
    stands (name, TCP, TLS and verdict), `read` each time in which the server neither takes nor gives a byte.
    Raises ValueError for a limit that is not positive and TypeError for what is no number.
    """

    __slots__ = ("total", "connect", "read", "pool")

    def __init__(
        self,
        total: float | None = None,
        connect: float | None = None,
        read: float | None = None,
        pool: float | None = None,
    ) -> None:
        _check("total", total)
        if connect is not None or read is not None or pool is not None:
            _check("connect", connect)
            _check("read", read)
            _check("pool", pool)
        self.total: Final = total
        self.connect: Final = connect
        self.read: Final = read
        self.pool: Final = pool

    @classmethod
    def from_value(cls, value: Timeout | float | tuple[float | None, float | None] | None) -> Timeout:
        """A number is the total; a pair is (connect, read) as in requests, the wait for a slot limited like connecting;
        None is no limit at all.
        """
        if isinstance(value, Timeout):
            return value
        if isinstance(value, tuple):
            if len(value) != 2:
                raise ValueError(f"timeout: a tuple must be (connect, read), not {value!r}")
            return cls(connect=value[0], read=value[1], pool=value[0])
        return cls(total=value)


def _check(name: str, limit: object) -> None:
    if limit is None:
        return
    if isinstance(limit, bool) or not isinstance(limit, (int, float)):
        raise TypeError(f"timeout: {name} must be a number of seconds or None, not {limit!r}")
    try:
        is_limit = float(limit) > 0  # also false for NaN
    except OverflowError:
        is_limit = False
    if not is_limit:
        raise ValueError(f"timeout: {name} must be more than 0 seconds; use None for no limit")


DEFAULT_TIMEOUT = Timeout(total=300.0)
"""Of a fetch whose answer is awaited whole."""

DEFAULT_STREAM_TIMEOUT = Timeout(connect=30.0, read=60.0, pool=60.0)
"""Of a stream, which may take as long as bytes keep coming."""
