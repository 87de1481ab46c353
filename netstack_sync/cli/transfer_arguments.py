"""The arguments of `netstack fetch` about the answer: where it goes, what is told, limits, retries, many URLs."""

from __future__ import annotations

import argparse

from netstack_sync.cli.arguments import count, positive_count, request_rate, seconds, size_bytes
from netstack_sync.url_request.redirects import MAX_REDIRECTS

REMOTE_NAME = None
"""What -O leaves in the list of outputs, where -o leaves a path."""


def add_output_arguments(group: argparse._ArgumentGroup) -> None:
    """Adds where bodies go."""
    add = group.add_argument
    add(
        "-o",
        "--output",
        metavar="FILE",
        dest="outputs",
        action="append",
        default=[],
        help="write to a file; - is standard output as it is, even binary on a terminal; the second for the second URL",
    )
    add(
        "-O",
        "--remote-name",
        dest="outputs",
        action="append_const",
        const=REMOTE_NAME,
        help="write to a file here, named as the last part of the URL",
    )
    add(
        "-J", "--remote-header-name", action="store_true", help="with -O: the name that the server gives, if it is free"
    )
    add("--output-dir", metavar="DIR", help="the folder of the files of -o and -O")
    add("--create-dirs", action="store_true", help="make the folders that are missing")
    add("-C", "--continue-at", metavar="-", help="-C - goes on where an earlier -C - was broken off")
    add("--parts", metavar="N", type=positive_count, help="with -C -: ask for large files in N parts at the same time")
    add("-i", "--include", action="store_true", help="write the response heads before the body")
    add("--raw", action="store_true", help="write the body as it came, without decoding it")
    add("--pretty", choices=("all", "format", "none"), help="on a terminal JSON is shown in lines and colours (all)")
    add("-f", "--fail", action="store_true", help="a status of 400 or above is a failure; its body is not written")
    add("--fail-with-body", action="store_true", help="the same, but its body is written")


def add_message_arguments(group: argparse._ArgumentGroup) -> None:
    """Adds what is told besides."""
    add = group.add_argument
    add("-v", "--verbose", action="store_true", help="say on stderr what happens; secrets are not shown")
    add("-s", "--silent", action="store_true", help="no progress and no error message")
    add("-S", "--show-error", action="store_true", help="with -s: error messages all the same")
    add("--no-progress-meter", action="store_true", help="no progress")
    add(
        "-w",
        "--write-out",
        metavar="FORMAT",
        help="write this at the end, with %%{http_code}, %%{time_total}, %%{json}, %%header{name} and the like filled "
        "in; @FILE reads it",
    )


def add_limit_arguments(group: argparse._ArgumentGroup) -> None:
    """Adds limits, redirects and retries."""
    add = group.add_argument
    add("-m", "--max-time", metavar="SECONDS", type=seconds, help="the deadline, everything included; 0 is none")
    add("--connect-timeout", metavar="SECONDS", type=seconds, help="the limit for name, TCP and TLS; 0 is none")
    add("--max-filesize", metavar="BYTES", type=size_bytes, help="a longer body is a failure; 200k, 1.5M")
    add("--limit-rate", metavar="BYTES", type=size_bytes, help="so many bytes of each body a second; 200k, 1.5M")
    add("-L", "--location", action="store_true", help="follow redirects; without it a redirect is the answer")
    add("--max-redirs", metavar="N", type=count, default=MAX_REDIRECTS, help="how many, %(default)s unless given")
    add("--retry", metavar="N", type=count, default=0, help="try again so often when that may help")
    add("--retry-delay", metavar="SECONDS", type=seconds, help="wait so long between; without it 1 s, then 2, 4, ...")
    add("--retry-connrefused", action="store_true", help="also when the connection is refused, as without it")


def add_many_arguments(group: argparse._ArgumentGroup) -> None:
    """Adds what is about several URLs."""
    add = group.add_argument
    add("-Z", "--parallel", action="store_true", help="fetch all URLs at the same time")
    add("--parallel-max", metavar="N", type=positive_count, help="so many at most, also from one host; else 50 and 6")
    add("--rate", metavar="N/UNIT", type=request_rate, help="so many requests to each host: 2/s, 10/m, 100/h, 1000/d")


def check_transfer_arguments(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuses what contradicts itself, as argparse does."""
    if options.continue_at is not None:
        _check_resume(parser, options)
    if "" in options.outputs:
        parser.error("-o: the name of the file is empty; - is standard output")
    if options.parts is not None and options.continue_at is None:
        parser.error("--parts: what has come of them is kept, and goes on, with -C -; pass both")
    if options.remote_header_name and REMOTE_NAME not in options.outputs:
        parser.error("-J changes the name of -O; pass both")
    if options.fail and options.fail_with_body:
        parser.error("-f writes no body and --fail-with-body writes it; pass one")


def _check_resume(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.continue_at != "-":
        parser.error("-C: only - is understood: what is there already is found out, and checked with the server")
    if not options.outputs or "-" in options.outputs:
        parser.error("-C - goes on with a file: pass -o FILE or -O")
    for flag, value in (
        ("-d", options.data and not options.get),
        ("-F", options.form_fields),
        ("-T", options.upload_file),
        ("-I", options.head),
        ("-X", options.request),
        ("-r", options.range),
        ("-i", options.include),
        ("-J", options.remote_header_name),
        ("--limit-rate", options.limit_rate),
        ("--raw", options.raw),
    ):
        if value:
            parser.error(f"-C - downloads a file with GET; {flag} cannot go with it")
