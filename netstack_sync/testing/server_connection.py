"""ServerConnection: one accepted connection, which reads requests and plays the answers."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.base.net_errors import ERR_CONNECTION_CLOSED, ERR_IO_PENDING, OK
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.testing.script import CLOSE, Script
from netstack_sync.testing.script_player import ScriptPlayer
from netstack_sync.testing.server_request import (
    MAX_PENDING_BYTES,
    BadRequest,
    ReceivedRequest,
    RequestHead,
    RequestParser,
)
from netstack_sync.testing.server_stream import ServerStream
from netstack_sync.wire.errors import WireError

_READ_BYTES = 256 * 1024
_CONTINUE: Script = (b"HTTP/1.1 100 Continue\r\n\r\n",)


class ConnectionOwner(Protocol):
    """What a connection wants from the server."""

    def answers_before_body(self, head: RequestHead) -> bool:
        """Whether this request is answered without its body."""

    def on_request(self, request: ReceivedRequest) -> Script:
        """Takes note of a request and gives what is sent in answer."""

    def on_closed(self, connection: ServerConnection) -> None:
        """The connection is gone."""


class ServerConnection:
    """Owns its stream. Network thread only.

    It goes on reading while an answer is under way, so that a client that leaves is noticed during a stall.
    """

    __slots__ = (
        "_head",
        "_instead",
        "_is_closed",
        "_is_discarding",
        "_is_reading",
        "_is_unread",
        "_owner",
        "_parser",
        "_player",
        "_requests",
        "_stream",
        "number",
    )

    def __init__(
        self,
        number: int,
        stream: ServerStream,
        timers: TimerQueue,
        owner: ConnectionOwner,
        instead: Script = (),
    ) -> None:
        """With `instead`, that script answers the first bytes, whatever they are."""
        self.number = number
        self._stream = stream
        self._owner = owner
        self._instead = instead
        self._parser = RequestParser()
        self._player = ScriptPlayer(stream, timers)
        self._head: RequestHead | None = None
        self._requests = 0
        self._is_unread = False  # the request in hand is answered without its body
        self._is_discarding = False  # what still comes belongs to nobody
        self._is_reading = False
        self._is_closed = False

    def start(self) -> None:
        """Begins to read."""
        self._watch()

    def close(self) -> None:
        """Closes with FIN, in the middle of an answer too; idempotent."""
        if not self._is_closed:
            self._is_closed = True
            self._player.cancel()
            self._stream.close()
            self._owner.on_closed(self)

    def reset(self) -> None:
        """Closes with RST."""
        if not self._is_closed:
            self._stream.reset()
            self.close()

    @property
    def is_idle(self) -> bool:
        """True between requests."""
        return self._head is None and not self._player.is_playing and not self._parser.pending_bytes

    def say_goodbye(self) -> None:
        """Closes an idle connection the way a well-behaved server does."""
        self._stream.end(has_goodbye=True)
        self.close()

    def _watch(self) -> None:
        self._is_reading = True
        self._stream.notify_readable(self._on_readable)

    def _on_readable(self) -> None:
        self._is_reading = False
        while True:
            data = self._stream.read(_READ_BYTES)
            if not isinstance(data, bytes):
                if data != ERR_IO_PENDING:
                    self.close()
                    return
                break
            if not data:
                self.close()
                return
            self._on_data(data)
            if self._is_closed:
                return
            if not self._stream.has_unread:
                break
        self._watch_if_wanted()

    def _watch_if_wanted(self) -> None:
        """Reads on, unless a body is to stay unread, or more has piled up than anybody needs."""
        if self._is_reading or (self._is_unread and not self._is_discarding):
            return
        if not self._player.is_playing or self._parser.pending_bytes < MAX_PENDING_BYTES:
            self._watch()

    def _on_data(self, data: bytes) -> None:
        if self._is_discarding:
            return
        self._parser.feed(data)
        if self._instead:
            instead, self._instead = self._instead, ()
            self._is_discarding = True
            self._play(instead)
        elif not self._player.is_playing and not self._is_unread:
            self._serve()

    def _serve(self) -> None:
        """Answers the requests that are there, one after the other."""
        try:
            while not self._is_closed and not self._is_unread and self._serve_one():
                continue
        except (BadRequest, WireError) as error:
            self._refuse(str(error))

    def _serve_one(self) -> bool:
        """True when the next request may be looked at."""
        if self._head is None:
            self._head = self._parser.take_head()
            if self._head is None:
                return False
            if self._head.has_body and self._owner.answers_before_body(self._head):
                self._is_unread = True
                return self._answer(self._head, b"")
            if self._head.expects_continue and not self._parser.pending_bytes:
                return self._play(_CONTINUE)
        body = self._parser.take_body()
        return body is not None and self._answer(self._head, body)

    def _answer(self, head: RequestHead, body: bytes) -> bool:
        self._requests += 1
        keep_alive = head.keep_alive and not self._is_unread
        request = ReceivedRequest(head.method, head.target, head.headers, body, self.number, self._requests, keep_alive)
        script = self._owner.on_request(request)
        self._head = None  # only now: while a handler runs the connection is not idle
        return not self._is_closed and self._play(script)

    def _refuse(self, why: str) -> None:
        self._is_unread = True
        text = why.encode()
        self._play((b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text), CLOSE))

    def _play(self, script: Script) -> bool:
        """True when the script was played to its end and the connection stands."""
        result = self._player.play(script, self._on_played)
        if result not in (OK, ERR_IO_PENDING):
            self._ended(result)
        return result == OK

    def _on_played(self, result: int) -> None:
        if result == OK:
            self._serve()
        else:
            self._ended(result)
        if not self._is_closed:
            self._watch_if_wanted()

    def _ended(self, result: int) -> None:
        if result == ERR_CONNECTION_CLOSED and self._is_unread:
            # Closing now would send RST for the bytes that nobody read, and RST takes the answer with it
            # (RFC 9112 §9.6): the client's end of the stream is waited for.
            self._is_discarding = True
        else:
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "idle" if self.is_idle else "busy"
        return f"<ServerConnection {self.number} {state}>"
