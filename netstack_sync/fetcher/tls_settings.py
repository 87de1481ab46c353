"""TlsSettings: which TLS a session speaks, and what it asks about certificates that were taken back."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from netstack_sync.base.trust_config import OcspMode
from netstack_sync.workers.pem_blocks import is_pem_text, quoted

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Checked when it is made; raises ValueError or TypeError naming the setting.

    It says nothing about an SSLContext that is passed as `verify`, which is used as it is.
    """

    min_version: str | ssl.TLSVersion = "1.2"
    """ "1.2" or "1.3"; below there is only an SSLContext of your own."""
    max_version: str | ssl.TLSVersion | None = None
    """ "1.2", "1.3", or None for whatever is the newest."""
    ciphers: str | None = None
    """For TLS 1.2, in OpenSSL's words: "ECDHE+AESGCM:ECDHE+CHACHA20"; None for OpenSSL's default."""
    crls: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = ()
    """Certificate revocation lists: files or directories. With any, a server's authority must have a list that is
    valid among them.
    """
    ocsp: str = "off"
    """Whether the authority is asked if a server's certificate was taken back: "off"; "soft": a bad answer counts;
    "hard": so does none.
    """
    session_resumption: bool = True
    """Whether a handshake may go on from an earlier connection to the same host, which saves a round trip."""

    def __post_init__(self) -> None:
        lowest, highest = self.versions()
        if highest is not ssl.TLSVersion.MAXIMUM_SUPPORTED and lowest > highest:
            raise ValueError(f"min_version: {quoted(self.min_version)} is above max_version {self.max_version!r}")
        self._check_ciphers(lowest)
        object.__setattr__(self, "crls", _crls_from(self.crls))
        self.ocsp_mode()
        if not isinstance(self.session_resumption, bool):
            raise TypeError(f"session_resumption: must be True or False, not {quoted(self.session_resumption)}")

    def versions(self) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
        """The lowest and the highest."""
        lowest = _version_from("min_version", self.min_version)
        if self.max_version is None:
            return lowest, ssl.TLSVersion.MAXIMUM_SUPPORTED
        return lowest, _version_from("max_version", self.max_version)

    def crl_paths(self) -> tuple[str, ...]:
        """Files and directories."""
        assert isinstance(self.crls, tuple)
        return tuple(os.fspath(path) for path in self.crls)

    def ocsp_mode(self) -> OcspMode:
        """Whether and how strictly OCSP is asked."""
        try:
            return OcspMode(self.ocsp)
        except ValueError:
            raise ValueError(f'ocsp: must be "off", "soft" or "hard", not {quoted(self.ocsp)}') from None

    def _check_ciphers(self, lowest: ssl.TLSVersion) -> None:
        if self.ciphers is None:
            return
        if not isinstance(self.ciphers, str):
            raise TypeError(f"ciphers: must be a string in OpenSSL's words or None, not {quoted(self.ciphers)}")
        if lowest is ssl.TLSVersion.TLSv1_3:
            raise ValueError("ciphers: they are those of TLS 1.2, which min_version leaves out; drop one of the two")


def check_tls(tls: object) -> TlsSettings:
    """The settings, the built-in ones for None; raises TypeError."""
    if tls is None:
        return TlsSettings()
    if not isinstance(tls, TlsSettings):
        raise TypeError(f"tls: must be a TlsSettings, not {type(tls).__name__}")
    return tls


def _version_from(name: str, value: object) -> ssl.TLSVersion:
    if isinstance(value, ssl.TLSVersion) and value in _VERSIONS.values():
        return value
    if isinstance(value, str) and value in _VERSIONS:
        return _VERSIONS[value]
    older = "; for older ones bring an ssl.SSLContext of your own as `verify`"
    raise ValueError(f'{name}: must be "1.2" or "1.3", not {quoted(value)}{older}')


def _crls_from(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(values, Iterable) or isinstance(values, bytes):
        raise TypeError(f"crls: must be a path or several, not {type(values).__name__}")
    paths = []
    for path in values:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"crls: must be a path or several, not one of {type(path).__name__}")
        paths.append(_crl_path(path))
    return tuple(paths)


def _crl_path(path: str | os.PathLike[str]) -> str:
    name = os.fsdecode(path)
    if is_pem_text(name):
        raise ValueError("crls: takes paths; this is PEM text: write it to a file")
    if not os.path.exists(name):
        raise ValueError(f"crls: there is no file or directory {name!r}; check the path")
    return name
