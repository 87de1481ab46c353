"""Reads the user's client certificate: checks it, tells when it was replaced, loads it into an SSLContext.

PEM is read by OpenSSL itself. PKCS#12 (RFC 7292), which `ssl` cannot read, is opened by cryptography and handed to
OpenSSL as PEM through a file that nobody else can open, its key encrypted with a password that nobody else knows.
"""

from __future__ import annotations

import errno
import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Final

from netstack_sync.base.clock import WallClock
from netstack_sync.base.error_map import map_system_error
from netstack_sync.base.net_errors import (
    ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
    ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY,
)
from netstack_sync.base.tls_warnings import tls_logger
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfigError
from netstack_sync.workers.load_certificate import load_pem_certificate
from netstack_sync.workers.stamped_cache import Stamps, stamp

_CERTIFICATE_LABELS: Final = (b"-BEGIN CERTIFICATE-", b"-BEGIN X509 CERTIFICATE-", b"-BEGIN TRUSTED CERTIFICATE-")
_MISMATCHES: Final = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
_ANY_KEY_LABEL: Final = b"PRIVATE KEY-----"
_IN_TWO_FILES: Final = "pass the pair (certificate, key), or a file with both"


def client_certificate_stamps(certificate: ClientCertificate) -> Stamps:
    """Changes when a file of the certificate is replaced or written. May block."""
    return tuple(stamp(path) for path in (certificate.cert_file, certificate.key_file) if path is not None)


def holds_pkcs12(path: str) -> bool:
    """True for a file that can be read and begins as PKCS#12 does, whatever its name. May block."""
    try:
        with open(path, "rb") as file:
            return _is_pkcs12(file.read(16))
    except (OSError, ValueError):
        return False


def check_client_certificate(certificate: ClientCertificate, clock: WallClock) -> None:
    """Raises ValueError that names the file and says what to do; one that has expired is told to the log. May block."""
    try:
        pem = load_client_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate)
    except TlsConfigError as error:
        raise ValueError(f"cert: {error}") from None  # what is below says the same in a library's words
    expired = _expired_on(pem, clock)
    if expired is not None:
        tls_logger.warning("the client certificate in %r has expired on %s", certificate.cert_file, expired)


def load_client_certificate(context: ssl.SSLContext, certificate: ClientCertificate) -> bytes:
    """Loads it with its key and chain; gives the PEM that was loaded, the user's own certificate first.

    Raises TlsConfigError. Any thread, may block.
    """
    data = _read(certificate.cert_file)
    if _is_pkcs12(data):
        return _load_pkcs12(context, certificate, data)
    key_data = data if certificate.key_file is None else _read(certificate.key_file)
    try:
        # An empty password, never None: OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate.cert_file, certificate.key_file, password=certificate.password or "")
    except ssl.SSLError as error:
        raise _why_not_pem(certificate, data, key_data, error) from error
    except (OSError, ValueError) as error:
        raise _bad(f"cannot load {certificate.cert_file!r}: {error}") from error
    return data


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        detail = f"cannot read {path!r}: {error.strerror or error}; check the path and its permissions"
        raise TlsConfigError(map_system_error(error.errno or errno.EIO), detail) from error
    except ValueError as error:  # a NUL in it
        raise _bad(f"cannot read {path!r}: {error}") from error


def _is_pkcs12(data: bytes) -> bool:
    """True for `SEQUENCE { INTEGER 3, ...`; nothing else that holds certificates or keys begins so."""
    if len(data) < 2 or data[0] != 0x30:
        return False
    length_bytes = data[1] & 0x7F if data[1] & 0x80 else 0
    return data[2 + length_bytes :].startswith(b"\x02\x01\x03")


def _why_not_pem(certificate: ClientCertificate, data: bytes, key_data: bytes, error: ssl.SSLError) -> TlsConfigError:
    """OpenSSL says little more than that it failed; this looks for the reasons that users have."""
    from cryptography import x509

    cert_file, key_file = certificate.cert_file, certificate.key_file or certificate.cert_file
    if not any(label in data for label in _CERTIFICATE_LABELS):
        return _bad(f"{cert_file!r} holds no certificate; it must be PEM or PKCS#12")
    if _ANY_KEY_LABEL not in key_data:
        return _without_key(f"{key_file!r} holds no private key in PEM; {_IN_TWO_FILES}")
    if error.reason in _MISMATCHES:
        return _bad(f"the key in {key_file!r} is not that of the certificate in {cert_file!r}; {_IN_TWO_FILES}")
    try:
        x509.load_pem_x509_certificates(data)
    except (ValueError, x509.InvalidVersion) as damage:
        return _bad(f"the certificate in {cert_file!r} is damaged: {damage}")
    if b"ENCRYPTED" not in key_data:
        return _bad(f"the key in {key_file!r} cannot be loaded: {error}")
    if certificate.password is None:
        return _bad(f"the key in {key_file!r} is encrypted; pass (certificate, key, password)")
    return _bad(f"the password of the key in {key_file!r} is wrong, or the key is damaged")


def _load_pkcs12(context: ssl.SSLContext, certificate: ClientCertificate, data: bytes) -> bytes:
    path, password = certificate.cert_file, secrets.token_hex()
    if certificate.key_file is not None:
        raise _bad(f"{path!r} is PKCS#12 and holds its key itself; pass (path, None, password)")
    pem = _open_pkcs12(path, data, certificate.password, password.encode())
    try:
        with _lent_file(pem) as name:
            context.load_cert_chain(name, password=password)
    except ssl.SSLError as error:
        raise _bad(f"OpenSSL refuses what {path!r} holds: {error}") from error
    except OSError as error:
        detail = f"cannot hand what {path!r} holds to OpenSSL: {error}"
        raise TlsConfigError(map_system_error(error.errno or errno.EIO), detail) from error
    return pem


def _open_pkcs12(path: str, data: bytes, password: str | bytes | None, new_password: bytes) -> bytes:
    """The same as PEM: certificate, chain, and the key encrypted with `new_password`."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        pkcs12,
    )

    try:
        bundle = pkcs12.load_pkcs12(data, password.encode() if isinstance(password, str) else password)
    except Exception as error:  # among them UnsupportedAlgorithm, and what the key's own kind complains with
        raise _why_not_pkcs12(path, password, error) from error
    if bundle.key is None:
        raise _without_key(f"{path!r} holds no private key; export it together with its key")
    if bundle.cert is None:
        raise _bad(f"{path!r} holds no certificate for its key; export both together")
    chain = [bundle.cert.certificate, *(extra.certificate for extra in bundle.additional_certs)]
    pieces = [certificate.public_bytes(Encoding.PEM) for certificate in chain]
    encryption = BestAvailableEncryption(new_password)
    return b"".join(pieces) + bundle.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _why_not_pkcs12(path: str, password: str | bytes | None, error: Exception) -> TlsConfigError:
    if "password" not in str(error).lower():
        return _bad(f"{path!r} cannot be opened as PKCS#12: {error}")
    if password is None:
        return _bad(f"{path!r} needs a password; pass (path, password)")
    return _bad(f"the password of {path!r} is wrong, or the file is damaged")


@contextmanager
def _lent_file(data: bytes) -> Iterator[str]:
    """A name under which OpenSSL can read `data` for the moment; in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("client-certificate"), "wb") as file:
            file.write(data)
            file.flush()
            name = f"/proc/self/fd/{file.fileno()}"
            if os.access(name, os.R_OK):  # else there is no /proc here
                yield name
                return
    descriptor, name = tempfile.mkstemp()  # readable by this user only
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        yield name
    finally:
        os.unlink(name)


def _expired_on(pem: bytes, clock: WallClock) -> str | None:
    """The last day of the first certificate if that is over; None also for one that only OpenSSL understands."""
    try:
        end = load_pem_certificate(pem).not_valid_after_utc
    except ValueError:
        return None
    return end.date().isoformat() if end < datetime.fromtimestamp(clock.now(), timezone.utc) else None


def _bad(detail: str) -> TlsConfigError:
    return TlsConfigError(ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT, detail)


def _without_key(detail: str) -> TlsConfigError:
    return TlsConfigError(ERR_SSL_CLIENT_AUTH_CERT_NO_PRIVATE_KEY, detail)
