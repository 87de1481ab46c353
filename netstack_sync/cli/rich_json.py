"""JSON in colours, with the library rich. Importing this needs the extra "cli"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from netstack_sync.cli.json_text import Token

_STYLES: Final = {"key": "bold blue", "string": "green", "number": "cyan", "word": "magenta", "mark": "", "space": ""}


def coloured(tokens: Iterable[Token]) -> str:
    """The text with the escapes of the terminal; none where NO_COLOR or TERM say so."""
    text = Text.assemble(*[(part, _STYLES[kind]) for kind, part in tokens], no_wrap=True)
    console = Console(force_terminal=True, soft_wrap=True, highlight=False)
    with console.capture() as capture:
        console.print(text, end="", soft_wrap=True)
    return capture.get()
