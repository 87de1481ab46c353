"""The credentials of one request."""

from __future__ import annotations

import sys

from netstack_sync.fetcher.request_auth import NO_AUTH, RequestAuth, load_auth_rooms


def test_nobody() -> None:
    """Neither says who it is, nor has an answer."""
    assert RequestAuth(None, None) == NO_AUTH


def test_the_files_are_there_for_who_asks() -> None:
    """Before the network thread needs them."""
    load_auth_rooms()
    assert "netstack_sync.http.exchange_parties" in sys.modules
