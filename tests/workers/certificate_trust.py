"""Roots for tests."""

from __future__ import annotations

from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.workers.system_trust import DefaultSources
from netstack_sync.workers.trust_roots import TrustRoots, load_trust_roots
from tests.workers.certificate_factory import Issued

NOWHERE = DefaultSources("", "", "")


def roots_of(*trusted: Issued) -> TrustRoots:
    """Whoever trusts these and nobody else."""
    return load_trust_roots(TrustConfig(ca_data="".join(each.pem for each in trusted)), NOWHERE)
