"""Loads certificate revocation lists (RFC 5280 §5), and keeps them as long as their files do not change.

A source is a file, PEM with any number of lists or DER, or a directory; of a directory every file counts that
holds lists. The lists are judged in certificate_revocation.py.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from netstack_sync.base.error_map import map_system_error
from netstack_sync.base.net_errors import ERR_IMPORT_CA_CERT_FAILED, ERR_INVALID_ARGUMENT, OK
from netstack_sync.workers.load_certificate import load_revocation_list
from netstack_sync.workers.pem_blocks import find_pem_blocks
from netstack_sync.workers.stamped_cache import FileStamp, StampedCache, Stamps, stamp

if TYPE_CHECKING:
    from cryptography import x509

_LABEL: Final = "X509 CRL"
_WANTED: Final = "name certificate revocation lists, in PEM (-----BEGIN X509 CRL-----), or one in DER"

_MAX_ISSUERS: Final = 8  # certificates of one name that are remembered for a list; there is one, or two of one key

# As OpenSSL: what is critical and not among these may change the meaning of the list.
_UNDERSTOOD_OIDS: Final = ("2.5.29.28", "2.5.29.35", "2.5.29.27")  # issuing point, issuer's key, delta


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list as it was read; nobody has vouched for it yet."""

    crl: x509.CertificateRevocationList
    source: str
    """The file it is from."""
    scope: x509.IssuingDistributionPoint | None
    """Which of its issuer's certificates it is about; None for all."""
    is_delta: bool
    """True for changes to another list."""
    complaint: str
    """Why it cannot be used, in words; empty when it can."""
    serial_numbers: frozenset[int]
    """Of the certificates that it has entries about: the library would go through all entries each time."""
    _signed_by: dict[x509.Certificate, bool] = field(default_factory=dict, repr=False, compare=False)

    def is_signed_by(self, issuer: x509.Certificate) -> bool:
        """Whether the key of `issuer` has signed the list; found out once, as long lists take milliseconds.

        Any thread: at worst two find out the same.
        """
        known = self._signed_by.get(issuer)
        if known is None:
            if len(self._signed_by) >= _MAX_ISSUERS:
                self._signed_by.clear()
            known = self._signed_by[issuer] = _has_signed(issuer, self.crl)
        return known


def _has_signed(issuer: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        # The types name the kinds of keys one by one; others raise.
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


@dataclass(frozen=True, slots=True)
class RevocationLists:
    """Lists, or the reason why there are none. May be shared by threads."""

    lists: tuple[RevocationList, ...]
    net_error: int = OK
    """ERR_FILE_NOT_FOUND, ERR_ACCESS_DENIED..., or ERR_IMPORT_CA_CERT_FAILED if a source holds no list."""
    detail: str = ""

    def __repr__(self) -> str:
        return f"<RevocationLists {len(self.lists) if self.net_error == OK else self.detail}>"


class RevocationListsCache:
    """Lists by their sources. Any worker thread; owned by whoever builds the verifiers."""

    __slots__ = ("_cache",)

    def __init__(self) -> None:
        self._cache: StampedCache[tuple[str, ...], RevocationLists] = StampedCache(load_revocation_lists, _stamps)

    def get(self, sources: tuple[str, ...]) -> RevocationLists:
        """The lists of TrustConfig.crls; reads files when they are new or have changed. Errors are not remembered."""
        return self._cache.get(sources)

    def forget(self) -> None:
        """Reads everything anew from now on. Any thread."""
        self._cache.forget()


class _UnusableError(Exception):
    """A source named by the user that cannot be used."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(detail)
        self.net_error = net_error


def load_revocation_lists(sources: tuple[str, ...]) -> RevocationLists:
    """Reads and parses; never raises. Every source must be usable, or there are none at all."""
    lists: list[RevocationList] = []
    try:
        for source in sources:
            lists += _load_directory(source) if os.path.isdir(source) else _load_file(source)
    except _UnusableError as error:
        return RevocationLists((), error.net_error, str(error))
    return RevocationLists(tuple(lists))


def _load_directory(path: str) -> list[RevocationList]:
    lists: list[RevocationList] = []
    for file in _files(path):
        lists += _parse(_read(file), file)
    if not lists:
        detail = f"no file of the directory {path!r} holds a certificate revocation list; {_WANTED}"
        raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, detail)
    return lists


def _load_file(path: str) -> list[RevocationList]:
    lists = _parse(_read(path), path)
    if not lists:
        detail = f"the file {path!r} holds no certificate revocation list; {_WANTED}"
        raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, detail)
    return lists


def _files(directory: str) -> list[str]:
    """The files of a directory, not those of directories in it, in a stable order."""
    try:
        paths = [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    except OSError as error:
        raise _unreadable(error, directory) from error
    return [path for path in paths if os.path.isfile(path)]


def _parse(data: bytes, path: str) -> list[RevocationList]:
    """The lists in `data`; none where it is something else. What says that it is a list must be one."""
    blocks = find_pem_blocks(data)
    if not blocks:
        try:
            return [_examined(load_revocation_list(data), path)]
        except ValueError:
            return []
    lists = []
    for number, block in enumerate([block for block in blocks if block.label == _LABEL], 1):
        try:
            lists.append(_examined(load_revocation_list(block.decode()), path))
        except ValueError as error:
            detail = f"revocation list {number} of the file {path!r} cannot be read: {error}; copy it anew"
            raise _UnusableError(ERR_IMPORT_CA_CERT_FAILED, detail) from error
    return lists


def _examined(crl: x509.CertificateRevocationList, path: str) -> RevocationList:
    """With everything that can be said before a certificate is seen: it takes long where thousands are listed."""
    from cryptography import x509

    scope, is_delta, complaint = None, False, ""
    try:
        for extension in crl.extensions:
            if isinstance(extension.value, x509.IssuingDistributionPoint):
                scope = extension.value
            is_delta = is_delta or isinstance(extension.value, x509.DeltaCRLIndicator)
            if extension.critical and extension.oid.dotted_string not in _UNDERSTOOD_OIDS:
                complaint = f"its critical extension {extension.oid.dotted_string} is not understood"
        # Such an extension may change whose entries follow (RFC 5280 §5.3), so it does not matter which has it.
        if any(extension.critical for entry in crl for extension in entry.extensions):
            complaint = "an entry has a critical extension that is not understood"
    except Exception as error:  # the library reads late and complains in many ways
        complaint = f"it cannot be understood: {type(error).__name__}: {error}"
    serial_numbers = frozenset([entry.serial_number for entry in crl])
    return RevocationList(crl, path, scope, is_delta, complaint, serial_numbers)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise _unreadable(error, path) from error


def _unreadable(error: OSError | ValueError, path: str) -> _UnusableError:
    if isinstance(error, OSError):
        net_error, reason = map_system_error(error.errno or errno.EIO), error.strerror
    else:  # a path with a NUL in it
        net_error, reason = ERR_INVALID_ARGUMENT, str(error)
    hint = "check the path and its permissions"
    return _UnusableError(net_error, f"the revocation lists of {path!r} cannot be read: {reason}; {hint}")


def _stamps(sources: tuple[str, ...]) -> Stamps:
    """Changes with any file: who renews lists often writes them in place, which a directory does not show."""
    stamps: list[FileStamp | None] = []
    for source in sources:
        stamps.append(stamp(source))
        try:
            stamps += map(stamp, _files(source))
        except _UnusableError:
            continue  # a file, or a directory that loading will complain of
    return tuple(stamps)
