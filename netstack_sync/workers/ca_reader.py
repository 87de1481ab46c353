"""CAReader: collects the certificates that files, directories and data hold.

What the user names must be usable as a whole: a file that is cut off, or one certificate of it that is damaged, is
an error, as its owner counts on all of it. In a directory only the whole must hold something: what cannot be read
there, or is a key or a list, is passed over, as OpenSSL does.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from netstack_sync.base.error_map import map_system_error
from netstack_sync.base.net_errors import ERR_IMPORT_CA_CERT_FAILED, ERR_INVALID_ARGUMENT
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.pem_blocks import PemBlock, find_pem_blocks

T = TypeVar("T")

_is_hashed_name: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+").fullmatch
_ENDINGS: Final = (".pem", ".crt", ".cer")
_SEQUENCE: Final = b"\x30"
_WANTED: Final = "name the authorities' certificates, in PEM (-----BEGIN CERTIFICATE-----), or one in DER"


class UnusableCAError(Exception):
    """A source named by the user that cannot be used; the text says which, why, and what to do."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(detail)
        self.net_error = net_error


class CAReader(Generic[T]):
    """Fills `found`. `parse` makes of DER what is wanted; it raises ValueError for what is no certificate.

    With `reads_pipes` False pipes and devices are taken to be good unread: they can be read once.
    """

    __slots__ = ("_parse", "_reads_pipes", "found")

    def __init__(self, parse: Callable[[bytes], T], reads_pipes: bool = True) -> None:
        self._parse = parse
        self._reads_pipes = reads_pipes
        self.found: dict[bytes, T] = {}
        """By DER; each once, in the order of the sources."""

    def add_named(self, config: TrustConfig) -> None:
        """What `config` names instead of the system's roots; raises UnusableCAError."""
        if config.ca_file is not None:
            self.add_file(config.ca_file)
        if config.ca_path is not None:
            self._add_directories(split_directories(config.ca_path))
        if config.ca_data is not None:
            self.add_data(config.ca_data)

    def add_extra(self, source: str | bytes) -> None:
        """A file, a directory, or data; raises UnusableCAError."""
        if isinstance(source, bytes):
            self.add_data(source)
        elif os.path.isdir(source):
            self.add_directory(source)
        else:
            self.add_file(source)

    def add_file(self, path: str) -> None:
        """PEM, or one DER certificate; raises UnusableCAError."""
        if self._reads_pipes or not _is_pipe(path):
            self._add_all(_read(path), f"the CA file {path!r}")

    def add_data(self, data: str | bytes) -> None:
        """The same from memory; raises UnusableCAError."""
        self._add_all(data.encode("utf-8", "replace") if isinstance(data, str) else data, "the CA data")

    def add_directory(self, path: str) -> None:
        """The files named as `openssl rehash` does; without any, those that end in .pem, .crt or .cer.

        Raises UnusableCAError when none holds a certificate.
        """
        try:
            names = os.listdir(path)
        except (OSError, ValueError) as error:
            raise _unreadable(error, "directory", path) from error
        chosen = [name for name in names if _is_hashed_name(name)]
        chosen = chosen or [name for name in names if name.lower().endswith(_ENDINGS)]
        if not [name for name in sorted(chosen) if self.add_leniently(os.path.join(path, name))]:
            hint = "its files need the names that `openssl rehash` gives them, or the ending .pem, .crt or .cer"
            raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, f"the CA directory {path!r} holds no certificate; {hint}")

    def add_hashed_files(self, directory: str) -> None:
        """What OpenSSL would look at there; nothing if there is no such directory."""
        try:
            names = os.listdir(directory)
        except OSError:
            return
        for name in sorted(filter(_is_hashed_name, names)):
            self.add_leniently(os.path.join(directory, name))

    def add_leniently(self, path: str) -> bool:
        """What can be parsed of what can be read; says if there was anything."""
        if not self._reads_pipes and _is_pipe(path):
            return True
        try:
            data = _read(path)
        except UnusableCAError:
            return False
        blocks = find_pem_blocks(data)
        found = (
            [self._is_added(block) for block in blocks if block.is_certificate] if blocks else [self._is_added(data)]
        )
        return any(found)

    def _add_directories(self, paths: list[str]) -> None:
        """Of several one at least must be usable."""
        errors = []
        for path in paths:
            try:
                self.add_directory(path)
            except UnusableCAError as error:
                errors.append(error)
        if len(errors) == len(paths):
            raise errors[0]

    def _add_all(self, data: bytes, where: str) -> None:
        blocks = find_pem_blocks(data)
        chosen = [block for block in blocks if block.is_certificate or not block.is_whole]
        if not chosen:
            self._add_der(data, blocks, where)
            return
        is_any = False
        for number, block in enumerate(chosen, 1):
            try:
                is_any |= self._add(block.decode())
            except ValueError as error:
                detail = f"certificate {number} of {where} cannot be read: {error}; copy it anew from its owner"
                raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, detail) from error
        if not is_any:
            raise _nothing_readable(where)

    def _add_der(self, data: bytes, blocks: list[PemBlock], where: str) -> None:
        """Data without a PEM certificate: all of it must be one in DER."""
        if blocks or not data.strip():
            raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, f"{where} {_contents(blocks)}; {_WANTED}")
        try:
            is_added = self._add(data)
        except ValueError as error:
            detail = f"{where} is neither PEM nor a DER certificate; {_WANTED}"
            raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, detail) from error
        if not is_added:
            raise _nothing_readable(where)

    def _is_added(self, source: PemBlock | bytes) -> bool:
        try:
            return self._add(source if isinstance(source, bytes) else source.decode())
        except ValueError:
            return False

    def _add(self, der: bytes) -> bool:
        """Whether it can be parsed; ValueError for what is no certificate."""
        if der not in self.found:
            try:
                self.found[der] = self._parse(der)
            except Warning:
                return False  # warnings are errors in this process; one odd root of a bundle is none of the user's
        return True


def split_directories(path: str) -> list[str]:
    """The directories of a `ca_path`: several are written as in SSL_CERT_DIR."""
    return [path] if os.pathsep not in path or os.path.exists(path) else path.split(os.pathsep)


def check_der(der: bytes) -> bytes:
    """The same; ValueError unless it has the frame of one certificate (RFC 5280 section 4.1), whatever is in it."""
    header_size = 2 + (der[1] & 0x7F) if len(der) > 1 else 0
    if not der.startswith(_SEQUENCE) or len(der) != header_size + int.from_bytes(der[2:header_size], "big"):
        raise ValueError("it is no certificate")
    return der


def _nothing_readable(where: str) -> UnusableCAError:
    return UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, f"{where} holds no certificate that can be read")


def _contents(blocks: list[PemBlock]) -> str:
    if not blocks:
        return "is empty"
    if any(block.label.endswith("PRIVATE KEY") for block in blocks):
        return "holds a private key and no certificate"
    return f"holds {blocks[0].label} and no certificate"


def _is_pipe(path: str) -> bool:
    """Or a device: whatever is there and is neither a file nor a directory."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False  # reading tells why
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise _unreadable(error, "file", path) from error


def _unreadable(error: OSError | ValueError, kind: str, path: str) -> UnusableCAError:
    if isinstance(error, OSError):
        net_error, reason = map_system_error(error.errno or errno.EIO), error.strerror
    else:  # a path with a NUL in it
        net_error, reason = ERR_INVALID_ARGUMENT, str(error)
    hint = "check the path and its permissions"
    return UnusableCAError(net_error, f"the CA {kind} {path!r} cannot be read: {reason}; {hint}")
