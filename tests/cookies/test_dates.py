"""The dates of cookies."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.cookies.dates import parse_cookie_date

MOMENT = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "nov 6 94 8:49:37",
        "1994 6 November 08:49:37",
        "06-NOV-1994;08:49:37 PST",
        "6th Nov 1994 08:49:37.5",
        "x 08:49:37 06 y Nov 1994 z 1999 Dec 07 09:00:00",
    ],
)
def test_forms(text: str) -> None:
    """Any order, any separators, zones unheard; of several the first counts (RFC 6265 §5.1.1)."""
    assert parse_cookie_date(text) == MOMENT


@pytest.mark.parametrize("year, full", [("70", 1970), ("99", 1999), ("00", 2000), ("69", 2069), ("1601", 1601)])
def test_years(year: str, full: int) -> None:
    """Two digits are of the century that makes most sense."""
    date = parse_cookie_date(f"01 Jan {year} 00:00:00")
    assert date is not None and time.gmtime(date).tm_year == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "never",
        "Sun, 06 Nov 1994",
        "06 1994 08:49:37",
        "Nov 1994 08:49:37",
        "06 Nov 08:49:37",
        "06 Nov 1600 08:49:37",
        "06 Nov 19945 08:49:37",
        "31 Feb 1994 08:49:37",
        "00 Nov 1994 08:49:37",
        "06 Nov 1994 24:49:37",
        "06 Nov 1994 08:60:37",
        "06 Nov 1994 08:49:60",
        "06 Nov 1994 08:49:370",
        "\u0660\u0666 Nov 1994 08:49:37",
    ],
)
def test_what_is_none(text: str) -> None:
    """Row 206, InvalidExpiryTime: nothing is guessed."""
    assert parse_cookie_date(text) is None


@given(st.integers(0, 253402300799))
def test_what_servers_write_is_read(moment: int) -> None:
    """Every HTTP date from 1970 to 9999."""
    assert parse_cookie_date(formatdate(moment, usegmt=True)) == moment


@given(st.text())
def test_nothing_raises(text: str) -> None:
    """Whatever a server sends."""
    parse_cookie_date(text)
