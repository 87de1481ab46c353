"""Which TLS a session is told to speak."""

from __future__ import annotations

import ssl
import traceback
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import TlsSettings
from netstack_sync.base.trust_config import OcspMode
from netstack_sync.fetcher.tls_settings import check_tls


def test_defaults() -> None:
    """From TLS 1.2 on, OpenSSL's ciphers, sessions that go on, nobody asked about revocation."""
    settings = TlsSettings()
    assert settings.versions() == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED)
    assert settings.ciphers is None and settings.session_resumption is True
    assert settings.crl_paths() == () and settings.ocsp_mode() is OcspMode.OFF


def test_versions() -> None:
    """As text or as Python's constants."""
    one_two, one_three = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    assert TlsSettings("1.3", "1.3").versions() == (one_three, one_three)
    assert TlsSettings(one_two, one_three).versions() == (one_two, one_three)
    assert TlsSettings(max_version="1.2").versions() == (one_two, one_two)
    with pytest.raises(ValueError, match=r"min_version: '1\.3' is above max_version '1\.2'"):
        TlsSettings("1.3", "1.2")


@pytest.mark.parametrize("name", ["min_version", "max_version"])
@pytest.mark.parametrize(
    "value", ["1.1", "1", "TLSv1.2", 1.2, 771, ssl.TLSVersion.SSLv3, ssl.TLSVersion.MAXIMUM_SUPPORTED, ""]
)
def test_versions_that_are_refused(name: str, value: object) -> None:
    """Old ones too, with the way to have them."""
    bad: Any = {name: value}
    with pytest.raises(ValueError, match=rf'{name}: must be "1\.2" or "1\.3", not .*SSLContext of your own'):
        TlsSettings(**bad)
    with pytest.raises(ValueError, match="min_version"):
        TlsSettings(min_version=None)  # type: ignore[arg-type]  # None is "the newest" for the other one only


def test_revocation(tmp_path: Path) -> None:
    """Lists are files and directories, one or several."""
    file = tmp_path / "list.pem"
    file.touch()
    assert TlsSettings(crls=file).crl_paths() == (str(file),)
    assert TlsSettings(crls=str(file)) == TlsSettings(crls=[file])
    assert TlsSettings(crls=iter((str(file), str(tmp_path)))).crl_paths() == (str(file), str(tmp_path))
    assert hash(TlsSettings(crls=[file])) == hash(TlsSettings(crls=(file,)))
    assert TlsSettings(ocsp="hard").ocsp_mode() is OcspMode.HARD
    with pytest.raises(ValueError, match=r"crls: there is no file or directory .*none"):
        TlsSettings(crls=tmp_path / "none")


PEM = "-----BEGIN X509 CRL-----\nc2VjcmV0\n-----END X509 CRL-----\n"


@pytest.mark.parametrize("name", ["crls", "ciphers", "min_version", "max_version", "ocsp", "session_resumption"])
@pytest.mark.parametrize("value", [PEM, [PEM], PEM.encode()])
def test_pem_is_not_shown(name: str, value: object) -> None:
    """Wherever somebody gives it; it may be a private key."""
    values: Any = {name: value}
    if name == "ciphers" and isinstance(value, str):
        return  # whether OpenSSL knows them it says later
    with pytest.raises((ValueError, TypeError), match=f"{name}: ") as caught:
        TlsSettings(**values)
    shown = "".join(traceback.format_exception(caught.value))
    assert "c2VjcmV0" not in shown
    if name == "crls" and not isinstance(value, bytes):
        assert str(caught.value) == "crls: takes paths; this is PEM text: write it to a file"


@pytest.mark.parametrize(
    "values, error, words",
    [
        ({"ciphers": ["a"]}, TypeError, "ciphers: must be a string"),
        ({"ciphers": "ECDHE", "min_version": "1.3"}, ValueError, r"ciphers: they are those of TLS 1\.2"),
        ({"crls": 5}, TypeError, "crls: must be a path or several, not int"),
        ({"crls": b"x"}, TypeError, "crls: must be a path or several, not bytes"),
        ({"crls": [b"x"]}, TypeError, "crls: must be a path or several, not one of bytes"),
        ({"ocsp": "maybe"}, ValueError, 'ocsp: must be "off", "soft" or "hard", not \'maybe\''),
        ({"ocsp": True}, ValueError, "ocsp: must be"),
        ({"session_resumption": 1}, TypeError, "session_resumption: must be True or False, not 1"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], error: type[Exception], words: str) -> None:
    """Naming the setting."""
    with pytest.raises(error, match=words):
        TlsSettings(**values)


def test_what_a_session_takes() -> None:
    """Settings or nothing."""
    settings = TlsSettings(ocsp="soft", ciphers="ECDHE+AESGCM")
    assert check_tls(settings) is settings and check_tls(None) == TlsSettings()
    wrong: object
    for wrong in ("1.3", {}, ssl.TLSVersion.TLSv1_3):
        with pytest.raises(TypeError, match=f"tls: must be a TlsSettings, not {type(wrong).__name__}"):
            check_tls(wrong)
