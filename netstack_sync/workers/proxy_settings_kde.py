"""read_kde_settings(): the proxies of KDE, versions 3 to 6."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping
from typing import Final

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.workers.proxy_settings import SystemProxySettings, joined_bypass, joined_rules, proxy_entry

_SOURCE: Final = "KDE"
_FILE: Final = "kioslaverc"
_GROUP: Final = "Proxy Settings"
_MAX_BYTES: Final = 1 << 20  # the file has a few lines
_SCHEMES: Final = ("http", "https", "ftp", "socks")
_NO_SECTION: Final = "[ ]\n"  # entries may stand before the first one
_MANUAL, _SCRIPT, _DETECT, _VARIABLES = 1, 2, 3, 4  # ProxyType; 0 is none

_SEPARATORS: Final = re.compile(r"[,\s]+")
_MARK: Final = re.compile(r"\[\$\w+\]\Z")  # of KDE's: "[$e]" after a key or a group says how it may be changed
_NAME_RULE: Final = re.compile(r"((?:[a-z][a-z0-9+.-]*://)?)([^/*<.\[][^/*]*)", re.IGNORECASE)


def read_kde_settings(environ: Mapping[str, str]) -> SystemProxySettings:
    """Reads kioslaverc, that of the system before that of the user, which overrides it. Raises OSError.

    See SettingGetterImplKDE in net/proxy_resolution/proxy_config_service_linux.cc.
    """
    values: dict[str, str] = {}
    for folder in config_folders(environ):
        try:
            with open(os.path.join(folder, _FILE), "rb") as file:
                values.update(parse_kioslaverc(file.read(_MAX_BYTES).decode("utf-8", "replace")))
        except (FileNotFoundError, NotADirectoryError):
            continue
    return kde_settings(values, environ)


def config_folders(environ: Mapping[str, str]) -> list[str]:
    """Where the file may be; the last one counts most. KDE 5 and 6 keep to XDG, earlier ones had a place of their own.

    Only KDE 3, which is gone, did not tell its version.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    if environ.get("KDE_SESSION_VERSION") in ("3", "4"):
        own = environ.get("KDEHOME")
        homes = [own] if own else [os.path.join(home, ".kde"), os.path.join(home, ".kde4")]
        return [os.path.join(folder, "share", "config") for folder in homes]
    of_system = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    of_user = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return [*[folder for folder in reversed(of_system) if folder], of_user]


class _KdeParser(configparser.RawConfigParser):
    """Takes names as they are written."""

    def optionxform(self, optionstr: str) -> str:
        """See RawConfigParser, which would have small letters only."""
        return optionstr


def parse_kioslaverc(text: str) -> dict[str, str]:
    """The entries of its group about proxies; none in a file that is something else."""
    parser = _KdeParser(
        delimiters=("=",), comment_prefixes=("#",), strict=False, allow_no_value=True, default_section=""
    )
    try:
        # Without blanks in front: KDE continues no lines, and Python's parser may fail over those that look so.
        parser.read_string(_NO_SECTION + "\n".join([line.strip() for line in text.split("\n")]))
    except configparser.Error:
        return {}
    entries: dict[str, str] = {}
    for section in parser.sections():
        if section.partition("]")[0] == _GROUP:
            entries.update({_MARK.sub("", key): value or "" for key, value in parser.items(section)})
    return entries


def kde_settings(values: Mapping[str, str], environ: Mapping[str, str]) -> SystemProxySettings:
    """What the entries mean. In mode 4 they are the names of environment variables, which are looked up here."""
    kind = _number(values.get("ProxyType", ""))
    if kind == _SCRIPT:
        return SystemProxySettings(_SOURCE, pac_url=values.get("Proxy Config Script", "").strip())
    if kind == _DETECT:
        return SystemProxySettings(_SOURCE, auto_detect=True)
    if kind not in (_MANUAL, _VARIABLES):
        return SystemProxySettings(_SOURCE)
    said = _looked_up(values, environ) if kind == _VARIABLES else values
    return SystemProxySettings(
        _SOURCE,
        rules=joined_rules([_entry(scheme, said.get(f"{scheme}Proxy", "")) for scheme in _SCHEMES]),
        bypass=joined_bypass(list(map(_suffix_rule, _SEPARATORS.split(said.get("NoProxyFor", ""))))),
        reverses_bypass=values.get("ReversedException", "").strip().lower() in ("true", "1"),
    )


def _looked_up(values: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """A CGI program's HTTP_PROXY is a header of a stranger's (CVE-2016-5385)."""
    is_cgi = "REQUEST_METHOD" in environ
    names = {key: name.strip() for key, name in values.items()}
    return {key: environ.get(name, "") for key, name in names.items() if not (is_cgi and name == "HTTP_PROXY")}


def _entry(scheme: str, value: str) -> str:
    """ "http://host:port", or with a blank before the port, as KDE 5 and 6 write it; "//:" is an empty host."""
    host, _, port = value.strip().removeprefix("//").partition(" ")
    return proxy_entry(scheme, host, port.strip())


def _suffix_rule(rule: str) -> str:
    """KDE compares the ends of names, so that "test" is all hosts that end so; addresses and blocks stay."""
    match = _NAME_RULE.fullmatch(rule)
    return rule if match is None or _is_address(match[2]) else f"{match[1]}*{match[2]}"


def _is_address(host: str) -> bool:
    return any([parse_ip_literal(text) is not None for text in (host, host.partition(":")[0])])


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() else 0
