"""10 000 requests of all kinds leave nothing behind: no object, descriptor, thread, timer or slot."""

from __future__ import annotations

import concurrent.futures
import gc
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable
from types import FunctionType, MethodType

import pytest

import netstack_sync
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.testing import fault_recipes
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.waiting import wait_until

_REQUESTS = 10_000
_THREADS = 8
_PER_THREAD_BEFORE = 100  # fills caches and makes what is made once
_TOLERANCE = 32  # workers come and go; parts of a session, and the addresses of this machine, are in circles

Kind = Callable[[netstack_sync.Session, str], object]


def _get(path: str) -> Kind:
    return lambda session, url: session.get(url + path).content


def _get_by_name(session: netstack_sync.Session, url: str) -> None:
    assert session.get(url.replace("127.0.0.1", "name.test") + "/closing").ok


def _failing(path: str, error: type[BaseException], **options: float) -> Kind:
    def fetch(session: netstack_sync.Session, url: str) -> None:
        with pytest.raises(error):
            session.get(url + path, timeout=options.get("timeout", 20.0))

    return fetch


def _post(session: netstack_sync.Session, url: str) -> None:
    assert session.post(url + "/echo", json={"key": "value"}).json()["method"] == "POST"


def _upload(session: netstack_sync.Session, url: str) -> None:
    try:
        assert session.put(url + "/echo", content=iter([b"piece"] * 3)).ok
    except netstack_sync.ConnectionFailed:
        pass  # on a connection that /closing closed; an iterator cannot be sent again


def _cancel(session: netstack_sync.Session, url: str) -> None:
    future = session.submit("GET", url + "/stall")
    assert future.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result()


def _submit(session: netstack_sync.Session, url: str) -> None:
    assert session.submit("GET", url + "/hello").result(timeout=20).ok


def _close_stream_early(session: netstack_sync.Session, url: str) -> None:
    with session.stream("GET", url + "/bytes/100000") as response:
        assert next(response.iter_bytes())


def _drop_stream(session: netstack_sync.Session, url: str) -> None:
    assert session.stream("GET", url + "/bytes/1000").status == 200


def _read_stream(session: netstack_sync.Session, url: str) -> None:
    with session.stream("GET", url + "/stream/20") as response:
        assert len(list(response.iter_lines())) == 20


def _bad_argument(session: netstack_sync.Session, url: str) -> None:
    with pytest.raises(netstack_sync.InvalidURL):
        session.get("ftp://host/")


_KINDS: list[Kind] = [
    _get("/hello"),
    _get("/bytes/70000"),
    _get("/status/404"),
    _get("/redirect/2"),
    _get("/gzip"),
    _get("/deflate"),
    _get("/stream/5"),
    _get("/stale"),
    _get("/closing"),
    _get_by_name,
    lambda session, url: session.head(url + "/bytes/1000"),
    _post,
    _upload,
    _submit,
    _cancel,
    _close_stream_early,
    _drop_stream,
    _read_stream,
    _bad_argument,
    _failing("/redirect/30", netstack_sync.TooManyRedirects),
    _failing("/bad-chunk", netstack_sync.ProtocolError),
    _failing("/wrong-length", netstack_sync.TruncatedBody),
    _failing("/garbage", netstack_sync.ProtocolError),
    _failing("/reset", netstack_sync.ConnectionReset),
    _failing("/stall", netstack_sync.DeadlineExceeded, timeout=0.005),
    _failing("/stall-in-body", netstack_sync.DeadlineExceeded, timeout=0.01),
]


def _add_faults(server: EmbeddedServer) -> None:
    body = b"x" * 1000
    faults = {
        "/stale": fault_recipes.close_on_reuse(),
        "/closing": fault_recipes.close_after_answer(),
        "/bad-chunk": fault_recipes.bad_chunk(),
        "/wrong-length": fault_recipes.wrong_length(10),
        "/garbage": fault_recipes.garbage_head(),
        "/reset": fault_recipes.reset_before_headers(),
        "/stall": fault_recipes.stall_before_headers(),
        "/stall-in-body": fault_recipes.stall_in_body(),
    }
    for path, fault in faults.items():
        server.route(path, Answer(body=body, fault=fault))


def _fetch_all_kinds(session: netstack_sync.Session, server: EmbeddedServer, per_thread: int) -> None:
    """From several threads at once, every thread beginning with another kind."""
    failures: list[str] = []
    url = server.url("")

    def run(thread: int) -> None:
        for number in range(per_thread):
            kind = _KINDS[(thread * 3 + number) % len(_KINDS)]
            try:
                kind(session, url)
            except BaseException as error:
                failures.append(f"kind {_KINDS.index(kind)}: {error!r}")
                return

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def _round(server: EmbeddedServer, per_thread: int) -> None:
    """A session's life; at its end slots, timers and connections are as if there had been none."""
    no_cache = netstack_sync.DnsSettings(cache_entries=0)  # each connection to a name takes a lookup
    with netstack_sync.Session(limits=netstack_sync.Limits(per_host=5), dns=no_cache) as session:
        thread = session.context.thread

        def owned() -> tuple[int, int]:
            """Timers and sockets; none when the thread does not say."""
            return call_on_network_thread(thread, lambda: (len(thread.timers), len(thread.sockets))) or (0, 0)

        timers, sockets = owned()  # what watches the network
        _fetch_all_kinds(session, server, per_thread)
        wait_until(lambda: session.stats().requests == 0, "no request is under way")
        wait_until(lambda: session.stats().sockets_active == 0, "no socket is in use")
        stats = session.stats()
        assert stats.requests_waiting == 0 and stats.sockets <= 10, stats
        wait_until(lambda: owned()[0] <= timers + 1, "timers")
        assert owned()[1] == sockets + session.stats().sockets
    wait_until(lambda: server.open_connections == 0, "no connection is open")
    server.forget_requests()


def _census() -> Counter[str]:
    """Living objects of our classes, and functions, methods and exceptions, by name."""
    found: Counter[str] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        if str(getattr(kind, "__module__", "")).startswith("netstack_sync"):
            found[f"{kind.__module__}.{kind.__name__}"] += 1
        elif kind is FunctionType and str(getattr(thing, "__module__", "")).startswith("netstack_sync"):
            found[f"function {getattr(thing, '__qualname__', '')}"] += 1
        elif kind is MethodType and "coverage" not in str(getattr(thing, "__module__", "")):
            found[f"method {getattr(thing, '__qualname__', '')}"] += 1
        elif issubclass(kind, BaseException):
            found[f"exception {kind.__name__}"] += 1
    return found


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.timeout(180)
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not list descriptors")
def test_mixed_requests_leave_nothing_behind(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects are counted with the collector off: what only it could free is a circle, and circles add up.

    aiohttp#12953: a timer left on a pooled connection; httpcore#550, httpx#1360: slots lost after errors.
    """
    entry = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [entry])
    _add_faults(server)
    _round(server, _PER_THREAD_BEFORE)
    gc.collect()
    gc.disable()
    try:
        _round(server, _PER_THREAD_BEFORE)
        objects, descriptors, threads = _census(), _descriptors(), threading.active_count()
        _round(server, _REQUESTS // _THREADS)
        more = {name: count for name, count in (_census() - objects).items() if count > _TOLERANCE}
        assert not more, "\n".join(f"{c} {n}" for n, c in sorted(more.items()))
        assert _descriptors() <= descriptors + 2, "the waker of the last loop and a signal go with its session"
        assert threading.active_count() <= threads + 16, "workers that idle"
    finally:
        gc.enable()
    assert gc.collect() < 1000
