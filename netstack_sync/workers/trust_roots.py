"""Loads the certificates that a TrustConfig trusts, and keeps them as long as their files do not change.

Parsing a bundle takes some milliseconds; a session with one `verify` setting does it once. The default is the
system's store as the OpenSSL of this Python knows it, or certifi where that holds nothing (macOS, Windows).
SSL_CERT_FILE and SSL_CERT_DIR are not looked at: who honours the environment puts them into the TrustConfig.
"""

from __future__ import annotations

import errno
import os
import re
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netstack_sync.base.error_map import map_system_error
from netstack_sync.base.net_errors import ERR_IMPORT_CA_CERT_FAILED, ERR_INVALID_ARGUMENT, OK
from netstack_sync.base.trust_config import TrustConfig

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.verification import Store

_MAX_CONFIGS: Final = 16  # a parsed bundle takes about a megabyte

_find_pem_blocks: Final = re.compile(
    rb"-----BEGIN (?:X509 )?CERTIFICATE-----.+?-----END (?:X509 )?CERTIFICATE-----", re.DOTALL
).findall
_is_hashed_name: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+").fullmatch

_FileStamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class TrustRoots:
    """Trusted certificates, or the reason why there are none. May be shared by threads."""

    certificates: tuple[x509.Certificate, ...]
    store: Store | None
    """The same, as the engine wants them; None when there are none."""
    is_default: bool
    """True for the system's own."""
    net_error: int = OK
    """ERR_FILE_NOT_FOUND, ERR_ACCESS_DENIED..., or ERR_IMPORT_CA_CERT_FAILED if no certificate was found."""
    detail: str = ""

    def __repr__(self) -> str:
        what = f"{len(self.certificates)} certificates" if self.net_error == OK else self.detail
        return f"<TrustRoots {what}>"


class DefaultSources:
    """Where the system keeps its roots; the first two add up, the last is for when they hold nothing."""

    __slots__ = ("bundle", "directory", "fallback")

    def __init__(self, bundle: str, directory: str, fallback: str) -> None:
        self.bundle = bundle
        self.directory = directory
        self.fallback = fallback

    @classmethod
    def from_system(cls) -> DefaultSources:
        """The places compiled into OpenSSL, and certifi."""
        import ssl

        import certifi

        paths = ssl.get_default_verify_paths()
        return cls(paths.openssl_cafile, paths.openssl_capath, certifi.where())


class _UnusableError(Exception):
    """A source named by the user that cannot be used."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(detail)
        self.net_error = net_error


class _Entry:
    """The roots of one configuration, and the lock of whoever reads them."""

    __slots__ = ("lock", "roots", "stamps")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.roots: TrustRoots | None = None
        self.stamps: tuple[_FileStamp | None, ...] = ()


class TrustRootsCache:
    """Roots by configuration. Any worker thread; owned by whoever builds the verifiers.

    Each configuration has a lock that is held while its files are read: workers that need the same roots at the
    same time should parse them once, and six connections opened at once do need them at the same time. A file
    system that hangs holds nobody up who wants other roots.
    """

    __slots__ = ("_defaults", "_entries", "_lock")

    def __init__(self, defaults: DefaultSources | None = None) -> None:
        self._defaults = defaults
        self._lock = threading.Lock()
        """Guards the dictionary, and is held for a look at it only."""
        self._entries: dict[TrustConfig, _Entry] = {}

    def get(self, config: TrustConfig) -> TrustRoots:
        """The roots of `config`; reads files when they are new or have changed. Errors are not remembered."""
        entry = self._entry_of(config)
        with entry.lock:
            defaults = self._defaults
            if defaults is None:
                defaults = self._defaults = DefaultSources.from_system()
            stamps = _stamps(config, defaults)
            if entry.roots is not None and entry.stamps == stamps:
                return entry.roots
            roots = load_trust_roots(config, defaults)
            entry.stamps, entry.roots = stamps, roots if roots.net_error == OK else None
            return roots

    def forget(self) -> None:
        """Reads everything anew from now on. Any thread; waits for nobody who reads."""
        with self._lock:
            self._entries = {}

    def _entry_of(self, config: TrustConfig) -> _Entry:
        with self._lock:
            entry = self._entries.get(config)
            if entry is None:
                if len(self._entries) >= _MAX_CONFIGS:
                    del self._entries[next(iter(self._entries))]
                entry = self._entries[config] = _Entry()
            return entry


def load_trust_roots(config: TrustConfig, defaults: DefaultSources) -> TrustRoots:
    """Reads and parses; never raises. A source that the user named must be usable, or nothing is trusted."""
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509.verification import Store

    # Two public roots have the serial number 0. The user can do nothing about it, so at the very end of the
    # filters, behind any of the user's, this says that nobody needs to be told. Somebody who turns warnings
    # into errors loses these roots.
    warnings.filterwarnings(
        "ignore", "Parsed a serial number which wasn't positive", CryptographyDeprecationWarning, append=True
    )
    try:
        if config.uses_default_roots:
            certificates = _load_defaults(defaults)
        else:
            certificates = _load_sources(config)
    except _UnusableError as error:
        return TrustRoots((), None, False, error.net_error, str(error))
    unique = list(dict.fromkeys(certificates))
    return TrustRoots(tuple(unique), Store(unique), config.uses_default_roots)


def _load_defaults(defaults: DefaultSources) -> list[x509.Certificate]:
    """Whatever can be read: one bad file of the distribution must not cut off the network."""
    certificates: list[x509.Certificate] = []
    for path in (defaults.bundle, *_hashed_files(defaults.directory)):
        certificates += _load_leniently(path)
    certificates = certificates or _load_leniently(defaults.fallback)
    if not certificates:
        raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, "this system has no certificate authorities")
    return certificates


def _load_sources(config: TrustConfig) -> list[x509.Certificate]:
    certificates: list[x509.Certificate] = []
    if config.ca_file is not None:
        certificates += _parse_pem(_read(config.ca_file, "file"), f"the CA file {config.ca_file!r}")
    if config.ca_path is not None:
        certificates += _load_directory(config.ca_path)
    if config.ca_data is not None:
        certificates += _parse_data(config.ca_data)
    return certificates


def _load_directory(path: str) -> list[x509.Certificate]:
    try:
        os.scandir(path).close()
    except OSError as error:
        raise _unreadable(error, "directory", path) from error
    certificates: list[x509.Certificate] = []
    for file in _hashed_files(path):
        certificates += _load_leniently(file)
    if not certificates:
        hint = "files need the names that `openssl rehash` gives them"
        detail = f"the CA directory {path!r} holds no certificate; {hint}"
        raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, detail)
    return certificates


def _hashed_files(directory: str) -> list[str]:
    """The files that OpenSSL would look at, in a stable order; none if there is no such directory."""
    try:
        names = sorted(filter(_is_hashed_name, os.listdir(directory)))
    except OSError:
        return []
    return [os.path.join(directory, name) for name in names]


def _load_leniently(path: str) -> list[x509.Certificate]:
    """What can be parsed of what can be read."""
    from cryptography import x509

    certificates = []
    try:
        blocks = _find_pem_blocks(_read(path, "file"))
    except _UnusableError:
        return []
    for block in blocks:
        try:
            certificates.append(x509.load_pem_x509_certificate(block))
        except (ValueError, Warning):
            continue
    return certificates


def _parse_data(data: str | bytes) -> list[x509.Certificate]:
    from cryptography import x509

    raw = data.encode() if isinstance(data, str) else data
    if isinstance(data, str) or b"-----BEGIN " in raw:
        return _parse_pem(raw, "the CA data")
    try:
        return [x509.load_der_x509_certificate(raw)]
    except (ValueError, Warning) as error:
        detail = f"the CA data is neither PEM nor a DER certificate: {error}"
        raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, detail) from error


def _parse_pem(data: bytes, where: str) -> list[x509.Certificate]:
    from cryptography import x509

    blocks = _find_pem_blocks(data)
    if not blocks:
        raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, f"{where} holds no PEM certificate")
    certificates = []
    for number, block in enumerate(blocks, 1):
        try:
            certificates.append(x509.load_pem_x509_certificate(block))
        except Warning:
            continue  # warnings are errors in this process; one odd root of a bundle is none of the user's
        except ValueError as error:
            detail = f"certificate {number} of {where} cannot be read: {error}"
            raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, detail) from error
    if not certificates:
        raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, f"{where} holds no certificate that can be read")
    return certificates


def _read(path: str, kind: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise _unreadable(error, kind, path) from error


def _unreadable(error: OSError | ValueError, kind: str, path: str) -> _UnusableError:
    if isinstance(error, OSError):
        net_error, reason = map_system_error(error.errno or errno.EIO), error.strerror
    else:  # a path with a NUL in it
        net_error, reason = ERR_INVALID_ARGUMENT, str(error)
    return _UnusableError(net_error, f"the CA {kind} {path!r} cannot be read: {reason}")


def _stamps(config: TrustConfig, defaults: DefaultSources) -> tuple[_FileStamp | None, ...]:
    """Changes when a file of `config` is replaced or written, or a directory gets or loses a file."""
    if config.uses_default_roots:
        return _stamp(defaults.bundle), _stamp(defaults.directory), _stamp(defaults.fallback)
    return tuple(_stamp(path) for path in (config.ca_file, config.ca_path) if path is not None)


def _stamp(path: str) -> _FileStamp | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
