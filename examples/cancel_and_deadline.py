"""Two ways to end a wait: a deadline, and a cancel from another thread. `python examples/cancel_and_deadline.py [URL]`

The URL should be slow; the one of the embedded server takes half a minute.
"""

from __future__ import annotations

import sys
import threading

from netstack_sync import FetchCancelled, FetchTimeout, Session, SyncUrlFetcher
from netstack_sync.testing.embedded_server import EmbeddedServer


def main(url: str) -> None:
    with Session() as session:
        try:
            print("faster than its deadline:", session.get(url, timeout=0.5))
        except FetchTimeout as error:  # also a TimeoutError
            print("deadline:", type(error).__name__, error.net_error)
            print("may have been sent:", error.may_have_been_sent)

        fetcher = SyncUrlFetcher(session.prepare("GET", url), session.context)
        threading.Timer(0.2, fetcher.cancel).start()  # any thread, at any moment
        try:
            print("faster than the cancel:", fetcher.fetch())
        except FetchCancelled as error:
            print("cancelled:", error.net_error)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with EmbeddedServer() as server:
            main(server.url("/delay/30"))
