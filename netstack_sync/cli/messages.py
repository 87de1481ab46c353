"""What `netstack` says on stderr when something failed."""

from __future__ import annotations

import argparse
import sys


def complain(options: argparse.Namespace, message: str) -> None:
    """One line, unless -s was given without -S."""
    if message and (options.show_error or not options.silent):
        print(f"netstack: {message}", file=sys.stderr)
