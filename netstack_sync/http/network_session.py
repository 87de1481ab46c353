"""HttpNetworkSession: the socket pool, the request heads and the drainers that the exchanges of one context share."""

from __future__ import annotations

from netstack_sync.http.body_drainer import HttpResponseBodyDrainer
from netstack_sync.http.build_headers import RequestHeads
from netstack_sync.http.stream import HttpStream
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool.socket_pool import ClientSocketPool


class HttpNetworkSession:
    """Owner of the pool; network thread only."""

    __slots__ = ("_drainers", "heads", "net_log", "pool", "thread")

    def __init__(self, thread: NetworkThread, pool: ClientSocketPool, net_log: NetLog) -> None:
        self.thread = thread
        self.pool = pool
        self.heads = RequestHeads()
        self.net_log = net_log
        self._drainers: set[HttpResponseBodyDrainer] = set()

    def drain_or_close(self, stream: HttpStream) -> None:
        """Ends a stream whose user is through with it; reads a small rest so that the connection can be reused."""
        if stream.is_body_complete or not stream.can_find_end:
            stream.close()
            return
        drainer = HttpResponseBodyDrainer(stream, self.thread.timers, self._drainers.discard)
        self._drainers.add(drainer)
        drainer.start()

    def shut_down(self, error: int) -> None:
        """Fails what waits for a socket with `error`, stops the drainers, closes every idle socket."""
        for drainer in list(self._drainers):
            drainer.cancel()
        self.pool.flush_with_error(error)
