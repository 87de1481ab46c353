"""ObservationBuffer: the latest samples of one quantity, of which the young weigh more."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from itertools import accumulate
from typing import Final

MAX_OBSERVATIONS: Final = 300
HALF_LIFE_S: Final = 60


class ObservationBuffer:
    """Bounded; adding is cheap, percentile() sorts (net/nqe/observation_buffer.cc).

    A sample's weight halves every minute; its age counts in whole seconds. What is only assumed is no sample.
    """

    __slots__ = ("_samples", "assumed")

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=MAX_OBSERVATIONS)
        self.assumed: float | None = None
        """The answer while there are no samples."""

    def add(self, value: float, now: float) -> None:
        """Takes a sample, not older than the one before; the oldest makes room."""
        self._samples.append((value, int(now)))

    def percentile(self, percent: float) -> float | None:
        """The smallest sample such that it and the smaller ones have `percent` of all weight."""
        if not self._samples:
            return self.assumed
        # Only proportions matter: ages are those at the latest sample, so that not all weights shrink to zero.
        latest = self._samples[-1][1]
        samples = sorted(self._samples)
        weights = list(accumulate([0.5 ** ((latest - second) / HALF_LIFE_S) for _, second in samples]))
        return samples[bisect_left(weights, percent / 100 * weights[-1])][0]

    def reset(self, assumed: float | None) -> None:
        """Forgets all samples; until there are new ones this is the answer."""
        self._samples.clear()
        self.assumed = assumed

    def __len__(self) -> int:
        return len(self._samples)

    def __repr__(self) -> str:
        return f"<ObservationBuffer {len(self._samples)} samples>"
