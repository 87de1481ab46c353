"""Which URL's body goes where: the outputs of -o and -O, one for each URL in their order."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

from netstack_sync.base.url import Url
from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.cli.file_names import disposition_name, remote_name
from netstack_sync.cli.output import Output, open_output, write_error
from netstack_sync.cli.transfer_arguments import REMOTE_NAME
from netstack_sync.fetcher.response import Response


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """Where the body of one URL goes. Standard output has neither path nor is_remote_name."""

    path: str | None = None
    """Of -o; "-" is standard output as it is."""
    is_remote_name: bool = False
    is_header_name: bool = False
    """-J: the server may choose the name."""
    folder: str = ""
    makes_folders: bool = False

    @property
    def is_file(self) -> bool:
        """False for standard output."""
        return self.is_remote_name or self.path not in (None, "-")

    def file_path(self, url: Url) -> str:
        """The path of the file; raises CommandError when nothing gives it a name."""
        return os.path.join(self.folder, str(self.path) if not self.is_remote_name else remote_name(url))

    def header_path(self, response: Response) -> str | None:
        """The path that the server chose; None when it may not, or did not."""
        name = disposition_name(response.headers.get("content-disposition")) if self.is_header_name else ""
        return os.path.join(self.folder, name) if name else None

    def open(self, path: str, may_replace: bool = True) -> Output:
        """Opens what one of these gave; raises CommandError."""
        self.make_folders(path)
        return open_output(path, may_replace)

    def make_folders(self, path: str) -> None:
        """Makes the folders of --create-dirs, if it was given; raises CommandError."""
        folder = os.path.dirname(path)
        if self.makes_folders and folder:
            try:
                os.makedirs(folder, exist_ok=True)
            except OSError as error:
                raise write_error(folder, error) from error


def output_targets(options: argparse.Namespace, url_count: int) -> list[OutputTarget]:
    """One for each URL; after the last -o comes standard output, after a last -O all have their own names.

    Raises CommandError when there are more outputs than URLs.
    """
    outputs: list[str | None] = list(options.outputs)
    if len(outputs) > url_count:
        raise CommandError(USAGE, f"-o and -O name {len(outputs)} files for {url_count} URL{'s'[: url_count - 1]}")
    targets = [_target(options, output) for output in outputs]
    rest = targets[-1] if targets and targets[-1].is_remote_name else OutputTarget()
    return targets + [rest] * (url_count - len(targets))


def _target(options: argparse.Namespace, output: str | None) -> OutputTarget:
    if output == "-":
        return OutputTarget("-")
    is_remote = output is REMOTE_NAME
    return OutputTarget(
        output,
        is_remote,
        is_remote and options.remote_header_name,
        options.output_dir or "",
        options.create_dirs,
    )
