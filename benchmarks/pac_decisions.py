"""What does a decision of a PAC script cost on its worker, for hosts that are known? Nothing else runs there."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from netstack_sync.workers.evaluate_pac import PacEvaluator, PacMoment, moment_at
from netstack_sync.workers.pac_child import PacChild
from netstack_sync.workers.pac_values import PacLimits, PacRequest, PacScriptText

SCRIPT = """
function FindProxyForURL(url, host) {
    if (isPlainHostName(host) || dnsDomainIs(host, ".intra.example")) return "DIRECT";
    if (shExpMatch(host, "*.local") || shExpMatch(url, "http://updates.*")) return "DIRECT";
    if (isInNet(dnsResolve(host), "10.0.0.0", "255.0.0.0")) return "DIRECT";
    if (weekdayRange("SAT", "SUN")) return "PROXY weekend:3128; DIRECT";
    return "PROXY one:3128; PROXY two:3128; DIRECT";
}
"""


def measure(evaluator: PacEvaluator | PacChild, count: int, moment: PacMoment) -> list[float]:
    """Microseconds of each decision after the first, which compiles the script."""
    script = PacScriptText(SCRIPT, is_trusted=True)
    taken = []
    for number in range(count + 1):
        host = f"host{number}.example"
        request = PacRequest(script, f"http://{host}/path", host, {host: ("192.0.2.1", "2001:db8::1")})
        begin = time.perf_counter()
        outcome = evaluator.evaluate(request, moment)
        taken.append((time.perf_counter() - begin) * 1e6)
        assert outcome.result is not None, outcome
    return taken[1:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--count", type=int, default=1000, help="decisions (default: 1000)")
    parser.add_argument("--limit", type=float, default=200.0, help="µs of CPU on a thread (default: 200)")
    arguments = parser.parse_args()
    moment = moment_at(time.time())
    child = PacChild(PacLimits())
    costs = []
    for name, evaluator in (("thread", PacEvaluator(PacLimits())), ("child process", child)):
        begin = time.thread_time()
        taken = sorted(measure(evaluator, arguments.count, moment))
        costs.append((time.thread_time() - begin) / arguments.count * 1e6)
        median, p99 = statistics.median(taken), taken[int(0.99 * len(taken))]
        print(f"{name:14} {costs[-1]:6.1f} µs of CPU here; median {median:6.1f} µs, 99 % under {p99:6.1f} µs")
    child.close()
    return 0 if costs[0] <= arguments.limit else 1


if __name__ == "__main__":
    sys.exit(main())
