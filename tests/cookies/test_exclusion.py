"""Why a cookie is not taken."""

from __future__ import annotations

from netstack_sync.cookies.exclusion import ExclusionReason


def test_every_reason_has_words_of_its_own() -> None:
    """They end up in errors: an alias would tell the wrong story."""
    words = [reason.value for reason in ExclusionReason]
    assert len(set(words)) == len(ExclusionReason.__members__) and all(words)
