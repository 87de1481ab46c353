"""OcspAnswers: what authorities have said about certificates, for as long as it counts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from netstack_sync.base.clock import WallClock
from netstack_sync.workers.check_ocsp import OcspVerdict

_MAX_ENTRIES: Final = 256  # as many as CachingCertVerifier has verdicts
_LIFETIME_S: Final = 3600.0  # how long a revocation may go unnoticed, though answers are signed for days


class OcspAnswers:
    """Answers by leaf and issuer. Network thread only; owned by the OcspCertVerifier."""

    __slots__ = ("_answers", "_clock", "generation")

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._answers: dict[bytes, _Answer] = {}  # the oldest first
        self.generation = 0
        """Grows with each clear(); answers to questions of an older one are not kept."""

    def look_up(self, chain: tuple[bytes, ...]) -> OcspVerdict | None:
        """The answer about the leaf of `chain`, if there is one that still counts."""
        answer = self._answers.get(_key(chain))
        if answer is None or not answer.begin_s <= self._clock.now() < answer.end_s:
            return None
        return answer.verdict

    def store(self, chain: tuple[bytes, ...], verdict: OcspVerdict, generation: int) -> None:
        """Keeps an answer, unless all were forgotten since it was asked for."""
        if generation != self.generation:
            return
        key, now = _key(chain), self._clock.now()
        self._answers.pop(key, None)
        if len(self._answers) >= _MAX_ENTRIES:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = _Answer(verdict, now, min(verdict.valid_until.timestamp(), now + _LIFETIME_S))

    def clear(self) -> None:
        """Forgets every answer, and those that are on their way."""
        self.generation += 1
        self._answers.clear()

    def __len__(self) -> int:
        return len(self._answers)

    def __repr__(self) -> str:
        return f"<OcspAnswers {len(self)}>"


@dataclass(frozen=True, slots=True)
class _Answer:
    verdict: OcspVerdict
    begin_s: float  # wall clock; a clock that is set back to before makes the answer void
    end_s: float


def _key(chain: tuple[bytes, ...]) -> bytes:
    return hashlib.sha256(chain[0] + chain[1]).digest()
