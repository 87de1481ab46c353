"""Turns the arguments of `netstack fetch` into a checked request, with curl's rules for what implies what."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import warnings
from typing import Any

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.tls_warnings import InsecureTlsWarning
from netstack_sync.base.url import Url
from netstack_sync.cli.exit_status import BAD_URL, READ_ERROR, USAGE, CommandError
from netstack_sync.cli.tls_text import argument_text
from netstack_sync.cli.trust_options import trust_options
from netstack_sync.fetcher.options import FetchOptions, FetchRequest
from netstack_sync.fetcher.session import Session
from netstack_sync.fetcher.timeout import DEFAULT_STREAM_TIMEOUT, Timeout

Field = tuple[str, bytes | None]
"""A header; a value of None leaves it out."""


def make_request(session: Session, options: argparse.Namespace) -> FetchRequest:
    """The request, with nothing sent yet; says on stderr if it trusts anybody. Raises CommandError."""
    url = _url(options)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureTlsWarning)  # about lines of a program
            request = session.prepare(_method(options), url, **_fetch_options(options))
    except InvalidURL as error:
        raise CommandError(BAD_URL, str(error)) from None
    except (ValueError, TypeError) as error:
        raise CommandError(USAGE, argument_text(error, options)) from None
    if options.insecure and not options.silent:
        print("netstack: -k accepts any certificate: whoever is on the way can read and change this", file=sys.stderr)
    return request


def _url(options: argparse.Namespace) -> str:
    return str(options.url) if "://" in options.url else f"http://{options.url}"


def _method(options: argparse.Namespace) -> str:
    if options.request is not None:
        return str(options.request)
    if options.head:
        return "HEAD"
    return "POST" if options.data or options.form else "GET"


def _timeout(options: argparse.Namespace) -> Timeout:
    """With a deadline of the user's no other limit applies unless it is given too; 0 is no limit, as in curl."""
    if options.max_time is None:
        total, connect, read = None, DEFAULT_STREAM_TIMEOUT.connect, DEFAULT_STREAM_TIMEOUT.read
    else:
        total, connect, read = options.max_time or None, None, None
    if options.connect_timeout is not None:
        connect = options.connect_timeout or None
    return Timeout(total=total, connect=connect, read=read)


def session_pins(options: argparse.Namespace) -> dict[str, list[str]] | None:
    """The pins of the URL's host, which do not count where a redirect leads, as in curl; raises CommandError."""
    keys = options.pinnedpubkey
    if keys is None:
        return None
    if not keys.startswith("sha256//"):
        raise CommandError(
            USAGE, f"--pinnedpubkey {keys!r}: pass sha256//HASH[;sha256//HASH]; a file, as of curl, is not read"
        )
    try:
        return {Url.parse(_url(options)).host: keys.split(";")}
    except InvalidURL as error:
        raise CommandError(BAD_URL, str(error)) from None


def _fetch_options(options: argparse.Namespace) -> FetchOptions:
    given = [_header(line) for line in options.header]
    names = {name.lower() for name, _ in given}
    # A header of the user's stands in for what an option implies, also to leave it out.
    headers: Any = [field for field in _implied_headers(options) if field[0].lower() not in names] + given
    result: FetchOptions = {
        **trust_options(options),
        "headers": headers,
        "timeout": _timeout(options),
        "follow_redirects": options.location,
        "max_redirects": options.max_redirs,
        "max_response_size": None,
    }
    if options.user is not None and "authorization" not in names:
        result["auth"] = _credentials(options.user)
    if options.data:
        result["content"] = _body(options.data)
    elif options.form:
        _add_form(result, options.form)
    return result


def _header(line: str) -> Field:
    name, separator, value = line.partition(":")
    if not separator:
        if line.endswith(";"):
            return line[:-1], b""
        raise CommandError(USAGE, f"-H {line!r}: a header is 'Name: value', or 'Name:' to leave it out")
    return name.strip(), os.fsencode(value) if value.strip() else None


def _implied_headers(options: argparse.Namespace) -> list[Field]:
    fields: list[Field] = []
    for name, value in (("User-Agent", options.user_agent), ("Referer", options.referer)):
        if value is not None:
            fields.append((name, os.fsencode(value)))
    kinds = {kind for kind, _ in options.data}
    if "json" in kinds:
        fields += [("Content-Type", b"application/json"), ("Accept", b"application/json")]
    elif kinds:
        fields.append(("Content-Type", b"application/x-www-form-urlencoded"))
    # A coding would hide the length of what is saved, and whoever wants the raw body wants the file itself.
    if (options.output not in (None, "-") or options.remote_name or options.raw) and not options.compressed:
        fields.append(("Accept-Encoding", b"identity"))
    return fields


def _credentials(text: str) -> tuple[str, str]:
    user, separator, password = text.partition(":")
    return user, password if separator else getpass.getpass(f"Password of {user!r}: ")


def _body(pieces: list[tuple[str, str]]) -> bytes:
    body = b""
    for kind, text in pieces:
        separator = b"&" if body and kind != "json" else b""
        body += separator + _data(kind, text)
    return body


def _data(kind: str, text: str) -> bytes:
    if kind == "raw" or not text.startswith("@"):
        return os.fsencode(text)
    data = _read_file(text[1:])
    return data.translate(None, b"\r\n\0") if kind == "data" else data


def _read_file(path: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise CommandError(READ_ERROR, f"cannot read {path!r}: {error.strerror or error}") from error


def _add_form(result: FetchOptions, fields: list[str]) -> None:
    values: list[tuple[str, str]] = []
    files: list[tuple[str, tuple[str, bytes] | tuple[str, bytes, str]]] = []
    for field in fields:
        name, separator, value = field.partition("=")
        if not separator:
            raise CommandError(USAGE, f"-F {field!r}: a field is NAME=VALUE")
        if not value.startswith("@"):
            values.append((name, value))
            continue
        path, _, media_type = value[1:].partition(";type=")
        part = (os.path.basename(path), _read_file(path))
        files.append((name, (*part, media_type) if media_type else part))
    result["data"] = values
    result["files"] = files
