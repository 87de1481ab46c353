"""Finding out early whether a TrustConfig can be used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import certifi
import pytest

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.check_trust import check_trust
from tests.support.subprocesses import ROOT
from tests.workers.certificate_factory import Issued, make_authority
from tests.workers.certificate_lists import make_list, pem

A = make_authority("a")
B = make_authority("b")
# The frame of a certificate with nothing of sense in it.
HOLLOW = b"\x30\x82\x01\x00" + b"x" * 256


def test_what_is_good_passes(tmp_path: Path) -> None:
    """A file, a directory, data, and a bundle that is too large to be looked at in every detail."""
    file = tmp_path / "a.pem"
    file.write_text(A.pem)
    check_trust(TrustConfig(ca_file=str(file), ca_path=str(tmp_path), ca_data=B.pem, extra_ca=(str(tmp_path), A.der)))
    check_trust(TrustConfig(ca_file=certifi.where()))


@pytest.mark.parametrize(
    "config, argument, words",
    [
        (TrustConfig(ca_file="/no/such"), "verify", "verify: the CA file '/no/such' cannot be read: No such file"),
        (TrustConfig(ca_path="/no/such"), "SSL_CERT_DIR", "SSL_CERT_DIR: the CA directory '/no/such' cannot be read"),
        (TrustConfig(ca_data=""), "verify", "verify: the CA data is empty; name the authorities' certificates"),
        (TrustConfig(ca_data=Issued.make().key_pem), "verify", "verify: the CA data holds a private key"),
        (TrustConfig(ca_data=HOLLOW), "verify", "verify: the CA data is neither PEM nor a DER certificate"),
        (TrustConfig(extra_ca=("/no/such",)), "verify", "extra_ca: the CA file '/no/such' cannot be read"),
        (TrustConfig(extra_ca=(A.der, b"")), "verify", "extra_ca[1]: the CA data is empty"),
        (TrustConfig(ca_data=A.pem, extra_ca=(b"",)), "verify", "extra_ca: the CA data is empty"),
    ],
)
def test_what_is_bad_is_a_value_error(config: TrustConfig, argument: str, words: str) -> None:
    """It says from where the user has it, what is wrong, and what to do."""
    with pytest.raises(ValueError) as caught:
        check_trust(config, argument)
    assert str(caught.value).startswith(words)


def test_garbage_within_a_certificate_is_found() -> None:
    """The block looks good, its contents are not."""
    damaged = bytearray(A.der)
    damaged[8:12] = bytes(4)
    with pytest.raises(ValueError, match="neither PEM nor a DER certificate"):
        check_trust(TrustConfig(ca_data=bytes(damaged)))


def test_without_verification_nothing_is_looked_at() -> None:
    """Authorities do not matter then."""
    check_trust(TrustConfig(verify=False, ca_file="/no/such"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_is_refused_unread(tmp_path: Path) -> None:
    """Nobody may be there to write to it."""
    os.mkfifo(tmp_path / "pipe")
    for config in (TrustConfig(ca_file=str(tmp_path / "pipe")), TrustConfig(extra_ca=(str(tmp_path / "pipe"),))):
        with pytest.raises(ValueError, match=r"the CA file '.*pipe' is a pipe or a device"):
            check_trust(config)
    for path in (str(tmp_path / "pipe"), os.devnull):
        with pytest.raises(ValueError, match=f"crls: '{path}' is a pipe or a device; copy"):
            check_trust(TrustConfig(crls=(path,)))


@pytest.mark.parametrize("content", [None, b"", b"junk", A.pem.encode(), b"-----BEGIN X509 CRL-----\n%\n"])
def test_revocation_lists_must_be_usable(content: bytes | None, tmp_path: Path) -> None:
    """The file is named, whatever it is."""
    file = tmp_path / "list.crl"
    if content is not None:
        file.write_bytes(content)
    for config in (TrustConfig(crls=(str(file),)), TrustConfig(ca_data=A.pem, crls=(str(file),))):
        with pytest.raises(ValueError, match=f"^crls: .*'{file}'"):
            check_trust(config)
    file.write_text(pem(make_list(A)))
    check_trust(TrustConfig(crls=(str(file),)))


def test_what_the_library_does_not_understand_is_for_later(tmp_path: Path) -> None:
    """OpenSSL takes a certificate that says version 1 in so many words."""
    check_trust(TrustConfig(ca_data=A.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00", 1)))


def test_looking_is_cheap(tmp_path: Path) -> None:
    """The library that verifies, which takes long to import, is not needed for it."""
    (tmp_path / "a.pem").write_text(A.pem)
    program = (
        "import sys\n"
        "from netstack_sync.base.trust_config import TrustConfig\n"
        "from netstack_sync.workers.check_trust import check_trust\n"
        f"check_trust(TrustConfig(extra_ca=({str(tmp_path)!r},)))\n"
        "check_trust(TrustConfig())\n"
        "assert 'cryptography' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
