"""Load flags have Chromium's bits, since a NetLog carries them."""

from __future__ import annotations

from netstack_sync.base.load_flags import LoadFlags


def test_names_and_bits_are_those_of_chromium() -> None:
    """Each bit once, in the order of net/base/load_flags_list.h."""
    assert LoadFlags.NORMAL.value == 0
    flags = [flag for flag in LoadFlags if flag]
    assert [flag.value for flag in flags] == [1 << bit for bit in range(17)]
    assert LoadFlags(8) is LoadFlags.ONLY_FROM_CACHE
    assert LoadFlags(1024) is LoadFlags.IGNORE_LIMITS


def test_flags_are_combined_and_asked_for() -> None:
    """The usual bit arithmetic."""
    flags = LoadFlags.BYPASS_CACHE | LoadFlags.BYPASS_PROXY
    assert LoadFlags.BYPASS_PROXY in flags
    assert LoadFlags.ONLY_FROM_CACHE not in flags
