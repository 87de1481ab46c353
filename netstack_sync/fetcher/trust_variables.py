"""What the variables of the environment say about whom to trust."""

from __future__ import annotations

import os
from collections.abc import Mapping

from netstack_sync.base.trust_config import TrustConfig


def trust_from_environment(environment: Mapping[str, str]) -> tuple[TrustConfig, str]:
    """Whom they name, and which of them do: OpenSSL's first, then those of requests and curl (users know them); the
    first that is set. The system's roots and "" where none is.
    """
    file, folders = environment.get("SSL_CERT_FILE") or None, environment.get("SSL_CERT_DIR") or None
    if file or folders:
        names = [name for name, value in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folders)) if value]
        return TrustConfig(ca_file=file, ca_path=folders), " and ".join(names)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if environment.get(name):
            return trust_in(environment[name]), name
    return TrustConfig(), ""


def trust_in(path: str) -> TrustConfig:
    """A directory or a file."""
    return TrustConfig(ca_path=path) if os.path.isdir(path) else TrustConfig(ca_file=path)
