"""The formats of HTTP Strict Transport Security: the header, the file of known hosts, the preload list.

The header is read as RFC 6797 §6.1 wants it, strictly: what does not conform is as if it were not there. Both files
are Chromium's (net/http/transport_security_persister.cc, transport_security_state_static.json).
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

MAX_AGE_S: Final = 86400 * 365
"""A mistake of a server's is to be over one day, and nobody can promise for longer (Chromium's kMaxHSTSAgeSecs)."""

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110 §5.6.2
# Each blank can be matched in one place only, so that a header that fails does so in linear time.
_directive: Final = re.compile(
    rf'[ \t]*(?:({_TOKEN})(?:[ \t]*=[ \t]*(?:({_TOKEN})|"((?:[^"\\]|\\.)*)"))?[ \t]*)?(;|\Z)', re.DOTALL
).match
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_LINE: Final = re.compile(r"^[ \t]*//.*$", re.MULTILINE)

_CACHED_VALUES: Final = 128
_MAX_CACHED_LENGTH: Final = 256

_VERSION: Final = 2  # of the file of known hosts
_KEY_BYTES: Final = 32
_HEAD: Final = b'{"version": 2, "sts": ['
_begins_as_ours: Final = re.compile(rb'\s*\{\s*(?:"version"\s*:\s*2\s*,\s*)?"sts"\s*:\s*\[').match  # or as Chromium's
_BLANK: Final = b"\0 \t\r\n"  # what a machine that stopped may have left is zeros
_MODES: Final = {"force-https": True, "default": False}


class HstsPolicy(NamedTuple):
    """What a server asks for."""

    max_age_s: int
    """0: to be forgotten."""
    include_subdomains: bool

    def entry(self, now: float) -> HstsEntry:
        """What is known of the server from now on."""
        return HstsEntry(now, now + self.max_age_s, self.include_subdomains)


class HstsEntry(NamedTuple):
    """What is known of a host."""

    observed: float
    """When the server said so (seconds of the wall clock)."""
    expiry: float
    """Until when it counts (seconds of the wall clock)."""
    include_subdomains: bool
    forces_https: bool = True
    """False when the server took back what it had said; kept because others may not have heard of it."""


class PreloadedHost(NamedTuple):
    """A line of a preload list."""

    name: str
    include_subdomains: bool
    place: str
    """Where it stands, in words."""


def parse_strict_transport_security(value: str) -> HstsPolicy | None:
    """Reads the header's value; None when it is to be ignored (RFC 6797 §6.1). Cheap for values seen lately.

    Directives may come in any order, each once; unknown ones are passed over, but what they look like counts.
    """
    return _parse_cached(value) if len(value) <= _MAX_CACHED_LENGTH else _parse(value)


def _parse(value: str) -> HstsPolicy | None:
    directives = _directives(value)
    if directives is None or directives.get("includesubdomains") is not None:
        return None
    age = directives.get("max-age")
    if age is None or not (age.isascii() and age.isdigit()):
        return None
    digits = age.lstrip("0") or "0"
    max_age_s = MAX_AGE_S if len(digits) > len(str(MAX_AGE_S)) else min(int(digits), MAX_AGE_S)
    return HstsPolicy(max_age_s, "includesubdomains" in directives)


# Servers send it with every answer, and nearly all of them one of a few values.
_parse_cached: Final = lru_cache(_CACHED_VALUES)(_parse)


def _directives(value: str) -> dict[str, str | None] | None:
    """Values by lower-case name, None for none; None for all if one is malformed or there twice."""
    found: dict[str, str | None] = {}
    position = 0
    while True:
        match = _directive(value, position)
        if match is None:
            return None
        name, token, quoted, end = match.groups()
        if name is not None:
            key = name.lower()
            if key in found:
                return None
            found[key] = token if quoted is None else _ESCAPE.sub(r"\1", quoted)
        if not end:
            return found
        position = match.end()


# --- the file of known hosts


def format_known_hosts(entries: Mapping[bytes, HstsEntry]) -> bytes:
    """The file for these entries, by SHA-256 of their host."""
    hosts = [
        {
            "host": b64encode(key).decode("ascii"),
            "mode": "force-https" if entry.forces_https else "default",
            "sts_include_subdomains": entry.include_subdomains,
            "sts_observed": entry.observed,
            "expiry": entry.expiry,
        }
        for key, entry in entries.items()
    ]
    return json.dumps({"version": _VERSION, "sts": hosts}).encode("ascii")


class DamagedHostsError(ValueError):
    """This was a file of known hosts once: it begins as one."""


def parse_known_hosts(data: bytes) -> dict[bytes, HstsEntry]:
    """The entries of a file, none for an empty one. Entries that make no sense are left out.

    Raises ValueError for what is somebody else's, and DamagedHostsError for what is ours and cannot be read.
    """
    if not data.strip(_BLANK):
        return {}
    try:
        root = json.loads(data)
    except (ValueError, RecursionError) as error:
        if _begins_as_ours(data) or _HEAD.startswith(data):
            raise DamagedHostsError(f"it is damaged: {error}") from None
        raise ValueError("it is no list of HSTS hosts") from None
    if not isinstance(root, dict) or root.get("version") != _VERSION or not isinstance(root.get("sts"), list):
        raise ValueError(f"it is no list of HSTS hosts of version {_VERSION}")
    return dict(filter(None, map(_known_host, root["sts"])))


def _known_host(value: object) -> tuple[bytes, HstsEntry] | None:
    if not isinstance(value, dict):
        return None
    host, mode, includes = value.get("host"), value.get("mode"), value.get("sts_include_subdomains")
    observed, expiry = _moment(value.get("sts_observed")), _moment(value.get("expiry"))
    if not isinstance(host, str) or not isinstance(mode, str) or not isinstance(includes, bool):
        return None
    if mode not in _MODES or observed is None or expiry is None:
        return None
    try:
        key = b64decode(host, validate=True)
    except ValueError:
        return None
    return (key, HstsEntry(observed, expiry, includes, _MODES[mode])) if len(key) == _KEY_BYTES else None


def _moment(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


# --- the preload list


def parse_preload_list(text: str) -> list[PreloadedHost]:
    """Reads Chromium's JSON with its comments, or one host a line; raises ValueError that says where it is wrong.

    In lines a dot or "*." before the name includes its subdomains, and # begins a comment.
    """
    is_json = text.lstrip().startswith(("{", "//"))
    return list(_preloaded_entries(text) if is_json else _preloaded_lines(text))


def _preloaded_lines(text: str) -> Iterator[PreloadedHost]:
    for number, line in enumerate(text.splitlines(), 1):
        name = line.partition("#")[0].strip()
        mark = "*." if name.startswith("*.") else "." if name.startswith(".") else ""
        if name:
            yield PreloadedHost(name[len(mark) :], bool(mark), f"line {number}")


def _preloaded_entries(text: str) -> Iterator[PreloadedHost]:
    try:
        root = json.loads(_COMMENT_LINE.sub("", text))
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("line 1: nested too deeply") from None
    entries = root.get("entries") if isinstance(root, dict) else None
    if not isinstance(entries, list):
        raise ValueError('line 1: an object with a list "entries" is expected')
    for number, entry in enumerate(entries, 1):
        place = f"entry {number}"
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            raise ValueError(f'{place}: an object with a "name" is expected, not {entry!r:.80}')
        includes = entry.get("include_subdomains", False)
        if not isinstance(includes, bool):
            raise ValueError(f"{place} ({name!r}): include_subdomains must be true or false, not {includes!r:.80}")
        if entry.get("mode") == "force-https":  # the others are there for other things, pins above all
            yield PreloadedHost(name, includes, f"{place} ({name!r})")
