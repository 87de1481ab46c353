"""What the name server sees: one question a family for any number of callers; and what a silent one can hold up."""

from __future__ import annotations

import pytest

from tests.support.scripted_network import ScriptedNetwork
from tests.support.subprocesses import expect_line, finished_output, running_python, wait_for_exit

pytestmark = pytest.mark.netns

_PROMPTLY_S = 6.0  # the system's resolver gives up after 30 s here

_TWENTY_THREADS = """
    import threading, netstack_sync
    barrier = threading.Barrier(20)
    bodies = []
    with netstack_sync.Session() as session:
        def ask():
            barrier.wait()
            bodies.append(session.get("http://live.test/hello", timeout=20).content)
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert bodies == [b"hello\\n"] * 20, bodies
"""

_TIMEOUT = """
    import time, netstack_sync
    begin = time.monotonic()
    try:
        netstack_sync.fetch("http://live.test/", timeout=1)
    except netstack_sync.DeadlineExceeded as error:
        assert not error.may_have_been_sent
        print("took", time.monotonic() - begin, flush=True)
"""


def test_twenty_threads_ask_once(network: ScriptedNetwork) -> None:
    """One A and one AAAA query; requests, urllib3 and httpx send 20 of each."""
    network.dns.delay_s = 0.3  # all of them are there before the answer is
    with running_python(_TWENTY_THREADS, wrapper=network.wrapper) as client:
        finished_output(client)
    assert network.dns.queries == {("live.test", "A"): 1, ("live.test", "AAAA"): 1}
    assert len(network.ipv4.requests) == 20


def test_silent_name_server_ends_with_the_deadline(network: ScriptedNetwork) -> None:
    """After the second that was asked for, and the process exits at once."""
    network.dns.is_silent = True
    with running_python(_TIMEOUT, wrapper=network.wrapper) as client:
        took_s = float(expect_line(client, "took"))
        exit_s = wait_for_exit(client)
    print(f"took {took_s:.3f} s")
    assert 0.9 < took_s < _PROMPTLY_S and exit_s < _PROMPTLY_S
    assert network.dns.queries["live.test", "A"] > 0 and network.relay.connects == []
