"""Every error number has a meaning that can be printed."""

from __future__ import annotations

import pytest

from netstack_sync.base import net_errors
from netstack_sync.base.net_error_meanings import explained, meaning

_NUMBERS = {k: v for k, v in vars(net_errors).items() if k == "OK" or k.startswith("ERR_")}


@pytest.mark.parametrize("name", _NUMBERS)
def test_every_number_is_explained_in_one_line(name: str) -> None:
    """One line, no full stop: a detail may follow after a colon."""
    text = meaning(_NUMBERS[name])
    assert text != "an unknown error"
    assert 5 < len(text) < 100
    assert text.isprintable()
    assert not text.endswith(".")


def test_no_two_numbers_share_a_meaning() -> None:
    """Otherwise one of the two is not explained."""
    texts = [meaning(number) for number in _NUMBERS.values()]
    assert len(texts) == len(set(texts))


def test_an_unknown_number_is_an_unknown_error() -> None:
    """Printing must never fail."""
    assert meaning(-9999) == meaning(1) == "an unknown error"


def test_a_detail_follows() -> None:
    """Where there is one."""
    assert explained(net_errors.OK, "") == "it worked" and explained(net_errors.OK, "at last") == "it worked: at last"


def test_a_body_that_is_too_short() -> None:
    """It may be any: the text does not take it for a file."""
    assert meaning(net_errors.ERR_UPLOAD_FILE_CHANGED).startswith("the body to send is shorter than its Content-Length")
