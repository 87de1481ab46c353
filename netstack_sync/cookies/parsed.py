"""ParsedCookie: a Set-Cookie line as its parts (RFC 6265bis §5.6, net/cookies/parsed_cookie.cc)."""

from __future__ import annotations

from typing import Final, NamedTuple

from netstack_sync.base.late_pattern import late_pattern

MAX_PAIR_LENGTH: Final = 4096
"""Of name and value together; a longer pair is no cookie."""
MAX_ATTRIBUTE_LENGTH: Final = 1024
"""Of an attribute's value; a longer one is as if it were not there."""

_BLANKS: Final = " \t"
_TERMINATOR: Final = late_pattern(r"[\0\r\n]")
_CONTROL: Final = late_pattern(r"[\x00-\x08\x0a-\x1f\x7f]")
_PREFIXES: Final = ("__host-", "__secure-")


class ParsedCookie(NamedTuple):
    """One character a byte, as in the header. Of attributes that are there twice the last; None for none."""

    name: str
    value: str
    domain: str | None = None
    path: str | None = None
    expires: str | None = None
    max_age: str | None = None
    same_site: str | None = None
    secure: bool = False
    http_only: bool = False


def parse_set_cookie(line: str) -> ParsedCookie | None:
    """Reads a line; None when it is no cookie. Linear in its length.

    The line ends at a NUL, CR or LF. Quotes belong to the value. "value" alone is a cookie without a name.
    """
    end = _TERMINATOR().search(line)
    pair, *attributes = (line if end is None else line[: end.start()]).split(";")
    name, separator, value = pair.partition("=")
    if not separator:
        name, value = "", pair
    name, value = name.strip(_BLANKS), value.strip(_BLANKS)
    if not is_valid_pair(name, value):
        return None
    found = _attributes(attributes)
    return ParsedCookie(
        name,
        value,
        found.get("domain"),
        found.get("path"),
        found.get("expires"),
        found.get("max-age"),
        found.get("samesite"),
        "secure" in found,
        "httponly" in found,
    )


def is_valid_pair(name: str, value: str) -> bool:
    """Whether this can be a cookie at all.

    One without a name must not look like one that has it once it is sent: `__Host-a=b` as a value would pass for the
    cookie that nobody but the server can set.
    """
    if len(name) + len(value) > MAX_PAIR_LENGTH or _CONTROL().search(name) or _CONTROL().search(value):
        return False
    return bool(name) or (bool(value) and "=" not in value and not has_prefix(value))


def has_prefix(name: str) -> bool:
    """Whether a name makes demands; in any case of letters (RFC 6265bis §4.1.3)."""
    return name.lower().startswith(_PREFIXES)


def _attributes(texts: list[str]) -> dict[str, str]:
    """Values by lower-case name; what is too long or holds control characters is left out."""
    found: dict[str, str] = {}
    for text in texts:
        name, _, value = text.partition("=")
        value = value.strip(_BLANKS)
        if len(value) <= MAX_ATTRIBUTE_LENGTH and not _CONTROL().search(value):
            found[name.strip(_BLANKS).lower()] = value
    return found
