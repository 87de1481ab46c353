"""The arguments about proxies, by curl's names, and what they mean for a session."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final, TypedDict

from netstack_sync.fetcher.options import AuthValue

_SCHEMES: Final = ("basic", "digest", "ntlm", "negotiate", "anyauth")
_SOCKS: Final = (
    ("--socks4", "socks4", "a SOCKS4 proxy, which is told addresses only"),
    ("--socks4a", "socks4a", "a SOCKS4a proxy"),
    ("--socks5", "socks5", "a SOCKS5 proxy; unlike with curl it looks the names up"),
    ("--socks5-hostname", "socks5", "the same"),
)


class SessionProxyOptions(TypedDict):
    """Keyword arguments of a Session."""

    proxy: object
    proxy_auth: AuthValue


def add_proxy_arguments(group: argparse._ArgumentGroup) -> None:
    """Adds them."""
    add = group.add_argument
    add(
        "-x",
        "--proxy",
        metavar="[SCHEME://]HOST[:PORT]",
        help="go through this proxy: http, https, socks4, socks4a or socks5, http without a scheme; several: joined by "
        'a comma, the next when one fails; "direct", or an empty one: none; "system": as the system says; without it '
        "the environment says which",
    )
    for name, scheme, text in _SOCKS:
        add(name, metavar="HOST[:PORT]", dest="proxy", type=_with_scheme(scheme), help=text)
    add(
        "--pac",
        metavar="URL|FILE",
        help="a script says for each URL which proxy: proxy auto-config; needs the extra pac",
    )
    add("--noproxy", metavar="LIST", help="hosts that are asked directly, joined by commas; * is all of them")
    add("-U", "--proxy-user", metavar="USER[:PASSWORD]", help="for the proxy; asks for a password that is missing")
    for scheme in _SCHEMES:
        add(
            f"--proxy-{scheme}",
            dest="proxy_auth_scheme",
            action="store_const",
            const=scheme,
            help=f"as --{scheme}, for the proxy",
        )
    add("--proxy-auth", dest="proxy_auth_scheme", choices=_SCHEMES, help="the same in another word")


def check_proxy_arguments(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuses what contradicts itself, as argparse does."""
    if options.proxy and options.pac is not None:
        parser.error("-x and --pac are two ways to say which proxy; pass one")
    if options.proxy_auth_scheme not in (None, "negotiate") and options.proxy_user is None:
        parser.error(f"--proxy-{options.proxy_auth_scheme} needs somebody: -U USER:PASSWORD")


def _with_scheme(scheme: str) -> Callable[[str], str]:
    return lambda text: f"{scheme}://{text}"
