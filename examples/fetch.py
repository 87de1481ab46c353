"""One request: status, headers, body, and where the time went. `python examples/fetch.py [URL]`"""

from __future__ import annotations

import sys

import netstack_sync
from netstack_sync.testing.embedded_server import EmbeddedServer


def main(url: str) -> None:
    try:
        response = netstack_sync.fetch(url, timeout=5)  # five seconds for everything
        response.raise_for_status()
    except netstack_sync.NetError as error:
        sys.exit(f"no answer: {error}")
    except netstack_sync.HTTPStatusError as error:
        sys.exit(f"an answer, but not a good one: {error}")
    print(response.status_code, response.headers.get("content-type"), f"{len(response.content)} bytes")
    print(response.timing)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with EmbeddedServer() as server:
            main(server.url("/echo"))
