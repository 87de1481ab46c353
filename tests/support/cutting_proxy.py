"""A relay to a server that cuts connections after so many bytes of its answers, as a bad network does."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from tests.support.raw_server import reset

_PIECE_BYTES = 16 * 1024
_LIMIT_S = 20.0  # only a hang gets here


class CuttingProxy:
    """Takes one connection after the other; each may bring as many bytes as `limits` says, None for all."""

    def __init__(self, listener: socket.socket, server_port: int, limits: Sequence[int | None], resets: bool) -> None:
        self.port: int = listener.getsockname()[1]
        self.brought: list[int] = []
        """Bytes of answers, connection by connection."""
        self._listener = listener
        self._server_port = server_port
        self._limits = list(limits)
        self._resets = resets

    def serve(self) -> None:
        """Until the limits are used up, or the listener is closed."""
        with suppress(OSError):
            for limit in self._limits:
                connection, _ = self._listener.accept()
                connection.settimeout(_LIMIT_S)
                with connection, socket.create_connection(("127.0.0.1", self._server_port), _LIMIT_S) as server:
                    self.brought.append(_relay(connection, server, limit))
                    if self._resets:
                        reset(connection)


@contextmanager
def cutting_proxy(server_port: int, limits: Sequence[int | None], resets: bool = False) -> Iterator[CuttingProxy]:
    """Runs until the end of the block. With `resets` it cuts with RST, and what is on its way is lost as well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CuttingProxy(listener, server_port, limits, resets)
        thread = threading.Thread(target=proxy.serve, name="cutting-proxy")
        thread.start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # else accept() goes on
            thread.join(_LIMIT_S)


def _relay(client: socket.socket, server: socket.socket, limit: int | None) -> int:
    """Copies both ways until one side is through or the limit is reached; the number of bytes for the client."""
    brought = 0
    with suppress(OSError):
        while limit is None or brought < limit:
            for source in select.select([client, server], [], [], _LIMIT_S)[0]:
                room = _PIECE_BYTES if limit is None else min(_PIECE_BYTES, limit - brought)
                piece = source.recv(room)
                if not piece:
                    return brought
                (client if source is server else server).sendall(piece)
                brought += len(piece) if source is server else 0
    return brought
