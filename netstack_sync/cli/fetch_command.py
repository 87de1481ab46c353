"""`netstack fetch URL`: one fetch through the whole stack, its body to standard output or a file."""

from __future__ import annotations

import argparse
import sys

from netstack_sync.base.exceptions import NetError
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.cli.exit_status import HTTP_ERROR, OK, CommandError
from netstack_sync.cli.fetch_request import make_request, session_pins
from netstack_sync.cli.network_arguments import open_session
from netstack_sync.cli.output import Output, open_output, remote_name
from netstack_sync.cli.progress import NoProgress, Progress, make_progress
from netstack_sync.cli.trace import Trace
from netstack_sync.cli.trust_options import session_tls
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.sync_url_fetcher import SyncUrlFetcher


def run(options: argparse.Namespace) -> int:
    """Runs the command; raises CommandError, NetError, KeyboardInterrupt, and BrokenPipeError of stdout."""
    options.check(options)
    pins, hsts = session_pins(options), True if options.hsts is None else options.hsts
    with open_session(options, **session_tls(options), pins=pins, hsts=hsts) as session:
        request = make_request(session, options)
        with open_output(remote_name(request.url) if options.remote_name else options.output) as output:
            context = session.context
            fetcher = SyncUrlFetcher(request, context, stream=True)
            if options.verbose:
                with Trace(context.net_log, sys.stderr) as trace:
                    _fetch_traced(fetcher, options, output, trace)
            else:
                _deliver(fetcher.fetch(), options, output)
    return OK


def _fetch_traced(fetcher: SyncUrlFetcher, options: argparse.Namespace, output: Output, trace: Trace) -> None:
    try:
        response = fetcher.fetch()
        trace.show_response(response)
        _deliver(response, options, output)
        trace.show_timing(response.timing)
    except NetError as error:
        if isinstance(error.timing, LoadTiming):
            trace.show_timing(error.timing)
        raise


def _deliver(response: Response, options: argparse.Namespace, output: Output) -> None:
    with response:
        if options.include or options.head:
            for answer in (*response.history, response):
                output.write(head_bytes(answer))
        if options.fail and response.status >= 400:
            raise CommandError(HTTP_ERROR, f"the server answered {response.status} {response.reason}".rstrip())
        with _progress(response, options) as progress:
            for piece in response.iter_raw() if options.raw else response.iter_bytes():
                output.write(piece)
                progress.advance(len(piece))
        output.commit()


def _progress(response: Response, options: argparse.Namespace) -> Progress:
    """A bar for downloads on a terminal; not among the lines of -v."""
    is_download = options.remote_name or options.output not in (None, "-")
    if not is_download or options.silent or options.verbose or options.head or not sys.stderr.isatty():
        return NoProgress()
    is_encoded = "content-encoding" in response.headers and not options.raw
    return make_progress(None if is_encoded else response.length_remaining)


def head_bytes(response: Response) -> bytes:
    """Status line and headers as -i and -I show them."""
    lines = [f"{response.http_version} {response.status} {response.reason or ''}"]
    lines += [f"{name}: {value}" for name, value in response.headers.iteritems()]
    return "".join([f"{line}\r\n" for line in (*lines, "")]).encode("latin-1")
