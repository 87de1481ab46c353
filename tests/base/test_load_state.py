"""Load states have Chromium's numbers, since a NetLog carries them."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState


def test_names_and_numbers_are_those_of_chromium() -> None:
    """In the order of net/base/load_states_list.h, without a gap."""
    assert [state.value for state in LoadState] == list(range(16))
    assert LoadState(2).name == "WAITING_FOR_AVAILABLE_SOCKET"
    assert LoadState(10).name == "RESOLVING_HOST"
    assert LoadState(15).name == "READING_RESPONSE"
