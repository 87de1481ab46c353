"""Whom variables say to trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.fetcher.trust_variables import trust_from_environment, trust_in


@pytest.mark.parametrize(
    "environment, trust, source",
    [
        ({}, TrustConfig(), ""),
        ({"SSL_CERT_FILE": "", "CURL_CA_BUNDLE": ""}, TrustConfig(), ""),
        ({"SSL_CERT_FILE": "/f", "CURL_CA_BUNDLE": "/c"}, TrustConfig(ca_file="/f"), "SSL_CERT_FILE"),
        ({"SSL_CERT_DIR": "/d", "REQUESTS_CA_BUNDLE": "/r"}, TrustConfig(ca_path="/d"), "SSL_CERT_DIR"),
        (
            {"SSL_CERT_DIR": "/d:/e", "SSL_CERT_FILE": "/f"},
            TrustConfig(ca_file="/f", ca_path="/d:/e"),
            "SSL_CERT_FILE and SSL_CERT_DIR",
        ),
        ({"REQUESTS_CA_BUNDLE": "/r", "CURL_CA_BUNDLE": "/c"}, TrustConfig(ca_file="/r"), "REQUESTS_CA_BUNDLE"),
        ({"CURL_CA_BUNDLE": "/c"}, TrustConfig(ca_file="/c"), "CURL_CA_BUNDLE"),
    ],
)
def test_the_first_that_is_set_counts(environment: dict[str, str], trust: TrustConfig, source: str) -> None:
    """OpenSSL's two together; an empty one is not set."""
    assert trust_from_environment(environment) == (trust, source)


def test_a_path(tmp_path: Path) -> None:
    """Of a folder or a file, as curl and requests take both."""
    assert trust_in(str(tmp_path)) == TrustConfig(ca_path=str(tmp_path))
    assert trust_in(str(tmp_path / "ca.pem")) == TrustConfig(ca_file=str(tmp_path / "ca.pem"))
