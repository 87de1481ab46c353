"""T6: any thread can end a fetch, whatever it is waiting for, and its slot is free again."""

from __future__ import annotations

import concurrent.futures
import random
import time
from collections.abc import Iterator

import pytest

import netstack_sync
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers, stall_in_body
from tests.support.held_fetches import SCENES, HeldFetch, Scene
from tests.support.waiting import Caller, is_paused, make_fetcher, wait_until

_PROMPTLY_S = 5.0  # everything here is held for ever


@pytest.fixture(params=SCENES, ids=lambda scene: scene.__name__)
def held(request: pytest.FixtureRequest, no_complaints: None) -> Iterator[HeldFetch]:
    """A fetch for each state it can be in."""
    scene: Scene = request.param
    with scene() as prepared:
        yield prepared


def test_cancel_frees_the_waiting_thread(held: HeldFetch, server: EmbeddedServer) -> None:
    """cancel() from another thread: the waiter gets FetchCancelled, the slot is given back, later requests work.

    requests, urllib3, httpx, httpx2, curl_cffi and primp have nothing that frees the waiter; niquests and wreq can
    only close the whole session, pycurl refuses.
    """
    fetcher = make_fetcher(held.session, held.url)
    caller = Caller(fetcher.fetch)
    held.wait(fetcher)
    assert caller.is_waiting
    fetcher.cancel()
    assert caller.join() < _PROMPTLY_S
    assert isinstance(caller.error, netstack_sync.FetchCancelled)
    _session_is_fine(held.session, server)


def test_future_is_cancelled_in_any_state(held: HeldFetch, server: EmbeddedServer) -> None:
    """Future.cancel() works in every state; requests-futures#43, #99: "does nothing once running"."""
    future = held.session.submit("GET", held.url)
    caller = Caller(future.result)
    held.wait(future._fetcher)
    assert future.cancel()
    assert caller.join() < _PROMPTLY_S
    assert isinstance(caller.error, concurrent.futures.CancelledError)
    assert future.cancelled()
    _session_is_fine(held.session, server)


def test_close_frees_the_waiting_thread(held: HeldFetch) -> None:
    """Session.close() from another thread frees the waiter too; with requests, urllib3 and httpx it goes on waiting."""
    fetcher = make_fetcher(held.session, held.url)
    caller = Caller(fetcher.fetch)
    held.wait(fetcher)
    begin = time.monotonic()
    held.session.close()
    caller.join()
    assert time.monotonic() - begin < _PROMPTLY_S
    assert isinstance(caller.error, netstack_sync.ContextShutDown)


def test_stream_is_cancelled_while_its_body_is_awaited(server: EmbeddedServer) -> None:
    """shutdown() of a stream frees the thread that reads it. urllib3#2868: close() hangs then."""
    server.route("/held", Answer(body=b"x" * 1000, fault=stall_in_body()))
    limits = netstack_sync.Limits(per_host=1, total=1)
    with netstack_sync.Session(limits=limits) as session, session.stream("GET", server.url("/held")) as response:
        pieces = response.iter_bytes()
        assert next(pieces)
        reader = Caller(lambda: next(pieces))
        response.shutdown()
        assert reader.join() < _PROMPTLY_S
        assert isinstance(reader.error, netstack_sync.FetchCancelled)
        _session_is_fine(session, server)


@pytest.mark.parametrize("by_close", [False, True], ids=["cancel", "close"])
def test_stream_is_cancelled_while_paused(server: EmbeddedServer, by_close: bool) -> None:
    """A fetch that does not read because its reader is slow ends like any other, and its connection is closed."""
    size = 64 * 1024 * 1024
    server.route("/large", Answer(body=bytes(size)))
    limits = netstack_sync.Limits(per_host=1, total=1)
    with netstack_sync.Session(limits=limits) as session:
        fetcher = make_fetcher(session, server.url("/large"), stream=True)
        response = fetcher.fetch()
        wait_until(lambda: is_paused(session, fetcher), "the fetch is paused")
        if by_close:
            Caller(response.close).join()
        else:
            Caller(fetcher.cancel).join()
            with pytest.raises(netstack_sync.FetchCancelled):
                for _ in response.iter_bytes():
                    pass
        assert server.wait_until(lambda: server.open_connections == 0)
        _session_is_fine(session, server)
        response.close()


def test_late_cancel_touches_nobody_else(server: EmbeddedServer) -> None:
    """A cancel that comes too late does nothing to the request that has the connection by then (urllib3#3581)."""
    server.route("/next", Answer(body=b"undisturbed", delay_s=0.3))
    with netstack_sync.Session(limits=netstack_sync.Limits(per_host=1)) as session:
        first = make_fetcher(session, server.url("/hello"))
        first.fetch().content  # noqa: B018
        future = session.submit("GET", server.url("/next"))
        assert server.wait_until(lambda: len(server.requests) == 2)
        for _ in range(10):
            first.cancel()
        assert future.result(timeout=20).content == b"undisturbed"
        assert session.stats().sockets_opened == 1


def test_cancel_at_any_moment(server: EmbeddedServer) -> None:
    """Cancelled at random moments, requests leave neither slots nor waiters behind (httpcore#550)."""
    server.route("/held", Answer(fault=stall_before_headers()))
    luck = random.Random(7)
    with netstack_sync.Session(limits=netstack_sync.Limits(per_host=3)) as session:
        for _ in range(100):
            paths = luck.choices(["/hello", "/held", "/bytes/100000", "/redirect/3"], k=5)
            futures = [session.submit("GET", server.url(path)) for path in paths]
            if luck.random() < 0.8:
                time.sleep(luck.random() * 0.004)
            for future in luck.sample(futures, len(futures)):
                future.cancel()
            for future in futures:
                assert future.cancelled() or future.result(timeout=20).ok
        _session_is_fine(session, server)


def _session_is_fine(session: netstack_sync.Session, server: EmbeddedServer) -> None:
    """Nothing of the cancelled request is left in the stack, and it serves another."""
    wait_until(lambda: session.stats().requests_waiting == 0, "no request waits")
    assert session.get(server.url("/hello"), timeout=20).text == "hello\n"
    stats = session.stats()
    assert (stats.requests_waiting, stats.sockets_connecting, stats.dns_lookups) == (0, 0, 0), stats
