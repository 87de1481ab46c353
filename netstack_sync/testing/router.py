"""Router: which answer belongs to a request."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from netstack_sync.testing.answer import Answer
from netstack_sync.testing.script import Script
from netstack_sync.testing.server_request import ReceivedRequest

Handler: TypeAlias = Callable[[ReceivedRequest], Answer]


class Route(NamedTuple):
    """The answers of one path."""

    answers: Iterator[Answer | Handler]
    before_body: bool


class Router:
    """Routes by path; `add` from any thread, `find` and `script` on the server's."""

    __slots__ = ("_routes",)

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def add(self, path: str, *answers: Answer | Handler, before_body: bool = False) -> None:
        """Gives `path` these answers in turn, the last of them for ever; replaces earlier ones.

        A path that ends with "/" stands for all below it as well. With `before_body` a request that has a body
        is answered as soon as its head is there, and its body is not read before the answer is out.
        """
        if not answers or not path.startswith("/"):
            raise ValueError(f"path: {path!r} must start with / and have at least one answer")
        in_turn = itertools.chain(answers[:-1], itertools.repeat(answers[-1]))
        self._routes[path] = Route(in_turn, before_body)

    def find(self, path: str) -> Route | None:
        """The route of the path itself, or of the nearest one above it."""
        route = self._routes.get(path)
        while route is None and path:
            path = path[: path.rfind("/", 0, len(path) - 1) + 1]
            route = self._routes.get(path)
        return route

    def script(self, request: ReceivedRequest) -> Script:
        """What is sent; an exception of a handler or a fault is shown to the client and on stderr."""
        try:
            return self._answer(request).script(request)
        except Exception:
            traceback.print_exc()
            return Answer(500, body=traceback.format_exc().encode()).script(request)

    def _answer(self, request: ReceivedRequest) -> Answer:
        route = self.find(request.path)
        if route is None:
            return Answer(404, body=f"no route for {request.target}\n".encode())
        answer = next(route.answers)
        return answer if isinstance(answer, Answer) else answer(request)
