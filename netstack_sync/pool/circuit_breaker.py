"""CircuitBreaker: judges one endpoint by how its requests end, and says how long to leave it alone.

The rules are brpc's (src/brpc/circuit_breaker.cpp). Two windows look at every sample: a long one that bears few
errors and a short one that bears more. While a window fills for the first time it counts errors. Then it compares
two moving averages: what errors cost in time, and how long a good answer takes. An error adds its latency, at most
twice that of a good answer; a good answer lets the cost fade, so that it is forgotten within about one window.
"""

from __future__ import annotations

import math
from typing import Final

from netstack_sync.pool.health_settings import EndpointHealthSettings

_EPSILON: Final = 0.02  # what is left of a sample after one window
_MAX_ERROR_LATENCIES: Final = 2.0  # an error costs at most so many good answers
_NEGLIGIBLE_COST_S: Final = 0.0005


class _ErrorRecorder:
    """One window; every sample costs the same few operations, however large the window is."""

    __slots__ = ("_error_cost_s", "_errors", "_latency_s", "_max_cost", "_max_errors", "_samples", "_smooth", "_window")

    def __init__(self, window: int, max_error_percent: int) -> None:
        self._window = window
        self._max_errors = window * max_error_percent // 100
        self._max_cost = window * (max_error_percent / 100) * (1 + _EPSILON)  # in good answers
        self._smooth = _EPSILON ** (1 / window)
        self._samples = 0
        self._errors = 0
        self._latency_s = 0.0
        self._error_cost_s = 0.0

    def add(self, is_error: bool, latency_s: float) -> bool:
        """Takes a sample; False when it is one error too many."""
        is_healthy = self._add_error(latency_s) if is_error else self._add_success(latency_s)
        if self._samples >= self._window:
            return is_healthy
        self._samples += 1
        self._errors += is_error
        return not is_error or self._errors <= self._max_errors

    def reset(self) -> None:
        """Forgives; a window that was full keeps its idea of a good answer's latency."""
        self._error_cost_s = 0.0
        if self._samples < self._window:
            self._samples = self._errors = 0
            self._latency_s = 0.0

    def _add_success(self, latency_s: float) -> bool:
        if self._latency_s:
            self._latency_s = self._latency_s * self._smooth + latency_s * (1 - self._smooth)
        else:
            self._latency_s = latency_s
        cost_s = self._error_cost_s
        self._error_cost_s = cost_s * self._smooth if cost_s >= _NEGLIGIBLE_COST_S else 0.0
        return True

    def _add_error(self, latency_s: float) -> bool:
        cost_s = min(latency_s, self._latency_s * _MAX_ERROR_LATENCIES) if self._latency_s else latency_s
        self._error_cost_s += cost_s
        return self._error_cost_s <= self._latency_s * self._max_cost


class CircuitBreaker:
    """Healthy until add_sample() answers False; then broken until reset(). Times are clock seconds.

    Knows no timer: its owner leaves the endpoint alone for `isolation_s`, makes sure that it answers, and resets.
    """

    __slots__ = ("_half_open_left", "_last_reset", "_long", "_settings", "_short", "is_broken", "isolation_s")

    def __init__(self, settings: EndpointHealthSettings) -> None:
        self._settings = settings
        self._long = _ErrorRecorder(settings.long_window, settings.long_window_error_percent)
        self._short = _ErrorRecorder(settings.short_window, settings.short_window_error_percent)
        self._last_reset = -math.inf
        self._half_open_left = 0
        self.is_broken = False
        self.isolation_s: float = settings.min_isolation_s
        """For how long to leave the endpoint alone once it is broken."""

    def add_sample(self, is_error: bool, latency_s: float, now: float) -> bool:
        """Takes the end of one request; False when the endpoint is to be left alone."""
        if self.is_broken:
            return False
        if self._is_good(is_error, latency_s):
            return True
        self._break(now)
        return False

    def reset(self, now: float) -> None:
        """Gives the endpoint another chance."""
        self._long.reset()
        self._short.reset()
        self._last_reset = now
        self._half_open_left = self._settings.half_open_window
        self.is_broken = False

    def _is_good(self, is_error: bool, latency_s: float) -> bool:
        if self._half_open_left:
            if is_error:
                return False
            self._half_open_left -= 1
        return self._long.add(is_error, latency_s) and self._short.add(is_error, latency_s)

    def _break(self, now: float) -> None:
        self.is_broken = True
        self._half_open_left = 0
        longest_s = self._settings.max_isolation_s
        if now - self._last_reset < longest_s:
            self.isolation_s = min(self.isolation_s * 2, longest_s)
        else:
            self.isolation_s = self._settings.min_isolation_s

    def __repr__(self) -> str:
        state = f"broken for {self.isolation_s:g} s" if self.is_broken else "healthy"
        return f"<CircuitBreaker {state}>"
