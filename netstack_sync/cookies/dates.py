"""The dates of cookies: read as RFC 6265 §5.1.1 wants it, which takes nearly anything."""

from __future__ import annotations

from calendar import monthrange, timegm
from typing import Final

from netstack_sync.base.late_pattern import late_pattern

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Everything between tokens; a colon is inside one.
_TOKENS: Final = late_pattern(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
# A number may be followed by anything that does not begin with a digit.
_TIME: Final = late_pattern(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY: Final = late_pattern(r"([0-9]{1,2})(?![0-9])")
_YEAR: Final = late_pattern(r"([0-9]{2,4})(?![0-9])")
_MAX_LENGTH: Final = 1024  # no date is longer
_FIRST_YEAR: Final = 1601


def parse_cookie_date(text: str) -> float | None:
    """Seconds since 1970 UTC; None for what is no date. Zones are not looked at: all are GMT."""
    clock: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _TOKENS().findall(text[:_MAX_LENGTH]):
        if clock is None and (match := _TIME().match(token)):
            clock = (int(match[1]), int(match[2]), int(match[3]))
        elif day is None and (match := _DAY().match(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR().match(token)):
            year = _full_year(int(match[1]))
    if clock is None or day is None or month is None or year is None:
        return None
    return _moment(year, month, day, clock)


def _full_year(year: int) -> int:
    if 70 <= year <= 99:
        return year + 1900
    return year + 2000 if year <= 69 else year


def _moment(year: int, month: int, day: int, clock: tuple[int, int, int]) -> float | None:
    hour, minute, second = clock
    if year < _FIRST_YEAR or hour > 23 or minute > 59 or second > 59:
        return None
    if not 1 <= day <= monthrange(year, month)[1]:
        return None
    return float(timegm((year, month, day, hour, minute, second)))
