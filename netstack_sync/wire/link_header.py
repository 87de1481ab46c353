"""The Link header (RFC 8288 §3): where a response says that the next page is."""

from __future__ import annotations

import re
from typing import Final

# A quoted string of a parameter may hold what looks like another link, so a match takes all parameters along. Each part
# begins with a character that the one before it cannot hold: no way back is worth trying.
_PARAMETER: Final = (
    r'[ \t]*;[ \t]*([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^",; \t]*)))?'
)
_NEXT_PARAMETER: Final = re.compile(_PARAMETER).match
_NEXT_TARGET: Final = re.compile(r"<([^<>]*)>").search


def parse_links(value: str) -> list[dict[str, str]]:
    """One dict for each link: its target as "url", its parameters by their names in small letters, the first of each.

    What is no link is passed over.
    """
    links: list[dict[str, str]] = []
    position = 0
    while target := _NEXT_TARGET(value, position):
        link = {"url": target[1].strip()}
        position = target.end()
        while parameter := _NEXT_PARAMETER(value, position):
            name, quoted, token = parameter.groups()
            link.setdefault(name.lower(), (token or "") if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
            position = parameter.end()
        links.append(link)
    return links
