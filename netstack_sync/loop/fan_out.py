"""tell_in_turns(): tells any number of waiters of one event without making a turn of the loop long."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Final

from netstack_sync.loop.completion import Task

_TOLD_AT_ONCE: Final = 4  # each may go on with a handshake or a connect, which takes some tenths of a millisecond


def tell_in_turns(tell_next: Callable[[], bool], post_task: Callable[[Task], object]) -> None:
    """Calls `tell_next` until it answers False: some times now, and as many in each of the tasks that follow.

    `tell_next` takes one waiter out, tells it, and answers False when there is none left. Whom it has not told yet may
    be cancelled, also by those that it tells. A waiter that raises has a bug, which is printed; no other one is to
    suffer from it.
    """
    for _ in range(_TOLD_AT_ONCE):
        if not _tells_and_goes_on(tell_next):
            return
    post_task(lambda: tell_in_turns(tell_next, post_task))


def _tells_and_goes_on(tell_next: Callable[[], bool]) -> bool:
    try:
        return tell_next()
    except BaseException:
        traceback.print_exc()
        return True
