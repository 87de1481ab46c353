"""Many threads on one session: they share its connections. `python examples/many_threads.py [URL]`"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from netstack_sync import Limits, Session
from netstack_sync.testing.embedded_server import EmbeddedServer

THREADS = 16
REQUESTS = 200


def main(url: str) -> None:
    with Session(limits=Limits(per_host=6)) as session, ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda _: session.get(url, timeout=30), range(REQUESTS)))
        stats = session.stats()
    print(f"{REQUESTS} requests from {THREADS} threads: {sum(answer.ok for answer in answers)} good answers")
    print(f"at most 6 sockets: {stats.sockets_opened} opened, {stats.sockets_reused} times reused")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with EmbeddedServer() as server:
            main(server.url("/bytes/200"))
