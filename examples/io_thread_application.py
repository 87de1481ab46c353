"""An application with an IO thread: it posts work there and gets its callbacks back on a thread of its own.

The session's network thread is the IO thread. Nothing in the application waits for the network, its loop takes
what has come from a queue. `python examples/io_thread_application.py [URL ...]`
"""

import queue
import sys
import threading

from netstack_sync import Session, URLFetcher
from netstack_sync.testing.embedded_server import EmbeddedServer


class Application:
    def __init__(self, session: Session, urls: list[str]) -> None:
        self.inbox: queue.SimpleQueue[URLFetcher] = queue.SimpleQueue()
        for url in urls:
            fetcher = URLFetcher(session.prepare("GET", url, timeout=10), session.context, self)
            session.context.thread.post(fetcher.start)  # from here on it belongs to the IO thread
        for _ in urls:
            self.show(self.inbox.get())

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:  # on the IO thread: hand over and go
        self.inbox.put(fetcher)

    def show(self, fetcher: URLFetcher) -> None:  # on the application's thread
        status = fetcher.response.head.status if fetcher.response is not None else "no answer"
        size = sum(map(len, fetcher.body))
        print(f"{threading.current_thread().name}: {status}, error {fetcher.net_error}, {size} bytes, {fetcher.url}")


if __name__ == "__main__":
    with EmbeddedServer() as server, Session() as session:
        here = [server.url("/hello"), server.url("/bytes/5000"), "http://127.0.0.1:1/"]
        Application(session, sys.argv[1:] or here)
