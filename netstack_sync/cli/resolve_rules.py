"""curl's --resolve and --connect-to as the rules of a session."""

from __future__ import annotations

import argparse
import re
from typing import Final

from netstack_sync.base.host_port import bracketed
from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.dns.mapped_resolver import HostResolverRules

_HOST: Final = r"(\[[^\]]*\]|[^:\[\]]*)"
_resolve: Final = re.compile(rf"\+?{_HOST}:([0-9]+):(\[[^\]]*\]|[^,]*)").fullmatch
_connect_to: Final = re.compile(rf"{_HOST}:([0-9]*):{_HOST}:([0-9]*)").fullmatch


def resolver_rules(options: argparse.Namespace) -> HostResolverRules:
    """All that the command line says about which hosts are others; raises CommandError."""
    try:
        rules = [_resolve_rule(text) for text in options.resolve]
        rules += [rule for text in options.connect_to for rule in _connect_rule(text)]
        ours = HostResolverRules.from_text(", ".join(rules))
        theirs = HostResolverRules.from_value(options.host_resolver_rules)
    except ValueError as error:
        raise CommandError(USAGE, str(error)) from None
    return HostResolverRules(ours.mappings + theirs.mappings, ours.exclusions + theirs.exclusions)


def _resolve_rule(text: str) -> str:
    match = _resolve(text)
    address = None if match is None else parse_ip_literal(match[3].strip("[]"))
    if match is None or not match[1] or address is None:
        raise ValueError(f"--resolve {text!r}: pass HOST:PORT:ADDRESS with one IP address, and * for every host")
    return f"MAP {match[1]}:{match[2]} {bracketed(address)}"


def _connect_rule(text: str) -> list[str]:
    """What is empty before the second colon is any, what is empty after it stays as it is."""
    match = _connect_to(text)
    if match is None:
        raise ValueError(f"--connect-to {text!r}: pass HOST1:PORT1:HOST2:PORT2; each may be empty, none may be missing")
    host, port, new_host, new_port = match.groups()
    if not new_host and not new_port:
        return []
    if not new_host and not host:
        raise ValueError(f"--connect-to {text!r}: to change the port alone, name the host")
    pattern = f"{host or '*'}:{port}" if port else host or "*"
    return [f"MAP {pattern} {new_host or host}{f':{new_port}' if new_port else ''}"]
