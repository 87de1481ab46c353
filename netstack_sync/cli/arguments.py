"""What the values of arguments may be: each function is a `type` of argparse's that says what was wrong."""

from __future__ import annotations

import argparse
import math
import os
import re
from typing import Final

from netstack_sync.url_request.rate_limit import RateLimit

_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([bkmgt]?)", re.IGNORECASE)
_FACTORS: Final = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_RATE: Final = re.compile(r"([0-9]+)(?:/([smhd]))?")
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """A number of seconds from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def count(text: str) -> int:
    """A whole number from 0 on."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def positive_count(text: str) -> int:
    """A whole number from 1 on."""
    if count(text) < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return int(text)


def size_bytes(text: str) -> int:
    """A number of bytes from 1 on, with curl's letters for powers of 1024: 200k, 1.5M."""
    match = _SIZE.fullmatch(text)
    size = int(float(match[1]) * _FACTORS[match[2].lower()]) if match is not None else 0
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of bytes such as 500, 200k or 1.5M")
    return size


def request_rate(text: str) -> RateLimit:
    """So many requests in a second, minute, hour or day: 2/s, 10/m; curl's word without a unit is an hour."""
    match = _RATE.fullmatch(text)
    if match is None or not int(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests such as 2/s, 10/m or 100/h")
    return RateLimit(int(match[1]) / _UNITS_S[match[2] or "h"])


def typed_text(text: str) -> str:
    """A word of the command line as UTF-8, whatever the locale takes it for; stray bytes stay surrogates."""
    return text if text.isascii() else os.fsencode(text).decode("utf-8", "surrogateescape")


def byte_range(text: str) -> str:
    """What may stand in a Range header after "bytes="."""
    if re.fullmatch(r"(?:[0-9]+-[0-9]*|-[0-9]+)(?:,(?:[0-9]+-[0-9]*|-[0-9]+))*", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range such as 0-499, 500- or -500")
    return text
