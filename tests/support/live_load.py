"""Many threads on one session against a real server."""

from __future__ import annotations

import threading

import netstack_sync
from tests.support.live_servers import LiveServer
from tests.support.waiting import wait_until

THREADS = 16
PER_HOST = 6


def fetch_from_many_threads(server: LiveServer, scheme: str, requests: int) -> None:
    """Every body is compared; at no moment there are more than six connections, and none is left at the end."""
    per_thread = requests // THREADS
    paths = sorted(server.bodies)
    wrong: list[str] = []
    most = 0

    def fetch_some(thread: int, session: netstack_sync.Session) -> None:
        for number in range(per_thread):
            path = paths[(thread + number) % len(paths)]
            try:
                response = session.get(server.url(scheme, path), timeout=60)
            except netstack_sync.NetError as error:
                wrong.append(f"{path}: {error}")
                return
            if response.status != 200 or response.content != server.bodies[path]:
                wrong.append(f"{path}: {response.status}, {len(response.content)} bytes")

    with netstack_sync.Session(verify=server.ca_file) as session:
        threads = [threading.Thread(target=fetch_some, args=(thread, session)) for thread in range(THREADS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            most = max(most, server.connections(scheme))
            stats = session.stats()
            assert stats.sockets <= PER_HOST, stats
            threads[0].join(0.02)
        assert not wrong, wrong[:5]
        assert most <= PER_HOST, f"the system saw {most} connections"
        stats = session.stats()
        assert stats.sockets_idle == stats.sockets > 0, stats
        opened, reused = stats.sockets_opened, stats.sockets_reused
        assert opened <= PER_HOST * 2, f"{opened} connections for {requests} requests"
        assert reused >= per_thread * THREADS - opened
    wait_until(lambda: server.connections(scheme) == 0, "no connection is open after close()")
