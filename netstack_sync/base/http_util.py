"""Small grammar of HTTP header values: tokens, quoted strings, comma lists, media types.

Readers are lenient, as browsers are: what cannot be read is left out, nothing raises. Each is linear in
the length of its input.
"""

from __future__ import annotations

import re
from typing import Final

from netstack_sync.base.late_pattern import late_pattern

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110 §5.6.2
_QUOTED: Final = r'"(?:[^"\\]|\\.)*'  # RFC 9110 §5.6.4, without the closing quote, which may be missing
_IS_TOKEN: Final = re.compile(_TOKEN).fullmatch
_LIST_ELEMENT: Final = late_pattern(rf'(?s:[^,"]|{_QUOTED}"?)+')
_MEDIA_TYPE: Final = late_pattern(rf"[ \t]*({_TOKEN}/{_TOKEN})[ \t]*(?:;|$)")
_PARAMETER: Final = late_pattern(rf'(?s)({_TOKEN})=(?:({_QUOTED})"?|([^;]*))|{_QUOTED}"?|{_TOKEN}')
_ESCAPE: Final = late_pattern(r"(?s)\\(.)")


def is_token(text: str) -> bool:
    """Whether `text` can be a method, a header name or the like (RFC 9110 §5.6.2)."""
    return _IS_TOKEN(text) is not None


def parse_list(value: str) -> list[str]:
    """Split a comma list (RFC 9110 §5.6.1); commas in quoted strings do not count, empty elements go."""
    elements = [element.strip(" \t") for element in _LIST_ELEMENT().findall(value)]
    return [element for element in elements if element]


def parse_media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Read a Content-Type: "type/subtype" and its parameters (RFC 9110 §8.3.1).

    Type and parameter names come in lower case, quoted values without quotes and escapes. Of equal names
    the first counts (WHATWG MIME Sniffing §4.4). What is no media type gives ("", {}).
    """
    match = _MEDIA_TYPE().match(content_type)
    if match is None:
        return "", {}
    parameters: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER().findall(content_type, match.end()):
        if name:
            value = _ESCAPE().sub(r"\1", quoted[1:]) if quoted else plain.rstrip(" \t")
            parameters.setdefault(name.lower(), value)
    return match[1].lower(), parameters


def charset_of(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type in lower case, None if there is none."""
    return parse_media_type(content_type)[1].get("charset", "").lower() or None
