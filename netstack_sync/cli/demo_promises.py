"""Two promises at work, for `netstack demo`: a deadline that is one, and a cancel that works."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from queue import SimpleQueue

from netstack_sync.base.clock import SystemTickClock
from netstack_sync.base.exceptions import FetchTimeout, NetError
from netstack_sync.cli.exit_status import OTHER, CommandError
from netstack_sync.fetcher.future import FetchFuture
from netstack_sync.fetcher.session import Session
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers, trickle

_DEADLINE_S = 0.5
_TRICKLE_S = 12.0
_PIECES = 240


def show_promises(session: Session, server: EmbeddedServer) -> None:
    """Prints them; raises CommandError when one is broken."""
    server.route("/trickle", Answer(body=bytes(_PIECES), fault=trickle(every_s=_TRICKLE_S / _PIECES)))
    server.route("/stall", Answer(fault=stall_before_headers()))
    print("\nTwo promises:")
    print(f"  A body trickles for {_TRICKLE_S:.0f} s, timeout={_DEADLINE_S}: {_run_into_deadline(session, server)}")
    print(f"  The headers never come, another thread cancels: {_cancel_waiting(session, server)}")


def _run_into_deadline(session: Session, server: EmbeddedServer) -> str:
    clock = SystemTickClock()
    started_at = clock.now()
    try:
        session.get(server.url("/trickle"), timeout=_DEADLINE_S)
    except FetchTimeout as error:
        return f"ended after {clock.now() - started_at:.2f} s with {type(error).__name__}, {error.net_error}"
    raise CommandError(OTHER, "a trickling body lived longer than its deadline")


def _cancel_waiting(session: Session, server: EmbeddedServer) -> str:
    clock = SystemTickClock()
    ended_at: SimpleQueue[float] = SimpleQueue()
    job = session.submit("GET", server.url("/stall"))
    threading.Thread(target=_wait_for, args=(job, ended_at, clock), name="waiter", daemon=True).start()
    server.wait_until(lambda: any(request.path == "/stall" for request in server.requests))
    cancelled_at = clock.now()
    if not job.cancel():
        raise CommandError(OTHER, "a request that waits for its answer could not be cancelled")
    return f"its waiter was told after {1000 * (ended_at.get() - cancelled_at):.1f} ms"


def _wait_for(job: FetchFuture, ended_at: SimpleQueue[float], clock: SystemTickClock) -> None:
    try:
        job.result()
    except (CancelledError, NetError):
        ended_at.put(clock.now())
