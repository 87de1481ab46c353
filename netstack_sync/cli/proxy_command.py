"""`netstack proxy URL...`: through which proxies a URL is reached, and why."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Final, TypeAlias

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import shown_url
from netstack_sync.cli.exit_status import BAD_URL, OK, OTHER, USAGE, CommandError, exit_status, statuses_text
from netstack_sync.cli.messages import complain
from netstack_sync.cli.network_arguments import add_max_time, add_network_arguments, open_session
from netstack_sync.cli.proxy_options import add_proxy_arguments, check_proxy_arguments, session_proxy
from netstack_sync.cli.proxy_report import ProxyReport
from netstack_sync.cli.tls_text import argument_text, error_text
from netstack_sync.cli.words import complete_url
from netstack_sync.fetcher import proxy_settings
from netstack_sync.fetcher.proxy_question import explain_proxies
from netstack_sync.fetcher.proxy_values import ProxyArgument
from netstack_sync.fetcher.session import Session
from netstack_sync.proxy.config import DIRECT_CONFIG, SYSTEM_CONFIG, ProxyConfig
from netstack_sync.proxy.system_config import read_system_config

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_SCHEMES: Final = ("http", "https", "ws", "wss")
_DESCRIPTION: Final = """\
Show through which proxies a fetch would reach each URL, in the order in which it would try them, whose settings say
so, and which rule decided. Of a script (PAC) every run is shown, with the names that it asked for, their addresses
and the time, and what it said with alert(). Nothing is sent to the URLs."""


def add_proxy_parser(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command; gives its parser."""
    parser = commands.add_parser(
        "proxy",
        help="show through which proxy a URL is reached, and why",
        description=_DESCRIPTION,
        epilog="The status is that of the first URL without an answer.\n\n" + statuses_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("urls", nargs="+", metavar="URL", help="http:// is put before one without a scheme")
    add("--json", action="store_true", help="write one JSON object a line for each URL, failures included")
    add_max_time(parser, "for each")
    add_proxy_arguments(parser.add_argument_group("proxies"))
    add_network_arguments(parser.add_argument_group("names and features"))
    parser.set_defaults(silent=False, show_error=True, check=lambda options: check_proxy_arguments(parser, options))
    return parser


def run(options: argparse.Namespace) -> int:
    """Runs the command; gives the status of the first failure. Raises CommandError and KeyboardInterrupt."""
    options.check(options)
    urls = [_parsed(text) for text in options.urls]
    proxy = session_proxy(options)["proxy"]
    config = _settings(proxy, options)
    settings = _source_of(config, options)
    status = OK
    with open_session(options, proxy=proxy) as session:
        for url in urls:
            status = _show(session, config, url, settings, options) or status
    return status


def _parsed(text: str) -> Url:
    try:
        url = Url.parse(complete_url(text))
    except InvalidURL as error:
        raise CommandError(BAD_URL, str(error)) from None
    if url.scheme not in _SCHEMES:
        raise CommandError(BAD_URL, f"{url.scheme}: URLs go through no proxy; pass one of http or https")
    return url


def _settings(proxy: ProxyArgument, options: argparse.Namespace) -> ProxyConfig:
    """What holds for a session with these arguments; here one may wait for the system."""
    try:
        config = proxy_settings.session_proxy(proxy, os.environ)
        return read_system_config(os.environ) if config == SYSTEM_CONFIG else config or DIRECT_CONFIG
    except (ValueError, TypeError, ImportError) as error:
        raise CommandError(USAGE, argument_text(error, options)) from None
    except OSError as error:
        raise CommandError(OTHER, f"the settings of the system cannot be read: {error}") from None


def _source_of(config: ProxyConfig, options: argparse.Namespace) -> str:
    """Whose settings they are, in words."""
    if options.pac is not None:
        return f"--pac {shown_url(options.pac)}"
    if options.proxy is not None and options.proxy != "system":
        return "--proxy"
    return config.source or "none: no variable of the environment names a proxy"


def _show(session: Session, config: ProxyConfig, url: Url, settings: str, options: argparse.Namespace) -> int:
    explanation, error = explain_proxies(session.context, config, url, options.max_time or None)
    words = "" if error is None else error_text(error)
    report = ProxyReport(shown_url(url.href), settings, explanation, words)
    print(json.dumps(report.values()) if options.json else "\n".join(report.lines()), flush=True)
    if error is None:
        return OK
    if not options.json:
        complain(options, words)
    return exit_status(error)
