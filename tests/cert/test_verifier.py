"""VerifyParams, the key of the whole stack."""

from __future__ import annotations

import pytest

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cert.verifier import VerifyParams
from tests.cert.scripted_verifier import PARAMS


@pytest.mark.parametrize(
    "other",
    [
        VerifyParams((b"leaf",), "example.test", TrustConfig()),
        VerifyParams((b"leaf", b"other"), "example.test", TrustConfig()),
        VerifyParams((b"leaf", b"middle"), "other.test", TrustConfig()),
        VerifyParams((b"leaf", b"middle"), "example.test", TrustConfig(ca_file="f")),
    ],
)
def test_every_parameter_is_part_of_the_key(other: VerifyParams) -> None:
    """Row 226, DifferentCACerts: the same leaf with other intermediates is another question."""
    assert len({PARAMS, other}) == 2
    assert VerifyParams((b"leaf", b"middle"), "example.test", TrustConfig()) == PARAMS


def test_repr_does_not_show_certificates() -> None:
    """One line, whatever the size of the chain."""
    assert repr(PARAMS) == "<VerifyParams example.test 2 certificates <TrustConfig verify=True>>"
