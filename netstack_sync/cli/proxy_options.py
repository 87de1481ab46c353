"""The arguments about proxies, by curl's names, and what they mean for a session."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Final, TypedDict
from urllib.parse import quote

from netstack_sync.auth.credentials import NegotiateAuth
from netstack_sync.base.proxy_chain import ProxyChain, ProxyServer
from netstack_sync.base.proxy_url import parse_proxy_url
from netstack_sync.cli.credentials import password_auth
from netstack_sync.cli.data_files import read_file
from netstack_sync.cli.exit_status import READ_ERROR, USAGE, CommandError
from netstack_sync.cli.tls_text import argument_text
from netstack_sync.fetcher.proxy_lists import ProxyValue
from netstack_sync.fetcher.proxy_values import PacScript, PacUrl, ProxyArgument, ProxyAuthArgument, ProxyAuthValue
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.environment import config_from_environment

_SCHEMES: Final = ("basic", "digest", "ntlm", "negotiate", "anyauth")
_SOCKS: Final = (
    ("--socks4", "socks4", "a SOCKS4 proxy, which is told addresses only"),
    ("--socks4a", "socks4a", "a SOCKS4a proxy"),
    ("--socks5", "socks5", "a SOCKS5 proxy; unlike with curl it looks the names up"),
    ("--socks5-hostname", "socks5", "the same"),
)


class SessionProxyOptions(TypedDict):
    """Keyword arguments of a Session."""

    proxy: ProxyArgument
    proxy_auth: ProxyAuthArgument


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
        "--preproxy",
        metavar="SCHEME://HOST[:PORT]",
        help="reach the proxy of -x through this one",
    )
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
    if options.preproxy is not None:
        _check_preproxy(parser, options)
    if options.noproxy is not None and (options.pac is not None or options.proxy == "system"):
        parser.error(
            "--noproxy goes with -x or the environment; what a script and the system say is said by them alone"
        )
    if options.proxy_auth_scheme not in (None, "negotiate") and options.proxy_user is None:
        parser.error(f"--proxy-{options.proxy_auth_scheme} needs somebody: -U USER:PASSWORD")


def _check_preproxy(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if not options.proxy or "," in options.proxy or options.proxy in ("direct", "system"):
        parser.error("--preproxy leads to the one proxy of -x; pass that as well")
    if "://" not in options.preproxy:
        parser.error("--preproxy needs a scheme, as in socks5://HOST")


def _with_scheme(scheme: str) -> Callable[[str], str]:
    return lambda text: ",".join([f"{scheme}://{server.strip()}" for server in text.split(",")])


def session_proxy(options: argparse.Namespace) -> SessionProxyOptions:
    """What the session is told; asks for a password that is missing. Raises CommandError."""
    try:
        login = _login(options)
        if options.preproxy is not None:
            return _chain(options, login)
        return {"proxy": _proxy(options), "proxy_auth": login}
    except (ValueError, ImportError) as error:
        raise CommandError(USAGE, argument_text(error, options)) from None


def _proxy(options: argparse.Namespace) -> ProxyArgument:
    if options.pac is not None:
        return _script(options.pac)
    urls: str | list[str] | None = None
    if options.proxy is not None:
        several = [url.strip() for url in options.proxy.split(",")]
        urls = several if len(several) > 1 else several[0] or "direct"
    if options.noproxy is None:
        return urls
    proxies = _environment_proxies() if urls is None else {"all": urls}
    if proxies:
        proxies["no_proxy"] = options.noproxy
    return proxies or None


def _chain(options: argparse.Namespace, login: ProxyAuthValue) -> SessionProxyOptions:
    """Both proxies; each has the login of its own URL, the last one else that of -U."""
    first, first_login = _parsed("--preproxy", options.preproxy)
    last, last_login = _parsed("-x", options.proxy)
    logins = {str(first): first_login, str(last): last_login or login}
    chain = ProxyChain((first, last))
    return {
        "proxy": chain if options.noproxy is None else {"all": chain, "no_proxy": options.noproxy},
        "proxy_auth": {url: found for url, found in logins.items() if found is not None},
    }


def _parsed(flag: str, url: str) -> tuple[ProxyServer, tuple[str, str] | None]:
    try:
        return parse_proxy_url(url)
    except ValueError as error:
        raise CommandError(USAGE, f"{flag}: {error}") from None


def _environment_proxies() -> dict[str, ProxyValue]:
    """What the environment names, without its no_proxy."""
    config = config_from_environment(os.environ)
    if config is None:
        return {}
    lists = dict(config.rules.by_scheme)
    if config.rules.fallback:
        lists["all"] = config.rules.fallback
    return {name: [_url_of(chain.servers[0], config) for chain in chains] for name, chains in lists.items()}


def _url_of(server: ProxyServer, config: ProxyConfig) -> str:
    login = config.credentials_of(server)
    userinfo = "" if login is None else ":".join([quote(part, safe="") for part in login]) + "@"
    return f"{server.scheme.value}://{userinfo}{server.host_port}"


def _script(text: str) -> PacUrl | PacScript:
    if "://" in text or text.startswith("data:"):
        return PacUrl(text)
    try:
        return PacScript(read_file(text).decode())
    except UnicodeDecodeError:
        raise CommandError(READ_ERROR, f"--pac {text}: the file is not UTF-8") from None


def _login(options: argparse.Namespace) -> ProxyAuthValue:
    scheme = options.proxy_auth_scheme
    if scheme == "negotiate" and options.proxy_user in (None, ":"):
        return NegotiateAuth()
    if options.proxy_user is None:
        return None
    try:
        return password_auth("-U", options.proxy_user, scheme)
    except ValueError as error:
        raise CommandError(USAGE, f"-U{str(error).removeprefix('auth')}") from None
