"""Under every fault at once each call ends, slots are sockets, and nothing is left: a soak of a few seconds."""

from __future__ import annotations

from tests.support.soak import Soak
from tests.support.soak_calls import KINDS
from tests.support.soak_site import SoakSite

_CALLS = 400
_THREADS = 16
_HANG_S = 25.0  # no call may take so long, even on a machine that does ten other things


def test_random_faults_are_survived(no_complaints: None) -> None:
    """Resets, refusals, early ends, lies, stalls, cancels, time-outs, changes of address; benchmarks/soak.py goes on.

    httpcore#550, httpx#1360: slots lost after errors.
    """
    with SoakSite() as site:
        soak = Soak(site, seed=1, threads=_THREADS, hang_s=_HANG_S)
        soak.run_round(_CALLS // _THREADS)
        assert not soak.report.violations, "\n".join(soak.report.violations)
        assert soak.report.calls == _CALLS
        assert {name for name, _ in soak.report.outcomes} >= {kind.name for kind in KINDS if kind.weight >= 10}
