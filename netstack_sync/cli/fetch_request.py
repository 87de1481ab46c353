"""Turns the arguments of `netstack fetch` into checked requests, with curl's rules for what implies what."""

from __future__ import annotations

import argparse
import os
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.tls_warnings import InsecureTlsWarning
from netstack_sync.base.url import Url
from netstack_sync.cli.cookie_files import cookie_pairs
from netstack_sync.cli.credentials import credentials
from netstack_sync.cli.data_files import open_file
from netstack_sync.cli.data_pieces import join_pieces
from netstack_sync.cli.exit_status import BAD_URL, USAGE, CommandError
from netstack_sync.cli.form_fields import form_parts
from netstack_sync.cli.items import Field, RequestItems, read_items
from netstack_sync.cli.retry_options import retry_policy
from netstack_sync.cli.tls_text import argument_text, flags_text
from netstack_sync.cli.trust_options import trust_options
from netstack_sync.cli.words import Words, split_words
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.news_arguments import UploadProgressCallback
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.session import Session
from netstack_sync.fetcher.timeout import DEFAULT_STREAM_TIMEOUT, Timeout

_HTTPIE_ACCEPT: Final = b"application/json, */*;q=0.5"
_BODIES: Final = ("content", "data", "json", "files")


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """What all requests of a command have in common; files are read and passwords asked for by now."""

    method: str
    urls: tuple[str, ...]
    options: FetchOptions
    query: str
    """Of -G: what is appended to each URL."""
    upload_file: str | None
    """Of -T: what each request sends from its beginning."""
    given: argparse.Namespace

    @property
    def has_body(self) -> bool:
        """Whether the requests send anything but their heads."""
        return self.upload_file is not None or any([name in self.options for name in _BODIES])

    def options_for(self, file: BinaryIO | None, on_sent: UploadProgressCallback | None) -> FetchOptions:
        """The options of one request that sends `file`, or the body that all have; `on_sent` is told how far."""
        options: FetchOptions = {**self.options}
        if file is not None:
            options["content"] = file
        if self.has_body:
            options["upload_progress"] = on_sent
        return options

    def prepare(
        self,
        session: Session,
        url: str,
        file: BinaryIO | None = None,
        on_sent: UploadProgressCallback | None = None,
    ) -> FetchRequest:
        """The request for one of the URLs, with nothing sent yet; raises CommandError."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InsecureTlsWarning)  # about lines of a program
                return session.prepare(self.method, self.complete(url), **self.options_for(file, on_sent))
        except InvalidURL as error:
            raise CommandError(BAD_URL, flags_text(str(error))) from None
        except (ValueError, TypeError) as error:
            raise CommandError(USAGE, argument_text(error, self.given)) from None

    def complete(self, url: str) -> str:
        """The URL with the name of the uploaded file where it ends in a folder, and with the query of -G."""
        address, hash_sign, fragment = url.partition("#")
        if self.upload_file not in (None, "-") and address.partition("?")[0].endswith("/"):
            path, mark, query = address.partition("?")
            address = f"{path}{quote(os.path.basename(str(self.upload_file)))}{mark}{query}"
        if self.query:
            address += f"{'&' if '?' in address else '?'}{self.query}"
        return f"{address}{hash_sign}{fragment}"

    def open_upload(self) -> AbstractContextManager[BinaryIO | None]:
        """The file to send, None without -T; raises CommandError."""
        return nullcontext() if self.upload_file is None else open_file(self.upload_file)


def plan_requests(options: argparse.Namespace) -> RequestPlan:
    """Understands the command line; reads what it names and asks for what is missing. Raises CommandError."""
    words = split_words(options.words)
    items = read_items(words.items)
    _refuse_two_bodies(options, items)
    if options.upload_file == "-" and len(words.urls) > 1:
        raise CommandError(USAGE, "-T - can be read once, and there are several URLs; name a file, or pass one URL")
    data = join_pieces(options.data)
    return RequestPlan(
        method=_method(options, words, items),
        urls=words.urls,
        options=_fetch_options(options, items, data),
        query=os.fsdecode(data) if options.get else "",
        upload_file=options.upload_file,
        given=options,
    )


def session_pins(options: argparse.Namespace, urls: tuple[str, ...]) -> dict[str, list[str]] | None:
    """The pins of the URLs' hosts, which do not count where a redirect leads, as in curl; raises CommandError."""
    keys = options.pinnedpubkey
    if keys is None:
        return None
    if not keys.startswith("sha256//"):
        raise CommandError(
            USAGE, f"--pinnedpubkey {keys!r}: pass sha256//HASH[;sha256//HASH]; a file, as of curl, is not read"
        )
    try:
        return {Url.parse(url).host: keys.split(";") for url in urls}
    except InvalidURL as error:
        raise CommandError(BAD_URL, str(error)) from None


def _method(options: argparse.Namespace, words: Words, items: RequestItems) -> str:
    if words.method is not None and options.request is not None:
        raise CommandError(USAGE, f"-X {options.request} and {words.method} are two methods; a request has one")
    method = options.request or words.method
    if method is not None:
        return str(method)
    if options.head:
        return "HEAD"
    if options.upload_file is not None:
        return "PUT"
    has_data = options.data and not options.get
    return "POST" if has_data or options.form_fields or items.has_body else "GET"


def _refuse_two_bodies(options: argparse.Namespace, items: RequestItems) -> None:
    flag = next(
        (
            name
            for name, value in (
                ("-d", options.data and not options.get),
                ("-F", options.form_fields),
                ("-T", options.upload_file),
                ("-C", options.continue_at),
                ("-I", options.head),
            )
            if value
        ),
        None,
    )
    if items.has_body and flag is not None:
        raise CommandError(USAGE, f"items such as name=value make a body, which does not go with {flag}; use one")


def _timeout(options: argparse.Namespace) -> Timeout:
    """With a deadline of the user's no other limit applies unless it is given too; 0 is no limit, as in curl."""
    if options.max_time is None:
        total, connect, read = None, DEFAULT_STREAM_TIMEOUT.connect, DEFAULT_STREAM_TIMEOUT.read
    else:
        total, connect, read = options.max_time or None, None, None
    if options.connect_timeout is not None:
        connect = options.connect_timeout or None
    return Timeout(total=total, connect=connect, read=read)


def _fetch_options(options: argparse.Namespace, items: RequestItems, data: bytes) -> FetchOptions:
    given = [_header(line) for line in options.header] + items.headers
    names = {name.lower() for name, _ in given}
    # A header of the user's stands in for what an option implies, also to leave it out.
    headers: Any = [field for field in _implied_headers(options, items) if field[0].lower() not in names] + given
    result: FetchOptions = {
        **trust_options(options),
        "headers": headers,
        "timeout": _timeout(options),
        "follow_redirects": options.location,
        "max_redirects": options.max_redirs,
        "max_response_size": options.max_filesize,
        "retries": retry_policy(options),
    }
    cookies = cookie_pairs(options.cookie)
    if cookies:
        result["cookies"] = cookies
    if items.params:
        result["params"] = items.params
    if "authorization" not in names:
        auth = credentials(options)
        if auth is not None:
            result["auth"] = auth
    _add_body(result, options, items, data)
    return result


def _add_body(result: FetchOptions, options: argparse.Namespace, items: RequestItems, data: bytes) -> None:
    if options.data and not options.get:
        result["content"] = data
    elif options.form_fields:
        result["files"] = form_parts(options.form_fields)
    elif items.files or (items.fields and options.multipart):
        fields = [(name, (None, value.encode())) for name, value in items.form_fields()]
        result["files"] = [*fields, *items.files]
    elif items.fields and options.form:
        result["data"] = items.form_fields()
    elif items.fields:
        result["json"] = dict(items.fields)


def _header(line: str) -> Field:
    name, separator, value = line.partition(":")
    if not separator:
        if line.endswith(";"):
            return line[:-1], b""
        raise CommandError(USAGE, f"-H {line!r}: a header is 'Name: value', or 'Name:' to leave it out")
    return name.strip(), os.fsencode(value) if value.strip() else None


def _implied_headers(options: argparse.Namespace, items: RequestItems) -> list[Field]:
    fields: list[Field] = []
    for name, value in (("User-Agent", options.user_agent), ("Referer", options.referer)):
        if value is not None:
            fields.append((name, os.fsencode(value)))
    kinds = set() if options.get else {kind for kind, _ in options.data}
    if "json" in kinds:
        fields += [("Content-Type", b"application/json"), ("Accept", b"application/json")]
    elif kinds:
        fields.append(("Content-Type", b"application/x-www-form-urlencoded"))
    elif items.fields and not (items.files or options.form or options.multipart):
        fields.append(("Accept", _HTTPIE_ACCEPT))
    if options.range is not None:
        fields.append(("Range", f"bytes={options.range}".encode("ascii")))
    if _wants_identity(options):
        fields.append(("Accept-Encoding", b"identity"))
    return fields


def _wants_identity(options: argparse.Namespace) -> bool:
    """A coding would hide the length of what is saved; and of a coded body a range is no part of the file.

    Whoever wants the raw body wants the file itself; a resumed download sees to it without us.
    """
    if options.compressed or options.continue_at is not None:
        return False
    return options.raw or options.range is not None or any([output != "-" for output in options.outputs])
