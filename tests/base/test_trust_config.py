"""TrustConfig: a key that tells connections apart."""

from __future__ import annotations

import pytest

from netstack_sync.base.trust_config import OcspMode, TrustConfig

_ALL = TrustConfig(
    verify=False, ca_file="f", ca_path="p", ca_data="xyz", extra_ca=("e", b"d"), crls=("c",), ocsp=OcspMode.HARD
)


def test_trust_configs_are_keys() -> None:
    """Equal settings are equal keys; a different verify or source is another key."""
    assert TrustConfig(ca_file="a") == TrustConfig(ca_file="a")
    others = [
        TrustConfig(verify=False),
        TrustConfig(ca_file="a"),
        TrustConfig(ca_path="a"),
        TrustConfig(ca_data="a"),
        TrustConfig(extra_ca=("a",)),
        TrustConfig(extra_ca=(b"a",)),
        TrustConfig(crls=("a",)),
        TrustConfig(ocsp=OcspMode.SOFT),
        TrustConfig(ocsp=OcspMode.HARD),
    ]
    assert len({TrustConfig(), *others}) == 1 + len(others)


@pytest.mark.parametrize(
    "config, is_default",
    [
        (TrustConfig(), True),
        (TrustConfig(verify=False), True),
        (TrustConfig(ca_file="f"), False),
        (TrustConfig(ca_path="p"), False),
        (TrustConfig(ca_data=b""), False),
        (TrustConfig(extra_ca=("e",), crls=("c",), ocsp=OcspMode.SOFT), True),
    ],
)
def test_default_roots_are_used_when_no_source_is_named(config: TrustConfig, is_default: bool) -> None:
    """An empty source is named too: it must not turn into the system's roots."""
    assert config.uses_default_roots is is_default


def test_a_trust_config_shows_what_is_set() -> None:
    """repr names paths, and data only by its length."""
    assert repr(TrustConfig()) == "<TrustConfig verify=True>"
    config = TrustConfig(verify=False, ca_file="f", ca_path="p", ca_data="xyz")
    assert repr(config) == "<TrustConfig verify=False ca_file='f' ca_path='p' ca_data=3>"
