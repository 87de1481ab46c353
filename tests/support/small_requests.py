"""What asks with a small request of the stack's own, over a scripted stack, and what it was told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from netstack_sync.dns.doh_server import Cancelable
from netstack_sync.url_request.context import URLRequestContext
from tests.support.scripted_socket import Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack
from tests.support.url_requests import context_over

R = TypeVar("R")


class SmallAsking(ABC, Generic[R]):
    """One that asks; `results` are its answers."""

    def __init__(self, stack: ScriptedStack, limit_s: float) -> None:
        self.stack = stack
        self.context: URLRequestContext = context_over(stack)
        self.results: list[R] = []
        self._limit_s = limit_s

    @abstractmethod
    def ask(self) -> Cancelable:
        """Begins, and adds what comes of it to `results`."""

    def start(self) -> Cancelable:
        """Asks; nothing comes from inside."""
        request = self.ask()
        assert not self.results
        return request

    def run(self) -> R:
        """The one result, after which nothing is under way."""
        self.start()
        self.stack.run()
        assert len(self.results) == 1
        self.stack.advance(2 * self._limit_s)  # the limit of a request that is over means nothing
        return self.result

    @property
    def result(self) -> R:
        """The one result, after which nothing is under way."""
        assert len(self.results) == 1 and self.context.request_count == 0
        return self.results[0]

    def run_out_of_time(self, stage: str, sent: Write, head: Read) -> None:
        """The server stops at a stage: "connect", "head" or "body"; there is no result before the limit."""
        if stage == "connect":
            self.stack.failed_connection(NEVER)  # the second one is the pool's idea
        self._stop_at(stage, sent, head)
        self.start()
        self.stack.run()
        self.stack.advance(self._limit_s - 0.01)
        assert not self.results
        self.stack.advance(0.02)

    def cancel_at(self, stage: str, sent: Write, head: Read) -> None:
        """In any stage, "start" and "done" too; only what was done has a result."""
        self._stop_at(stage, sent, head)
        request = self.start()
        if stage != "start":
            self.stack.run()
        request.cancel()
        request.cancel()
        self.stack.advance(2 * self._limit_s)
        assert len(self.results) == (stage == "done") and self.context.request_count == 0

    def _stop_at(self, stage: str, sent: Write, head: Read) -> None:
        if stage == "connect":
            self.stack.failed_connection(NEVER)
            return
        steps = {"start": [], "head": [], "body": [head, Read(b"ans")], "done": [head, Read(b"answer")]}
        self.stack.connection(sent, *steps[stage])


def answered(*fields: str, media_type: str, status: str = "200 OK", size: int = 6) -> Read:
    """The head of an answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", f"Content-Type: {media_type}", *fields, "", ""]
    return Read("\r\n".join(lines).encode())
