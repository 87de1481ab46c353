"""Answers: what the pool has to say to those who wait, told in a task of its own."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable
from typing import Final

from netstack_sync.loop.completion import Task
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.pool_log import log_answered
from netstack_sync.pool.request import SocketRequest

_MOST_A_TASK: Final = 16  # then the loop looks after the others


class Answers:
    """One posted task tells all who were answered before it runs, in their order: sockets come back in bunches.

    Owned by the pool; network thread only.
    """

    __slots__ = ("_answered", "_is_posted", "_post")

    def __init__(self, post: Callable[[Task], object]) -> None:
        self._post = post
        self._answered: deque[SocketRequest] = deque()
        self._is_posted = False

    def add(self, handle: ClientSocketHandle, result: int) -> None:
        """The handle is told later, unless it withdraws its question."""
        request = handle.request
        request.result = result
        if handle.net_log.net_log.is_capturing:
            log_answered(handle, result)
        self._answered.append(request)
        if not self._is_posted:
            self._is_posted = True
            self._post(self._tell)

    def _tell(self) -> None:
        answered = self._answered
        for _ in range(min(len(answered), _MOST_A_TASK)):
            request = answered.popleft()
            on_done, request.on_done = request.on_done, None
            if on_done is None:
                continue  # the question was withdrawn
            try:
                on_done(request.result)
            except BaseException:
                traceback.print_exc()  # one request's bug must not leave the others untold
        self._is_posted = bool(answered)
        if answered:
            self._post(self._tell)
