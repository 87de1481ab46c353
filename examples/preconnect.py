"""Connections opened before they are needed, and what a session tells of them. `python examples/preconnect.py [URL]`"""

from __future__ import annotations

import sys
import time

from netstack_sync import Session
from netstack_sync.testing.embedded_server import EmbeddedServer

COUNT = 3


def show(when: str, session: Session) -> None:
    stats = session.stats()
    print(f"{when}: {stats.sockets_idle} idle, {stats.sockets_opened} opened, {stats.sockets_reused} times reused")


def main(url: str) -> None:
    with Session() as session:
        session.preconnect(url, COUNT)  # returns at once; a program would go on with its own work now
        while session.stats().sockets_connecting:
            time.sleep(0.01)
        show("in advance", session)
        jobs = [session.submit("GET", url, timeout=10) for _ in range(COUNT)]
        for job in jobs:
            print(job.result().status_code, "on a connection that was there:", job.result().connection_reused)
        show("afterwards", session)
        session.close_idle_connections()  # of no use for a while
        show("closed", session)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with EmbeddedServer() as server:
            main(server.url("/hello"))
