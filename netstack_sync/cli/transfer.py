"""Transfer: one URL of `netstack fetch`, from the request to the last byte in its place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from netstack_sync.base.exceptions import HTTPStatusError, NetError
from netstack_sync.base.url import Url
from netstack_sync.cli.exit_status import HTTP_ERROR, READ_ERROR, TIMED_OUT, TOO_LARGE, USAGE, WRITE_ERROR, CommandError
from netstack_sync.cli.fetch_run import FetchRun
from netstack_sync.cli.output import Output, write_error
from netstack_sync.cli.output_targets import OutputTarget
from netstack_sync.cli.progress import Progress
from netstack_sync.cli.rate_pacer import RatePacer
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.sync_url_fetcher import SyncUrlFetcher


class Transfer:
    """Runs once, on one thread."""

    def __init__(self, run: FetchRun, number: int, target: OutputTarget) -> None:
        """`number` is that of the URL, from 0 on."""
        self._run = run
        self._target = target
        self._url = run.plan.urls[number]
        self._facts = run.new_facts(number)

    def run(self) -> int:
        """The exit status; failures are told. Raises KeyboardInterrupt, and BrokenPipeError of standard output."""
        progress = self._run.board.start(self._facts.url.rpartition("/")[2] or self._facts.url)
        failure: NetError | CommandError | None = None
        try:
            if self._run.options.continue_at is None:
                self._fetch(progress)
            else:
                self._resume(progress)
        except (NetError, CommandError) as error:
            failure = error
        finally:
            progress.finish()
        return self._run.finish(self._facts, failure)

    # --- an ordinary fetch

    def _fetch(self, progress: Progress) -> None:
        plan, facts = self._run.plan, self._facts
        with plan.open_upload() as upload:

            def count(sent_bytes: int, total_bytes: int | None) -> None:
                progress.expect(total_bytes)
                progress.advance(sent_bytes - facts.uploaded_bytes)
                facts.uploaded_bytes = sent_bytes

            request = facts.request = plan.prepare(self._run.session, self._url, upload, count)
            with contextlib.ExitStack() as stack:
                output = self._open_early(stack, request.url)
                response = self._ask(request)
                with response:
                    self._note_answer(response)
                    if output is None:
                        output = self._open_late(stack, request.url, response)
                    self._deliver(response, output, progress)

    def _ask(self, request: FetchRequest) -> Response:
        try:
            return SyncUrlFetcher(request, self._run.session.context, stream=True).fetch()
        except NetError:
            raise
        except OSError as error:  # of a file that is sent
            raise CommandError(READ_ERROR, f"cannot read what is to be sent: {error.strerror or error}") from error

    def _open_early(self, stack: contextlib.ExitStack, url: Url) -> Output | None:
        """Before anything is sent, so that a path that cannot be written costs nothing; None: the answer decides."""
        target = self._target
        if not target.is_file or target.is_header_name:
            return None
        self._facts.filename = target.file_path(url)
        return stack.enter_context(target.open(self._facts.filename))

    def _open_late(self, stack: contextlib.ExitStack, url: Url, response: Response) -> Output:
        if self._target.is_file:
            chosen = self._target.header_path(response)
            self._facts.filename = chosen or self._target.file_path(url)
            return stack.enter_context(self._target.open(self._facts.filename, may_replace=chosen is None))
        stack.enter_context(self._run.stdout_gate)
        return stack.enter_context(self._run.answer_output(self._target, response))

    def _note_answer(self, response: Response) -> None:
        facts = self._facts
        facts.response = response
        facts.headers_bytes = sum([len(head_bytes(each)) for each in (*response.history, response)])
        if self._run.trace is not None:
            self._run.trace.show_response(response)

    def _deliver(self, response: Response, output: Output, progress: Progress) -> None:
        options = self._run.options
        if options.include or options.head:
            for answer in (*response.history, response):
                output.write_head(head_bytes(answer))
        is_failure = (options.fail or options.fail_with_body) and response.status >= 400
        if not (is_failure and options.fail):
            self._write_body(response, output, progress)
        if is_failure:
            raise CommandError(HTTP_ERROR, _answer_in_words(response))

    def _write_body(self, response: Response, output: Output, progress: Progress) -> None:
        options, length, size_bytes = self._run.options, response.length_remaining, 0
        if length is not None and response.request.method != "HEAD":
            self._check_size(length)
            progress.expect(self._facts.uploaded_bytes + length)
        pieces = self._received(response, progress)
        is_encoded = "content-encoding" in response.headers and not options.raw
        for piece in response.decoded(pieces) if is_encoded else pieces:
            size_bytes += len(piece)
            self._check_size(size_bytes)
            output.write(piece)
        output.commit()

    def _received(self, response: Response, progress: Progress) -> Iterator[bytes]:
        """The body as it comes, no faster than it may, and counted."""
        rate = self._run.options.limit_rate
        pacer = None if rate is None else RatePacer(rate, self._run.clock)
        for piece in response.iter_raw():
            for part in (piece,) if pacer is None else pacer.parts(piece):
                self._facts.downloaded_bytes += len(part)
                progress.advance(len(part))
                self._run.check_running()
                self._check_time()
                yield part

    def _check_time(self) -> None:
        """What has come before the deadline may wait here for longer than that."""
        max_s = self._run.options.max_time
        if max_s and self._run.clock.now() - self._facts.started_at > max_s:
            raise CommandError(TIMED_OUT, f"the {max_s:g} seconds of -m are over")

    def _check_size(self, size_bytes: int) -> None:
        limit = self._run.options.max_filesize
        if limit is not None and size_bytes > limit:
            raise CommandError(TOO_LARGE, f"the body is longer than the {limit} bytes of --max-filesize")

    # --- a download that goes on

    def _resume(self, progress: Progress) -> None:
        plan, facts, session = self._run.plan, self._facts, self._run.session
        request = facts.request = plan.prepare(session, self._url)
        path = facts.filename = self._target.file_path(request.url)
        self._target.make_folders(path)
        before = _size_of(f"{path}.part")
        done = 0

        def show(size_bytes: int, total_bytes: int | None) -> None:
            nonlocal done
            progress.expect(total_bytes)
            progress.advance(size_bytes - done)
            done = size_bytes

        try:
            parts = self._run.options.parts or 1
            download = session.download(plan.complete(self._url), path, **plan.options, parts=parts, progress=show)
        except HTTPStatusError as error:
            self._note_answer(error.response)
            raise CommandError(HTTP_ERROR, _answer_in_words(error.response)) from None
        except NetError:
            raise
        except ValueError as error:  # a Range of the user's own
            raise CommandError(USAGE, str(error)) from None
        except FileExistsError as error:
            what = "remove it, or leave -C out to fetch it anew" if os.path.exists(path) else str(error)
            raise CommandError(WRITE_ERROR, f"{path} is there already; {what}") from None
        except OSError as error:
            raise write_error(path, error) from error
        self._note_answer(download.response)
        facts.downloaded_bytes = download.size - (before if download.was_resumed else 0)


def head_bytes(response: Response) -> bytes:
    """Status line and headers as -i and -I show them."""
    lines = [f"{response.http_version} {response.status} {response.reason or ''}"]
    lines += [f"{name}: {value}" for name, value in response.headers.iteritems()]
    return "".join([f"{line}\r\n" for line in (*lines, "")]).encode("latin-1")


def _answer_in_words(response: Response) -> str:
    """A proxy that is handed the request may answer itself; one that asks who is there does."""
    answer = f"answered {response.status} {response.reason}".rstrip()
    chain = () if response.url.startswith("https:") else response.proxy_chain
    if not chain:
        return f"the server {answer}"
    if response.status == 407:
        return f"the proxy {chain[-1]} {answer}; pass -U USER:PASSWORD, or another one"
    return f"the server, or the proxy {chain[-1]}, {answer}"


def _size_of(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
