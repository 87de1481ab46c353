"""`netstack fetch`: URLs through the whole stack, on one session, their bodies to standard output or files."""

from __future__ import annotations

import argparse
import contextlib
import sys
from functools import partial
from typing import Final

from netstack_sync.cli.cookie_files import load_cookies, save_cookies
from netstack_sync.cli.exit_status import OK
from netstack_sync.cli.fetch_request import RequestPlan, plan_requests, session_pins
from netstack_sync.cli.fetch_run import FetchRun, choose_board
from netstack_sync.cli.messages import complain
from netstack_sync.cli.network_arguments import open_session
from netstack_sync.cli.output_targets import OutputTarget, output_targets
from netstack_sync.cli.parallel_run import Job, run_in_order, run_in_parallel
from netstack_sync.cli.proxy_options import session_proxy
from netstack_sync.cli.resolve_rules import resolver_rules
from netstack_sync.cli.trace import Trace
from netstack_sync.cli.transfer import Transfer
from netstack_sync.cli.trust_options import session_tls
from netstack_sync.cli.write_out import read_write_out
from netstack_sync.fetcher.limits import Limits
from netstack_sync.fetcher.session import Session

_PARALLEL: Final = 50  # curl's


def run(options: argparse.Namespace) -> int:
    """Runs the command; raises CommandError, NetError, KeyboardInterrupt, and BrokenPipeError of stdout."""
    options.check(options)
    plan = plan_requests(options)
    targets = output_targets(options, len(plan.urls))
    template = read_write_out(options.write_out)
    with _open_session(options, plan) as session:
        _warn_of_trust(options)
        load_cookies(session, options.cookie, None if options.silent else sys.stderr)
        statuses = _run_all(session, options, plan, template, targets)
        if options.cookie_jar is not None:
            save_cookies(session, options.cookie_jar)
    return _verdict(options, statuses)


def _open_session(options: argparse.Namespace, plan: RequestPlan) -> Session:
    return open_session(
        options,
        **session_tls(options),
        **session_proxy(options),
        pins=session_pins(options, plan.urls),
        hsts=True if options.hsts is None else options.hsts,
        rules=resolver_rules(options),
        limits=_limits(options),
        rate_limit=options.rate,
        file_root=options.file_root,
        ftp=options.ftp,
    )


def _limits(options: argparse.Namespace) -> Limits | None:
    """Who says how many at a time means it, also for one host; else that many would be impolite."""
    if not options.parallel or options.parallel_max is None:
        return None
    return Limits(per_host=options.parallel_max, total=max(options.parallel_max, Limits().total))


def _warn_of_trust(options: argparse.Namespace) -> None:
    if options.insecure and not options.silent:
        print("netstack: -k accepts any certificate: whoever is on the way can read and change this", file=sys.stderr)


def _run_all(
    session: Session, options: argparse.Namespace, plan: RequestPlan, template: str | None, targets: list[OutputTarget]
) -> list[int]:
    with contextlib.ExitStack() as stack:
        trace = stack.enter_context(Trace(session.context.net_log, sys.stderr)) if options.verbose else None
        board = stack.enter_context(choose_board(options, plan, any([target.is_file for target in targets])))
        fetch_run = FetchRun(session, options, plan, template, board, trace)
        jobs: list[Job] = [partial(_run_one, fetch_run, number, target) for number, target in enumerate(targets)]
        if options.parallel and len(jobs) > 1:
            return run_in_parallel(jobs, options.parallel_max or _PARALLEL, fetch_run.stop)
        return run_in_order(jobs)


def _run_one(fetch_run: FetchRun, number: int, target: OutputTarget) -> int:
    return Transfer(fetch_run, number, target).run()


def _verdict(options: argparse.Namespace, statuses: list[int]) -> int:
    """The first failure, in the order of the URLs; of several URLs it is told how many failed."""
    failures = [status for status in statuses if status != OK]
    if failures and len(statuses) > 1:
        complain(options, f"{len(failures)} of {len(statuses)} URLs failed")
    return failures[0] if failures else OK
