"""The arguments about names, features and time that several commands have, and the session they describe."""

from __future__ import annotations

import argparse
from typing import Final

from netstack_sync.base.features import FeatureList
from netstack_sync.cli.arguments import seconds
from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.cli.tls_text import argument_text
from netstack_sync.dns.mapped_resolver import HostResolverRules
from netstack_sync.fetcher.dns_settings import DnsSettings
from netstack_sync.fetcher.hsts_settings import HstsArgument
from netstack_sync.fetcher.limits import Limits
from netstack_sync.fetcher.pins import PinsArgument
from netstack_sync.fetcher.proxy_values import ProxyArgument, ProxyAuthArgument
from netstack_sync.fetcher.session import Session
from netstack_sync.fetcher.tls_arguments import ExtraCaArgument
from netstack_sync.fetcher.tls_settings import TlsSettings
from netstack_sync.url_request.rate_limit import RateLimitArgument

_MAX_TIME_S: Final = 30.0


def add_network_arguments(group: argparse._ActionsContainer) -> None:
    """Adds them."""
    add = group.add_argument
    add(
        "--host-resolver-rules",
        metavar="RULES",
        help='resolve hosts as if they were others: "MAP *.test 127.0.0.1:8080, EXCLUDE www.test"',
    )
    add("--doh-url", metavar="URL", help="ask this DNS over HTTPS server, or service by name, and nobody else")
    add("--enable-features", metavar="FEATURES", default="", help="as Chromium's: Name:Param/value,Other")
    add("--disable-features", metavar="FEATURES", default="", help="as Chromium's: Name,Other")


def add_max_time(group: argparse._ActionsContainer, what: str) -> None:
    """Adds the limit of a command that has one unless told; `what` says in its help what it is for."""
    words = f"{what}, %(default)g unless given; 0 is none"
    group.add_argument("-m", "--max-time", metavar="SECONDS", type=seconds, default=_MAX_TIME_S, help=words)


def open_session(
    options: argparse.Namespace,
    *,
    tls: TlsSettings | None = None,
    extra_ca: ExtraCaArgument = None,
    pins: PinsArgument = None,
    hsts: HstsArgument = True,
    rules: HostResolverRules | None = None,
    limits: Limits | None = None,
    rate_limit: RateLimitArgument = None,
    file_root: str | None = None,
    ftp: bool = False,
    proxy: ProxyArgument = None,
    proxy_auth: ProxyAuthArgument = None,
) -> Session:
    """A session with what the arguments say, and with what the command says besides; raises CommandError.

    `rules` are those of the arguments and of the command together.
    """
    own_rules = options.host_resolver_rules if rules is None else rules
    try:
        return Session(
            dns=DnsSettings(doh=options.doh_url, host_resolver_rules=own_rules),
            features=FeatureList.from_text(options.enable_features, options.disable_features),
            tls=tls,
            extra_ca=extra_ca,
            pins=pins,
            hsts=hsts,
            limits=limits,
            rate_limit=rate_limit,
            file_root=file_root,
            ftp=ftp,
            proxy=proxy,
            proxy_auth=proxy_auth,
        )
    except (ValueError, ImportError) as error:
        raise CommandError(USAGE, argument_text(error, options)) from None
