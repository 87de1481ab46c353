"""A download that breaks off goes on where it stopped. `python examples/download.py [URL]`"""

from __future__ import annotations

import hashlib
import sys
import tempfile

from netstack_sync import Session, TruncatedBody
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import early_close

BODY = bytes(3_000_000)


def main(url: str, checksum: str | None = None) -> None:
    with Session() as session, tempfile.TemporaryDirectory() as folder:
        for _ in range(5):
            try:
                done = session.download(url, f"{folder}/file", checksum=checksum)
            except TruncatedBody as error:
                print("broken off:", error)
            else:
                print(f"{done.size} bytes, {'resumed' if done.was_resumed else 'in one go'}, {done.checksum}")
                break


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with EmbeddedServer() as server:
            rest = {"ETag": '"1"', "Content-Range": "bytes 1000000-2999999/3000000"}
            whole = Answer(headers={"ETag": '"1"'}, body=BODY, fault=early_close(1_000_000))
            server.route("/file", whole, Answer(206, headers=rest, body=BODY[1_000_000:]))
            main(server.url("/file"), f"sha256:{hashlib.sha256(BODY).hexdigest()}")
