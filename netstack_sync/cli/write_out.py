"""curl's -w: a text with variables, written when a transfer is over."""

from __future__ import annotations

import json
import re
import sys
from typing import Final

from netstack_sync._version import __version__
from netstack_sync.cli.data_files import read_file
from netstack_sync.cli.exit_status import READ_ERROR, CommandError
from netstack_sync.cli.terminal_text import write_text
from netstack_sync.cli.transfer_facts import VARIABLES, TransferFacts, Value, header_values, value_of

_tokens: Final = re.compile(r"%%|%header\{([^}]*)\}|%\{([^}]*)\}|\\([nrt])|%|\\|[^%\\]+", re.DOTALL).finditer
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}
_STREAMS: Final = ("stdout", "stderr", "onerror", "json", "header_json")


def read_write_out(text: str | None) -> str | None:
    """The format of `-w TEXT` or `-w @FILE`; raises CommandError."""
    if text is None or not text.startswith("@"):
        return text
    try:
        return read_file(text[1:]).decode().replace("\r\n", "\n").replace("\n", "")
    except UnicodeDecodeError:
        raise CommandError(READ_ERROR, f"-w {text}: the file is not UTF-8") from None


def write_out(template: str, facts: TransferFacts) -> None:
    """Writes it to standard output, and to standard error from %{stderr} on.

    Words of servers are escaped where they go to a terminal. Variables that nobody knows are told on stderr.
    """
    stream, unknown = sys.stdout, []
    for token in _tokens(template):
        header, name, escape = token.groups()
        if name == "onerror":
            if not facts.exit_status:
                break
        elif name in ("stdout", "stderr"):
            stream = sys.stdout if name == "stdout" else sys.stderr
        elif name is not None and name not in _STREAMS and name not in VARIABLES:
            unknown.append(name)
        elif name is not None:
            write_text(stream, _variable(name, facts))
        elif header is not None:
            write_text(stream, ", ".join(header_values(facts).get(header.lower(), ())))
        elif escape is not None:
            stream.write(_ESCAPES[escape])
        else:
            write_text(stream, "%" if token[0] == "%%" else token[0])
    sys.stdout.flush()
    for name in unknown:
        print(f"netstack: unknown --write-out variable: {name!r}", file=sys.stderr)


def variables_text() -> str:
    """What there is, for the end of a command's help."""
    names = [*VARIABLES, *_STREAMS]
    lines = [", ".join(names[start : start + 6]) for start in range(0, len(names), 6)]
    return "variables of -w, in %{} (curl's), beside %header{NAME}, \\n, \\r and \\t:\n  " + ",\n  ".join(lines)


def _variable(name: str, facts: TransferFacts) -> str:
    if name == "json":
        values: dict[str, Value] = {each: value_of(facts, each) for each in VARIABLES}
        return json.dumps({**values, "netstack_version": __version__})
    if name == "header_json":
        return json.dumps(header_values(facts))
    value = value_of(facts, name)
    if name in ("http_code", "response_code"):
        return f"{value:03d}"
    if isinstance(value, float):
        return f"{value:.6f}"
    return "" if value is None else str(value)
