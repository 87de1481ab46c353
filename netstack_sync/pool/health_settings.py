"""EndpointHealthSettings: when a session leaves an endpoint alone that does not answer."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.value import Value


class EndpointHealthSettings(Value):
    """Of `Session(endpoint_health=...)`; an endpoint is one address and port.

    An endpoint that let `unreachable_after` connects in a row time out, or be given up without an answer after two
    seconds or more, is not tried again, which fails at once, until a connection that the session opens by itself every
    `probe_interval_s` seconds succeeds. The circuit breaker, off unless asked for, does the same to an endpoint that
    takes connections and fails too many requests: more than `short_window_error_percent` of about `short_window`
    requests, or `long_window_error_percent` of `long_window`. It leaves the endpoint alone for `min_isolation_s`
    seconds at least, twice as long each time, and never more than `max_isolation_s` before it looks again. With a
    `half_open_window` the first failure among so many requests after that is enough. Raises ValueError or TypeError
    naming the field.
    """

    __slots__ = (
        "unreachable_after",
        "probe_interval_s",
        "circuit_breaker",
        "long_window",
        "long_window_error_percent",
        "short_window",
        "short_window_error_percent",
        "min_isolation_s",
        "max_isolation_s",
        "half_open_window",
    )

    def __init__(
        self,
        unreachable_after: int | None = 3,
        probe_interval_s: float = 3.0,
        circuit_breaker: bool = False,
        long_window: int = 3000,
        long_window_error_percent: int = 5,
        short_window: int = 1500,
        short_window_error_percent: int = 10,
        min_isolation_s: float = 0.1,
        max_isolation_s: float = 30.0,
        half_open_window: int = 0,
    ) -> None:
        self.unreachable_after: Final[int | None] = unreachable_after
        """0 and None: time-outs count for nothing."""
        self.probe_interval_s: Final = probe_interval_s
        self.circuit_breaker: Final = circuit_breaker
        self.long_window: Final = long_window
        self.long_window_error_percent: Final = long_window_error_percent
        self.short_window: Final = short_window
        self.short_window_error_percent: Final = short_window_error_percent
        self.min_isolation_s: Final = min_isolation_s
        self.max_isolation_s: Final = max_isolation_s
        self.half_open_window: Final = half_open_window
        self._check()

    def _check(self) -> None:
        if not isinstance(self.circuit_breaker, bool):
            raise TypeError(f"endpoint_health: circuit_breaker must be True or False, not {self.circuit_breaker!r}")
        if self.unreachable_after is not None:
            _check_count("unreachable_after", self.unreachable_after, 0)
        _check_count("half_open_window", self.half_open_window, 0)
        for name in ("long_window", "short_window"):
            _check_count(name, getattr(self, name), 1)
        for name in ("long_window_error_percent", "short_window_error_percent"):
            _check_count(name, getattr(self, name), 0, 99)
        for name in ("probe_interval_s", "min_isolation_s", "max_isolation_s"):
            _check_seconds(name, getattr(self, name))
        if self.max_isolation_s < self.min_isolation_s:
            raise ValueError(
                f"endpoint_health: max_isolation_s ({self.max_isolation_s!r}) must not be less than "
                f"min_isolation_s ({self.min_isolation_s!r})"
            )

    @classmethod
    def from_value(cls, value: EndpointHealthSettings | bool) -> EndpointHealthSettings:
        """True is the defaults, False nothing of it."""
        if isinstance(value, EndpointHealthSettings):
            return value
        if not isinstance(value, bool):
            raise TypeError(
                f"endpoint_health: must be True, False or EndpointHealthSettings, not {type(value).__name__}"
            )
        return cls() if value else cls(unreachable_after=None)


def _check_count(name: str, value: object, least: int, most: int | None = None) -> None:
    wanted = f"a whole number from {least} {'on' if most is None else f'to {most}'}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"endpoint_health: {name} must be {wanted}, not {value!r}")
    if value < least or (most is not None and value > most):
        raise ValueError(f"endpoint_health: {name} must be {wanted}, not {value!r}")


def _check_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"endpoint_health: {name} must be a number of seconds, not {value!r}")
    if not 0 < value < float("inf"):  # also false for NaN
        raise ValueError(f"endpoint_health: {name} must be more than 0 seconds and finite, not {value!r}")
