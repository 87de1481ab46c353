"""A large body goes to a file piece by piece, never whole into memory. `python examples/stream_to_disk.py [URL]`"""

from __future__ import annotations

import sys
import tempfile

from netstack_sync import Session, Timeout
from netstack_sync.testing.embedded_server import EmbeddedServer


def main(url: str) -> None:
    no_deadline = Timeout(connect=10, read=30)  # it may take for ever, as long as bytes keep coming
    with (
        Session() as session,
        session.stream("GET", url, timeout=no_deadline) as response,
        tempfile.TemporaryFile() as file,
    ):
        response.raise_for_status()
        pieces = 0
        for piece in response.iter_bytes():  # a slow disk makes the server wait
            file.write(piece)
            pieces += 1
        print(f"{file.tell()} bytes in {'several pieces' if pieces > 1 else 'one piece'}, {response.headers}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with EmbeddedServer() as server:
            main(server.url("/bytes/20000000"))
