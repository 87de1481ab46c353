"""What `netstack doctor` finds out about this installation, as values."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import selectors
import ssl
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from netstack_sync._version import __version__
from netstack_sync.base.features import DISABLE_VARIABLE, ENABLE_VARIABLE, FeatureList
from netstack_sync.cli.doctor_proxies import proxy_fault, proxy_variables
from netstack_sync.dns.ipv6_probe import ipv6_source_address, is_global_source
from netstack_sync.fetcher.decoding import accept_encoding
from netstack_sync.fetcher.tls_arguments import Verification, verification_from
from netstack_sync.loop.poller import DefaultPoller
from netstack_sync.workers.ca_reader import CAReader, UnusableCAError, check_der
from netstack_sync.workers.pem_blocks import is_pem_text, quoted
from netstack_sync.workers.system_trust import DefaultSources, TrustSource, default_trust_source

_LIBRARIES: Final = ("cryptography", "urllib3", "certifi")
_AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_KEY_LOG: Final = "SSLKEYLOGFILE"


class Variable(NamedTuple):
    """A variable of the environment that is set, and what that changes for a session."""

    name: str
    value: str
    effect: str


class Extra(NamedTuple):
    """A part that is installed on demand; without one `version` is None."""

    name: str
    version: str | None
    purpose: str


@dataclass(slots=True)
class Report:
    """The whole; nothing in it is secret, but paths are."""

    versions: dict[str, str]
    trust: TrustSource
    """Whose roots verify=True means: `kind` may also be variables of the environment."""
    system_trust: TrustSource
    """Whose it would mean without the environment."""
    environment: list[Variable]
    extras: list[Extra]
    event_loop: str
    """What it waits with."""
    has_ipv6: bool
    """Whether there is a way into the IPv6 internet."""
    problems: list[str]
    """Each in a line that says what to do."""


def make_report(environment: Mapping[str, str], system: str = sys.platform) -> Report:
    """Looks at everything; some milliseconds, most of them for reading certificates."""
    problems: list[str] = []
    system_trust = _system_trust(system, problems)
    verification = verification_from(True, environment)
    trust = _trust_in_use(verification, system_trust, problems)
    if trust.certificates == 0 and trust is system_trust:
        problems.append("there are no certificate authorities; install the package ca-certificates, or certifi")
    key_log_fault = _key_log_fault(environment.get(_KEY_LOG))
    if key_log_fault:
        problems.append(f"{_KEY_LOG}: {key_log_fault}; correct it or unset it")
    if fault := proxy_fault(environment):
        problems.append(f"{fault}; correct it or unset it")
    try:
        FeatureList.from_environment(environment)
    except ValueError as error:
        problems.append(f"{error}; correct it or unset it")
    return Report(
        versions=_versions(),
        trust=trust,
        system_trust=system_trust,
        environment=_variables(environment, verification.source, key_log_fault),
        extras=_extras(),
        event_loop=backend_name(DefaultPoller.__name__, selectors.DefaultSelector.__name__),
        has_ipv6=is_global_source(ipv6_source_address()),
        problems=problems,
    )


def backend_name(poller: str, selector: str) -> str:
    """What the event loop waits with, from the names of classes: "epoll", "kqueue", "select"."""
    name = poller if poller != "SelectorPoller" else selector
    return name.removesuffix("Poller").removesuffix("Selector").lower()


def _versions() -> dict[str, str]:
    versions = {
        "netstack_sync": __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(),
        "OpenSSL": ssl.OPENSSL_VERSION,
    }
    return versions | {name: _version_of(name) or "unknown" for name in _LIBRARIES}


def _version_of(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _system_trust(system: str, problems: list[str]) -> TrustSource:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        sources = DefaultSources.from_system(system)
    problems += [str(warning.message) for warning in heard]
    return default_trust_source(sources)


def _trust_in_use(verification: Verification, system_trust: TrustSource, problems: list[str]) -> TrustSource:
    trust = verification.trust
    if trust.uses_default_roots:
        return system_trust
    reader = CAReader(check_der)
    try:
        reader.add_named(trust)
    except UnusableCAError as error:
        problems.append(f"{verification.source}: {error}, or unset it")
    where = " and ".join([_shown(path) for path in (trust.ca_file, trust.ca_path) if path is not None])
    return TrustSource(verification.source, where, len(reader.found))


def _key_log_fault(path: str | None) -> str:
    """Without making the file: whoever asks what would happen does not want it to happen."""
    if not path:
        return ""
    folder, is_there = os.path.dirname(path) or ".", os.path.exists(path)
    if is_pem_text(path):
        reason = "it takes a path"
    elif not is_there and not os.path.isdir(folder):
        reason = f"there is no folder {quoted(folder)}"
    elif os.path.isdir(path):
        reason = "it is a folder"
    elif not os.access(path if is_there else folder, os.W_OK):
        reason = f"{'the file' if is_there else 'its folder'} may not be written to"
    else:
        return ""
    return f"cannot write TLS secrets to {quoted(path)}: {reason}"


def _shown(value: str) -> str:
    """Somebody may have put a key where a path belongs."""
    return "PEM text" if is_pem_text(value) else value


def _variables(environment: Mapping[str, str], trust_source: str, key_log_fault: str) -> list[Variable]:
    counted = trust_source.split(" and ")
    effects = {
        name: "trusted instead of the system's" if name in counted else f"does not count beside {trust_source}"
        for name in _AUTHORITIES
    }
    secrets = "the secrets of TLS connections are written there: whoever has it can read them"
    effects[_KEY_LOG] = "sessions cannot be made: it cannot be written" if key_log_fault else secrets
    effects[ENABLE_VARIABLE] = "these features are on"
    effects[DISABLE_VARIABLE] = "these features are off"
    found = [Variable(name, _shown(value), effects[name]) for name in effects if (value := environment.get(name))]
    return found + [Variable(*each) for each in proxy_variables(environment)]


def _extras() -> list[Extra]:
    codings = accept_encoding().split(", ")
    brotli = _version_of("brotli") or ("another library" if "br" in codings else None)
    zstd = _version_of("backports-zstd") or ("part of Python" if "zstd" in codings else None)
    return [
        Extra("brotli", brotli, "bodies in br"),
        Extra("zstd", zstd, "bodies in zstd"),
        Extra("doh", _version_of("dnspython"), "DNS over HTTPS"),
        Extra("auth", _version_of("pyspnego"), "NTLM and Negotiate"),
        Extra("pac", _version_of("quickjs-ng"), "scripts that choose proxies"),
        Extra("truststore", _version_of("truststore"), "the certificates of macOS and Windows"),
        Extra("cli", _version_of("rich"), "the progress bar of netstack fetch"),
    ]
