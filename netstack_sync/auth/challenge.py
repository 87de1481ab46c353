"""What a server wants to see: the values of WWW-Authenticate and Proxy-Authenticate (RFC 9110 §11.3 to §11.6).

A value may hold several challenges, and the comma separates challenges as well as their parameters. Whatever is
no parameter begins a new challenge. As lenient as parse_list(): what cannot be read is left out, nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from netstack_sync.base.http_util import parse_list

MAX_LENGTH: Final = 16 * 1024
"""A whole header block of challenges would hold the network thread for 0.2 s; who means it needs 1 KiB."""

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110 §5.6.2
# Each part excludes what the one before it may end with, so it is linear.
_parameter: Final = re.compile(
    rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"?|([^"= \t][^"]*))?', re.DOTALL
).fullmatch
_start: Final = re.compile(rf"({_TOKEN})(?:[ \t]+(.*))?", re.DOTALL).fullmatch
_token68: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*").fullmatch
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class AuthChallenge(NamedTuple):
    """One challenge; scheme and names of parameters in lower case, values without quotes."""

    scheme: str
    parameters: dict[str, str]
    token68: str = ""
    """What follows the scheme of NTLM and Negotiate in place of parameters."""

    @property
    def realm(self) -> str:
        """What the credentials are for; empty where the scheme knows none."""
        return self.parameters.get("realm", "")


def parse_challenges(values: Iterable[str]) -> list[AuthChallenge]:
    """All challenges of all fields, in their order; of equal parameters the first counts.

    Fields beyond MAX_LENGTH characters in all are not read.
    """
    challenges: list[AuthChallenge] = []
    room = MAX_LENGTH
    for value in values:
        room -= len(value)
        if room < 0:
            break
        challenges += _parse_value(value)
    return challenges


def parse_parameters(value: str) -> dict[str, str]:
    """Parameters without a scheme, as in Authentication-Info (RFC 7615 §3); none of a value that is too long."""
    parameters: dict[str, str] = {}
    if len(value) > MAX_LENGTH:
        return parameters
    for element in parse_list(value):
        _maybe_add(parameters, element)
    return parameters


def _parse_value(value: str) -> list[AuthChallenge]:
    challenges: list[AuthChallenge] = []
    for element in parse_list(value):
        if challenges and _maybe_add(challenges[-1].parameters, element):
            continue
        match = _start(element)
        if match is None:
            continue
        scheme, rest = match[1].lower(), match[2] or ""
        parameters: dict[str, str] = {}
        # "abc=" is blob and parameter at once; a parameter without a value makes no sense.
        is_blob = _token68(rest) is not None and (rest.endswith("=") or "=" not in rest)
        if not is_blob:
            _maybe_add(parameters, rest)
        challenges.append(AuthChallenge(scheme, parameters, rest if is_blob else ""))
    return challenges


def _maybe_add(parameters: dict[str, str], element: str) -> bool:
    """Takes a parameter; False for what is none."""
    match = _parameter(element)
    if match is None:
        return False
    name, quoted, plain = match.groups()
    value = _ESCAPE.sub(r"\1", quoted) if quoted is not None else (plain or "").rstrip(" \t")
    parameters.setdefault(name.lower(), value)
    return True
