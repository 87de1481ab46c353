"""Requests in the background as futures, each handled when it is there. `python examples/submit_futures.py [URL]`"""

from __future__ import annotations

import concurrent.futures
import sys

from netstack_sync import NetError, Session
from netstack_sync.testing.embedded_server import EmbeddedServer


def main(urls: list[str]) -> None:
    with Session() as session:
        jobs = [session.submit("GET", url, timeout=10) for url in urls]
        for job in concurrent.futures.as_completed(jobs):
            try:
                response = job.result()
                print(response.status_code, response.url)
            except NetError as error:
                print(error)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1:])
    else:
        with EmbeddedServer() as server:
            # Who listens at the last one? Nobody: it fails while the first is still under way.
            main([server.url("/delay/0.3"), server.url("/hello"), "http://127.0.0.1:1/"])
