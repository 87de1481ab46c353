"""Loads the certificates that a TrustConfig trusts, and keeps them as long as their files do not change.

Parsing a bundle takes some milliseconds; a session with one `verify` setting does it once.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netstack_sync.base.net_errors import ERR_IMPORT_CA_CERT_FAILED, OK
from netstack_sync.base.tls_warnings import tls_logger
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.ca_reader import CAReader, UnusableCAError, split_directories
from netstack_sync.workers.load_certificate import load_certificate
from netstack_sync.workers.stamped_cache import FileStamp, StampedCache, Stamps, source_stamps, stamp
from netstack_sync.workers.system_trust import DefaultSources, SystemVerifier, read_default_roots

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.verification import Store

_NO_AUTHORITIES: Final = (
    "there are no certificate authorities on this system; install the package ca-certificates, or certifi, "
    "or name whom to trust: verify='ca.pem'"
)


@dataclass(frozen=True, slots=True)
class TrustRoots:
    """Trusted certificates, or the reason why there are none. May be shared by threads."""

    certificates: tuple[x509.Certificate, ...]
    store: Store | None
    """The same, as the engine wants them; None when there are none."""
    is_default: bool
    """True when the system's own are trusted, with or without others."""
    net_error: int = OK
    """ERR_FILE_NOT_FOUND, ERR_ACCESS_DENIED..., or ERR_IMPORT_CA_CERT_FAILED if no certificate was found."""
    detail: str = ""
    added: frozenset[bytes] = frozenset()
    """SHA-256 of each certificate that is trusted besides the system's own and is not one of them."""
    verifier: SystemVerifier | None = None
    """Judges what leads to none of `certificates`, which then hold no root of the system's."""

    def is_known_root(self, der: bytes) -> bool:
        """Whether this one of `certificates`, where a chain ends, is the system's own."""
        return self.is_default and not (self.added and hashlib.sha256(der).digest() in self.added)

    def __repr__(self) -> str:
        what = f"{len(self.certificates)} certificates" if self.net_error == OK else self.detail
        besides = "" if self.verifier is None else f" besides those of {self.verifier.kind}"
        return f"<TrustRoots {what}{besides}>"


class TrustRootsCache:
    """Roots by configuration. Any worker thread; owned by whoever builds the verifiers."""

    __slots__ = ("_cache", "_defaults")

    def __init__(self, defaults: DefaultSources | None = None) -> None:
        self._defaults = defaults
        self._cache = StampedCache(self._load, self._stamps)

    def get(self, config: TrustConfig) -> TrustRoots:
        """The roots of `config`; reads files when they are new or have changed. Errors are not remembered."""
        return self._cache.get(config)

    def forget(self) -> None:
        """Reads everything anew from now on. Any thread; waits for nobody who reads."""
        self._cache.forget()

    def _load(self, config: TrustConfig) -> TrustRoots:
        return load_trust_roots(config, self._default_sources())

    def _stamps(self, config: TrustConfig) -> Stamps:
        paths = [source for source in (config.ca_file, *config.extra_ca) if isinstance(source, str)]
        if config.ca_path is not None:
            paths += split_directories(config.ca_path)
        stamps: list[FileStamp | None] = []
        for path in paths:
            stamps += source_stamps(path)
        if config.uses_default_roots:  # hundreds, which packages replace and do not write to
            stamps += map(stamp, self._default_sources().files)
        return tuple(stamps)

    def _default_sources(self) -> DefaultSources:
        """Found out by the first who asks; two at once find the same."""
        if self._defaults is None:
            self._defaults = DefaultSources.from_system()
        return self._defaults


def load_trust_roots(config: TrustConfig, defaults: DefaultSources) -> TrustRoots:
    """Reads and parses; never raises. A source that the user named must be usable, or nothing is trusted.

    The system's verifier knows nothing of the user's revocation lists: with those its files count instead.
    """
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509.verification import Store

    # Two public roots have the serial number 0. The user can do nothing about it, so at the very end of the
    # filters, behind any of the user's, this says that nobody needs to be told. Somebody who turns warnings
    # into errors loses these roots.
    warnings.filterwarnings(
        "ignore", "Parsed a serial number which wasn't positive", CryptographyDeprecationWarning, append=True
    )
    verifier = defaults.verifier if config.uses_default_roots and not config.crls else None
    reader = CAReader(load_certificate)
    try:
        if verifier is None:
            _read_roots(reader, config, defaults)
        own = len(reader.found)
        for source in config.extra_ca:
            reader.add_extra(source)
        if not reader.found and verifier is None:
            raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, _NO_AUTHORITIES)
    except UnusableCAError as error:
        return TrustRoots((), None, False, error.net_error, str(error))
    for line in reader.passed_over:
        tls_logger.warning(line)
    added = frozenset([hashlib.sha256(der).digest() for der in list(reader.found)[own:]])
    certificates = tuple(reader.found.values())
    store = Store(list(certificates)) if certificates else None
    return TrustRoots(certificates, store, config.uses_default_roots, added=added, verifier=verifier)


def _read_roots(reader: CAReader[x509.Certificate], config: TrustConfig, defaults: DefaultSources) -> None:
    if config.uses_default_roots:
        read_default_roots(reader, defaults)
    else:
        reader.add_named(config)
