"""Where the system keeps its roots: files and directories, or a verifier of its own on macOS and Windows.

SSL_CERT_FILE and SSL_CERT_DIR are not looked at: who honours the environment puts them into the TrustConfig.
"""

from __future__ import annotations

import importlib
import ssl
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, TypeVar

from netstack_sync.workers.ca_reader import CAReader, check_der

T = TypeVar("T")

SystemCheck: TypeAlias = Callable[[object, list[bytes], str], None]
"""Judges a chain, DER with the leaf first, for a host, by what it finds in something like an SSLContext. Raises
ssl.SSLCertVerificationError. May use the network.
"""

# Some builds of Python bring an OpenSSL that looks where this system has nothing: those of uv and of python.org.
# The bundles of distributions, as Go and truststore know them.
_WELL_KNOWN_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Gentoo, Alpine with its package ca-certificates
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora up to 43, RHEL up to 10
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/cert.pem",  # Alpine, BSD
)
_VERIFIERS: Final = {"darwin": ("macOS", "_macos"), "win32": ("Windows", "_windows")}


class SystemVerifier(NamedTuple):
    """The system judges chains itself."""

    kind: str
    """ "macOS" or "Windows"."""
    check: SystemCheck


@dataclass(frozen=True, slots=True)
class TrustSource:
    """Whose roots count when none are named."""

    kind: str
    """ "system file", "system directory", "certifi", "macOS", "Windows", or "none"."""
    where: str
    """The file or directory; empty where the system has a verifier of its own."""
    certificates: int | None
    """How many; None where the system does not tell."""


class DefaultSources:
    """Where roots are when none are named: bundle and directory add up, the next ones are for when they hold nothing.

    Where there is a `verifier` it counts instead; the files are then for what it cannot do.
    """

    __slots__ = ("bundle", "directory", "fallback", "verifier", "well_known")

    def __init__(
        self,
        bundle: str,
        directory: str,
        fallback: str,
        well_known: tuple[str, ...] = (),
        verifier: SystemVerifier | None = None,
    ) -> None:
        self.bundle = bundle
        self.directory = directory
        self.fallback = fallback
        self.well_known = well_known
        self.verifier = verifier

    @classmethod
    def from_system(cls, platform: str = sys.platform) -> DefaultSources:
        """The places compiled into OpenSSL, those of distributions, certifi, and the system's verifier."""
        import certifi

        paths = ssl.get_default_verify_paths()
        well_known = () if platform in _VERIFIERS else _WELL_KNOWN_BUNDLES
        verifier = load_system_verifier(platform)
        return cls(paths.openssl_cafile, paths.openssl_capath, certifi.where(), well_known, verifier)

    @property
    def files(self) -> tuple[str, ...]:
        """Every place that is looked at."""
        return self.bundle, self.directory, *self.well_known, self.fallback


def load_system_verifier(platform: str) -> SystemVerifier | None:
    """What truststore asks of the system; None where the system has no verifier, or truststore is not installed.

    The module is named for the platform: on Linux truststore has one too, which lets everything pass.
    """
    kind, module_name = _VERIFIERS.get(platform, ("", ""))
    if not kind:
        return None
    try:
        module = importlib.import_module(f"truststore.{module_name}")
        check: SystemCheck = module._verify_peercerts_impl  # has no public name
    except (ImportError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "truststore":
            return None
        text = (
            f"truststore cannot be used, so the certificates of {kind} do not count: {error}; install truststore 0.10"
        )
        warnings.warn(text, RuntimeWarning, stacklevel=2)
        return None
    return SystemVerifier(kind, check)


def read_default_roots(reader: CAReader[T], defaults: DefaultSources) -> TrustSource:
    """Reads whatever can be: one bad file of the distribution must not cut off the network."""
    reader.add_leniently(defaults.bundle)
    in_bundle = len(reader.found)
    reader.add_hashed_files(defaults.directory)
    if in_bundle:
        is_more = len(reader.found) > in_bundle
        where = f"{defaults.bundle} and {defaults.directory}" if is_more else defaults.bundle
        return TrustSource("system file", where, len(reader.found))
    if reader.found:
        return TrustSource("system directory", defaults.directory, len(reader.found))
    for path in defaults.well_known:
        if reader.add_leniently(path):
            return TrustSource("system file", path, len(reader.found))
    reader.add_leniently(defaults.fallback)
    kind, where = ("certifi", defaults.fallback) if reader.found else ("none", "")
    return TrustSource(kind, where, len(reader.found))


def default_trust_source(defaults: DefaultSources | None = None) -> TrustSource:
    """Whose roots count when none are named, found out by reading them: some milliseconds."""
    defaults = defaults or DefaultSources.from_system()
    if defaults.verifier is not None:
        return TrustSource(defaults.verifier.kind, "", None)
    return read_default_roots(CAReader(check_der), defaults)
