"""WireError: a number for the stack, words for people."""

from __future__ import annotations

import pickle

from netstack_sync.base.net_errors import ERR_INVALID_HTTP_RESPONSE
from netstack_sync.wire.errors import WireError


def test_an_error_carries_the_number_and_the_words() -> None:
    """Both are attributes, and both are in the message."""
    error = WireError(ERR_INVALID_HTTP_RESPONSE, "no status line")
    assert (error.net_error, error.detail) == (ERR_INVALID_HTTP_RESPONSE, "no status line")
    assert str(error) == "no status line (-370)"


def test_an_error_survives_pickling() -> None:
    """Exceptions cross process borders in test runners and task queues."""
    copy = pickle.loads(pickle.dumps(WireError(-1, "x")))
    assert (copy.net_error, copy.detail) == (-1, "x")
