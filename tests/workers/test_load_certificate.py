"""Reading certificates and lists, whatever they hold."""

from __future__ import annotations

import ssl
import warnings

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.workers.load_certificate import load_certificate, load_pem_certificate, load_revocation_list
from tests.workers.certificate_factory import Issued, make_authority
from tests.workers.certificate_lists import make_list, pem
from tests.workers.certificate_rewriter import of_version, rewritten

ROOT = make_authority()
LEAF = Issued.make(issuer=ROOT)
LIST = make_list(ROOT, [LEAF])


def test_what_is_one_is_read() -> None:
    """From DER and from PEM."""
    assert load_certificate(LEAF.der) == LEAF.certificate
    assert load_pem_certificate(LEAF.pem.encode()) == LEAF.certificate
    assert load_revocation_list(LIST.public_bytes(Encoding.DER)) == LIST


def _pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode()


@pytest.mark.parametrize("version", [2, 4, 100])
def test_versions_that_do_not_exist(version: int) -> None:
    """The library has an exception of its own for them, which is no ValueError."""
    der = of_version(version, ROOT)
    with pytest.raises(ValueError, match=f"{version - 1} is not a valid X509 version"):
        load_certificate(der)
    with pytest.raises(ValueError, match=f"{version - 1} is not a valid X509 version"):
        load_pem_certificate(_pem(der))


def test_a_list_of_a_version_that_does_not_exist() -> None:
    """Lists have one as well."""
    der = LIST.public_bytes(Encoding.DER)
    version_2 = b"\x02\x01\x01\x30"
    assert der.count(version_2) == 1
    with pytest.raises(ValueError, match="is not a valid CRL version"):
        load_revocation_list(der.replace(version_2, b"\x02\x01\x05\x30"))


def test_warnings_that_are_errors_are_no_surprise() -> None:
    """A user may have made them so; then what the library means to refuse one day is refused now."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        odd = rewritten(LEAF, ROOT, serial=b"\0").der
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="serial number"):
            load_certificate(odd)
        with pytest.raises(ValueError, match="serial number"):
            load_pem_certificate(_pem(odd))


@given(st.data())
def test_nothing_but_a_value_error_is_raised(data: st.DataObject) -> None:
    """For what is nearly a certificate or a list, or neither."""
    for read, good in (
        (load_certificate, LEAF.der),
        (load_revocation_list, LIST.public_bytes(Encoding.DER)),
        (load_pem_certificate, LEAF.pem.encode()),
        (load_pem_certificate, pem(LIST).encode()),
    ):
        changed = bytearray(good)
        for _ in range(data.draw(st.integers(1, 3))):
            changed[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                read(bytes(changed[: data.draw(st.integers(0, len(good)))]))
            except ValueError:
                pass
