"""What SyncUrlFetcher does, written out: a blocking call over URLFetcher, as in Chromium's sample of that name.

Post to the network thread, wait for an event, deliver; the fetcher is made, used and destroyed over there. The
real one also ends with Ctrl-C and survives shutdown and fork. `python examples/blocking_wrapper.py [URL]`
"""

import sys
import threading

from netstack_sync import Session, URLFetcher
from netstack_sync.testing.embedded_server import EmbeddedServer


class BlockingFetch:
    def __init__(self, session: Session, url: str) -> None:
        self.context, self.request = session.context, session.prepare("GET", url, timeout=10)
        self.done = threading.Event()

    def fetch(self) -> bytes:  # the caller's thread
        if not self.context.thread.post(self.start):
            raise RuntimeError("the session is closed")
        self.done.wait()
        if self.net_error:
            raise OSError(f"net error {self.net_error}")
        return self.body

    def start(self) -> None:  # the network thread, as below
        URLFetcher(self.request, self.context, self).start()

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        self.net_error, self.body = fetcher.net_error, b"".join(fetcher.body)
        self.done.set()  # nobody holds the fetcher any more: it ends here


if __name__ == "__main__":
    with EmbeddedServer() as server, Session() as session:
        url = sys.argv[1] if len(sys.argv) > 1 else server.url("/bytes/3000")
        print(f"{len(BlockingFetch(session, url).fetch())} bytes")
