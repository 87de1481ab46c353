"""read_macos_settings(): the proxies of macOS, those of the network service that is in use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from netstack_sync.workers.proxy_settings import SystemProxySettings, joined_bypass, joined_rules, proxy_entry
from netstack_sync.workers.settings_tool import output_of

_SOURCE: Final = "macOS"
_COMMAND: Final = ("/usr/sbin/scutil", "--proxy")
_SCHEMES: Final = (("http", "HTTP"), ("https", "HTTPS"), ("ftp", "FTP"), ("socks", "SOCKS"))
_LINE: Final = re.compile(r"\s*(\S+) : (.*)")
_SHORT_BLOCK: Final = re.compile(r"([0-9]+(?:\.[0-9]+){0,2})/([0-9]+)")


class ScutilValues(NamedTuple):
    """What the tool printed, without the settings of single interfaces, which stand in a dictionary of their own."""

    texts: Mapping[str, str]
    exceptions: Sequence[str]


def read_macos_settings(tool: Callable[[Sequence[str]], str] = output_of) -> SystemProxySettings:
    """Asks scutil; raises OSError when it does not answer (net/proxy_resolution/proxy_config_service_mac.cc)."""
    return macos_settings(parse_scutil(tool(_COMMAND)))


def macos_settings(values: ScutilValues) -> SystemProxySettings:
    """What the keys mean; what is not enabled does not count."""
    texts = values.texts
    entries = [
        proxy_entry(scheme, texts.get(f"{name}Proxy", ""), texts.get(f"{name}Port", ""))
        for scheme, name in _SCHEMES
        if texts.get(f"{name}Enable") == "1"
    ]
    simple = ["<local>"] if texts.get("ExcludeSimpleHostnames") == "1" else []
    uses_pac = texts.get("ProxyAutoConfigEnable") == "1"
    return SystemProxySettings(
        _SOURCE,
        auto_detect=texts.get("ProxyAutoDiscoveryEnable") == "1",
        pac_url=texts.get("ProxyAutoConfigURLString", "").strip() if uses_pac else "",
        rules=joined_rules(entries),
        bypass=joined_bypass([*simple, *map(_whole_block, values.exceptions)]),
    )


def parse_scutil(text: str) -> ScutilValues:
    """A dictionary in braces, a line for each key; lists and dictionaries in it have braces of their own."""
    texts: dict[str, str] = {}
    exceptions: list[str] = []
    opened: list[str] = []
    for line in text.splitlines():
        if line.strip() == "}":
            opened = opened[:-1]
            continue
        match = _LINE.fullmatch(line)
        key, value = (match[1], match[2].strip()) if match is not None else ("", line.strip())
        if value.endswith("{") and value.startswith("<"):
            opened.append(key)
        elif opened == [""]:
            texts[key] = value
        elif opened == ["", "ExceptionsList"]:
            exceptions.append(value)
    return ScutilValues(texts, exceptions)


def _whole_block(rule: str) -> str:
    """ "169.254/16", as macOS writes it, with all four numbers."""
    match = _SHORT_BLOCK.fullmatch(rule.strip())
    if match is None:
        return rule
    return f"{match[1]}{'.0' * (3 - match[1].count('.'))}/{match[2]}"
