"""CAReader: collects the certificates that files, directories and data hold.

What the user names must be usable as a whole: a file that is cut off, or one certificate of it that is damaged, is
an error, as its owner counts on all of it. A certificate that OpenSSL understands and the library that verifies does
not is nobody's damage: it is passed over and told. In a directory only the whole must hold something: what cannot be
read there, or is a key or a list, is passed over, as OpenSSL does. Pipes and devices are never opened: nobody may be
there to write, and what they give can be read once.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import ssl
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from netstack_sync.base.error_map import map_system_error
from netstack_sync.base.net_errors import ERR_IMPORT_CA_CERT_FAILED, ERR_INVALID_ARGUMENT
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.file_io import is_pipe
from netstack_sync.workers.pem_blocks import PemBlock, find_pem_blocks, is_pem_text, quoted

T = TypeVar("T")

_is_hashed_name: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+").fullmatch
_ENDINGS: Final = (".pem", ".crt", ".cer")
_SEQUENCE: Final = b"\x30"
_WANTED: Final = "name the authorities' certificates, in PEM (-----BEGIN CERTIFICATE-----), or one in DER"
_LENIENT: Final = "OpenSSL is less strict: verify=ssl.create_default_context(cafile=...) leaves it to that"
_CONVERSIONS: Final = {
    "TRUSTED CERTIFICATE": "openssl storeutl -certs {file} > ca.pem",
    "PKCS7": "openssl pkcs7 -print_certs -in {file} -out ca.pem",
    "PKCS #7 SIGNED DATA": "openssl pkcs7 -print_certs -in {file} -out ca.pem",
}
"""What OpenSSL makes PEM certificates of, and how."""


class UnusableCAError(Exception):
    """A source named by the user that cannot be used; the text says which, why, and what to do."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(detail)
        self.net_error = net_error


class CAReader(Generic[T]):
    """Fills `found`. `parse` makes of DER what is wanted; it raises ValueError for what it does not understand."""

    __slots__ = ("_parse", "found", "passed_over")

    def __init__(self, parse: Callable[[bytes], T]) -> None:
        self._parse = parse
        self.found: dict[bytes, T] = {}
        """By DER; each once, in the order of the sources."""
        self.passed_over: list[str] = []
        """A line for each file or data of the user's of which something was left out."""

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
        self._add_all(_read(path), f"the CA file {path!r}", path)

    def add_data(self, data: str | bytes) -> None:
        """The same from memory; raises UnusableCAError."""
        self._add_all(data.encode("utf-8", "replace") if isinstance(data, str) else data, "the CA data", "FILE")

    def add_directory(self, path: str) -> None:
        """The files named as `openssl rehash` does; without any, those that end in .pem, .crt or .cer.

        Raises UnusableCAError when none holds a certificate.
        """
        try:
            names = os.listdir(path)
        except (OSError, ValueError) as error:
            raise _unreadable(error, "directory", path) from None
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

    def _add_all(self, data: bytes, where: str, file: str) -> None:
        blocks = find_pem_blocks(data)
        _refuse_other_forms(blocks, where, file)
        chosen = [block for block in blocks if block.is_certificate or not block.is_whole]
        if not chosen:
            self._add_der(data, blocks, where)
            return
        refusals: list[ValueError] = []
        for number, block in enumerate(chosen, 1):
            try:
                self._add(block.decode(), refusals)
            except ValueError as error:
                detail = f"certificate {number} of {where} cannot be read: {error}; copy it anew from its owner"
                raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, detail) from None
        self._tell_refusals(refusals, len(chosen), where)

    def _add_der(self, data: bytes, blocks: list[PemBlock], where: str) -> None:
        """Data without a PEM certificate: all of it must be one in DER."""
        if blocks or not data.strip():
            raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, f"{where} {_contents(blocks)}; {_WANTED}")
        refusals: list[ValueError] = []
        try:
            self._add(data, refusals)
        except ValueError:
            detail = f"{where} is neither PEM nor a DER certificate; {_WANTED}"
            raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, detail) from None
        self._tell_refusals(refusals, 1, where)

    def _tell_refusals(self, refusals: list[ValueError], number: int, where: str) -> None:
        if len(refusals) == number:
            detail = f"{where} holds no certificate that can be used ({refusals[0]}); {_LENIENT}"
            raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, detail)
        if refusals:
            left_out = f"{len(refusals)} of the {number} certificates of {where}"
            self.passed_over.append(f"{left_out} cannot be used and are passed over ({refusals[0]})")

    def _is_added(self, source: PemBlock | bytes) -> bool:
        refusals: list[ValueError] = []
        try:
            self._add(source if isinstance(source, bytes) else source.decode(), refusals)
        except ValueError:
            return False
        return not refusals

    def _add(self, der: bytes, refusals: list[ValueError]) -> None:
        """Also to `refusals`, what only OpenSSL understands; ValueError for what is no certificate."""
        if der not in self.found:
            try:
                self.found[der] = self._parse(der)
            except ValueError as error:
                if not is_openssl_certificate(der):
                    raise
                refusals.append(error)


def split_directories(path: str) -> list[str]:
    """The directories of a `ca_path`: several are written as in SSL_CERT_DIR."""
    return [path] if os.pathsep not in path or os.path.exists(path) else path.split(os.pathsep)


def check_der(der: bytes) -> bytes:
    """The same; ValueError unless it has the frame of one certificate (RFC 5280 section 4.1), whatever is in it."""
    header_size = 2 + (der[1] & 0x7F) if len(der) > 1 else 0
    if not der.startswith(_SEQUENCE) or len(der) != header_size + int.from_bytes(der[2:header_size], "big"):
        raise ValueError("it is no certificate")
    return der


def is_openssl_certificate(der: bytes) -> bool:
    """Whether OpenSSL, which is less strict than others, understands it."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=check_der(der))
    except (ssl.SSLError, ValueError):
        return False
    return True


def _refuse_other_forms(blocks: list[PemBlock], where: str, file: str) -> None:
    """Of certificates in a form that OpenSSL alone reads none may get lost silently."""
    for block in blocks:
        if block.label in _CONVERSIONS:
            command = _CONVERSIONS[block.label].format(file=shlex.quote(file))
            detail = f"{where} holds a block {block.label}, which is not read; convert it: {command}"
            raise UnusableCAError(ERR_IMPORT_CA_CERT_FAILED, detail)


def _contents(blocks: list[PemBlock]) -> str:
    if not blocks:
        return "is empty"
    if any(block.label.endswith("PRIVATE KEY") for block in blocks):
        return "holds a private key and no certificate"
    return f"holds {blocks[0].label} and no certificate"


def _read(path: str) -> bytes:
    if is_pem_text(path):
        raise UnusableCAError(ERR_INVALID_ARGUMENT, "a path is wanted, and this is PEM text; write it to a file")
    if is_pipe(path):
        detail = f"the CA file {path!r} is a pipe or a device; copy what it gives to a file, or pass it as bytes"
        raise UnusableCAError(ERR_INVALID_ARGUMENT, detail)
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise _unreadable(error, "file", path) from None


def _unreadable(error: OSError | ValueError, kind: str, path: str) -> UnusableCAError:
    if isinstance(error, OSError):
        net_error, reason = map_system_error(error.errno or errno.EIO), error.strerror
    else:  # a path with a NUL in it
        net_error, reason = ERR_INVALID_ARGUMENT, str(error)
    hint = "check the path and its permissions"
    return UnusableCAError(net_error, f"the CA {kind} {quoted(path)} cannot be read: {reason}; {hint}")
