"""Small grammar of HTTP header values: tokens, quoted strings, comma lists, media types.

Readers are lenient, as browsers are: what cannot be read is left out, nothing raises. Each is linear in
the length of its input.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110 §5.6.2
_QUOTED: Final = r'"(?:[^"\\]|\\.)*'  # RFC 9110 §5.6.4, without the closing quote, which may be missing
_IS_TOKEN: Final = re.compile(_TOKEN).fullmatch
# Compiled by `re` when the first header needs them, which is long after the first request.
_LIST_ELEMENT: Final = rf'(?s:[^,"]|{_QUOTED}"?)+'
_MEDIA_TYPE: Final = rf"[ \t]*({_TOKEN}/{_TOKEN})[ \t]*(?:;|$)"
_PARAMETER: Final = rf'(?s)({_TOKEN})=(?:({_QUOTED})"?|([^;]*))|{_QUOTED}"?|{_TOKEN}'
_ESCAPE: Final = r"(?s)\\(.)"


def is_token(text: str) -> bool:
    """Whether `text` can be a method, a header name or the like (RFC 9110 §5.6.2)."""
    return _IS_TOKEN(text) is not None


def parse_list(value: str) -> list[str]:
    """Split a comma list (RFC 9110 §5.6.1); commas in quoted strings do not count, empty elements go."""
    elements = [element.strip(" \t") for element in re.findall(_LIST_ELEMENT, value)]
    return [element for element in elements if element]


def parse_media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Read a Content-Type: "type/subtype" and its parameters (RFC 9110 §8.3.1).

    Type and parameter names come in lower case, quoted values without quotes and escapes. Of equal names
    the first counts (WHATWG MIME Sniffing §4.4). What is no media type gives ("", {}).
    """
    match = re.match(_MEDIA_TYPE, content_type)
    if match is None:
        return "", {}
    parameters: dict[str, str] = {}
    for name, quoted, plain in re.findall(_PARAMETER, content_type[match.end() :]):
        if name:
            value = re.sub(_ESCAPE, r"\1", quoted[1:]) if quoted else plain.rstrip(" \t")
            parameters.setdefault(name.lower(), value)
    return match[1].lower(), parameters


def charset_of(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type in lower case, None if there is none."""
    return parse_media_type(content_type)[1].get("charset", "").lower() or None
