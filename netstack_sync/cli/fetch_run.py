"""FetchRun: what the transfers of one `netstack fetch` share."""

from __future__ import annotations

import argparse
import re
import sys
import threading
from typing import Final

from netstack_sync.base.exceptions import NetError
from netstack_sync.cli.exit_status import INTERRUPTED, CommandError, exit_status
from netstack_sync.cli.fetch_request import RequestPlan
from netstack_sync.cli.messages import complain
from netstack_sync.cli.output import Output, standard_output
from netstack_sync.cli.output_targets import OutputTarget
from netstack_sync.cli.progress import NoProgress, ProgressBoard, make_board
from netstack_sync.cli.terminal_output import TerminalOutput
from netstack_sync.cli.tls_text import error_text
from netstack_sync.cli.trace import Trace
from netstack_sync.cli.transfer_facts import TransferFacts
from netstack_sync.cli.write_out import write_out
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.session import Session

_PATIENCE_S: Final = 0.5
_USERINFO: Final = re.compile(r"\A([^/?#]*//)[^/?#]*@")


class FetchRun:
    """Any thread; each transfer is told of by one. Session, board and trace are the command's, which closes them."""

    def __init__(
        self,
        session: Session,
        options: argparse.Namespace,
        plan: RequestPlan,
        write_out_format: str | None,
        board: ProgressBoard,
        trace: Trace | None,
    ) -> None:
        self.session: Final = session
        self.options: Final = options
        self.plan: Final = plan
        self.board: Final = board
        self.trace: Final = trace
        self.stdout_gate: Final = threading.Lock()
        """Held by the transfer that writes there, so that the bodies of several do not mix."""
        self._write_out = write_out_format
        self._message_gate = threading.Lock()
        self.clock: Final = session.context.thread.clock
        self._is_stopped = False

    def stop(self) -> None:
        """Ends all transfers, without a word about them."""
        self._is_stopped = True
        self.session.close()

    def check_running(self) -> None:
        """Raises CommandError after stop(); what has come by then may take its time, as with --limit-rate."""
        if self._is_stopped:
            raise CommandError(INTERRUPTED)

    def new_facts(self, number: int) -> TransferFacts:
        """Of the transfer of one URL, which begins now."""
        url = self.plan.urls[number]
        return TransferFacts(_USERINFO.sub(r"\1", url), number, self.clock.now())

    def finish(self, facts: TransferFacts, failure: NetError | CommandError | None) -> int:
        """Tells how a transfer ended, on stderr and with -w; gives its exit status."""
        facts.ended_at = self.clock.now()
        if failure is not None:
            facts.error = failure
            facts.exit_status = failure.status if isinstance(failure, CommandError) else exit_status(failure)
            facts.message = str(failure) if isinstance(failure, CommandError) else error_text(failure)
        if self._is_stopped:
            return facts.exit_status
        with self._message_gate:
            self._show_timing(facts)
            if failure is not None or self._write_out is not None:
                self.board.make_room()
            if failure is not None:
                prefix = f"{facts.url}: " if len(self.plan.urls) > 1 and facts.url not in facts.message else ""
                complain(self.options, prefix + facts.message)
            if self._write_out is not None:
                with self.stdout_gate:
                    write_out(self._write_out, facts)
        return facts.exit_status

    def answer_output(self, target: OutputTarget, response: Response) -> Output:
        """Standard output as it is fit for this answer."""
        is_terminal = sys.stdout.isatty()
        if is_terminal:
            self.board.hide()
        if target.path is None and is_terminal:
            content_type = response.headers.get("content-type") or ""
            return TerminalOutput(sys.stdout, content_type, self.options.pretty or "all")
        return standard_output()

    def _show_timing(self, facts: TransferFacts) -> None:
        if self.trace is not None and facts.timing is not None:
            self.trace.show_timing(facts.timing)
            self.trace.flush()


def choose_board(options: argparse.Namespace, plan: RequestPlan, has_files: bool) -> ProgressBoard:
    """Bars for downloads into files and for uploads, on a terminal; not among the lines of -v.

    A body that is none of a file's own is most often gone before anybody could look.
    """
    is_quiet = options.silent or options.verbose or options.no_progress_meter
    if is_quiet or options.head or not (has_files or plan.has_body) or not sys.stderr.isatty():
        return NoProgress()
    is_worth_it = has_files or plan.upload_file is not None
    return make_board(len(plan.urls), 0.0 if is_worth_it else _PATIENCE_S)
