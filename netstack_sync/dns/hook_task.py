"""HookTask: asks a function of the user's for the addresses of a host, on a worker."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, TypeAlias

from netstack_sync.base.error_map import map_resolve_error, map_system_error
from netstack_sync.base.ip_endpoint import IPEndPoint, parse_ip_literal
from netstack_sync.base.net_errors import ERR_FAILED, ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.workers.resolve_host import MAX_ADDRESSES
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

ResolverHook: TypeAlias = Callable[[str], "Iterable[object]"]
"""Gets a host, canonical and without brackets, and gives its addresses, best first: strings, addresses of `ipaddress`,
or what socket.getaddrinfo() returns. An empty answer or an exception means that there is none.
"""

_MAX_DETAIL: Final = 500  # characters; an exception may quote anything
_MAX_SCOPE_ID: Final = 0xFFFFFFFF
_WHAT_TO_RETURN: Final = "return IP addresses, or what socket.getaddrinfo() returns"


class HookTask:
    """A ResolveTask; made for filters, too, that keep requests away from internal addresses (SSRF).

    The hook is shown every host that is to be connected to, IP literals included, and its answer is the list of
    addresses that are tried; nobody else is asked, and nothing is kept, so that it sees each connect. It runs on a
    worker, perhaps several times at once. What a proxy connects to is resolved by the proxy, and no hook sees it.
    A hook that hangs holds its own lookups, which can be cancelled, and a thread of the pool for as long as it hangs.
    """

    __slots__ = ("_hook", "_host", "_job", "_workers")

    def __init__(self, workers: WorkerPool, hook: ResolverHook, host: str) -> None:
        self._workers = workers
        self._hook = hook
        self._host = host
        self._job: WorkerJob[ResolveAnswer] | None = None

    def start(self, on_done: Callable[[ResolveAnswer], None]) -> None:
        """See ResolveTask."""
        hook, host = self._hook, self._host

        def on_reply(reply: ResolveAnswer | BaseException) -> None:
            self._job = None
            on_done(_failure(ERR_FAILED, str(reply)) if isinstance(reply, BaseException) else reply)

        self._job = self._workers.post_job(lambda: ask_hook(hook, host), on_reply)

    def cancel(self) -> None:
        """See ResolveTask. The hook itself is not interrupted."""
        if self._job is not None:
            self._job.cancel()
            self._job = None


def ask_hook(hook: ResolverHook, host: str) -> ResolveAnswer:
    """The hook's answer, checked; worker thread; never raises."""
    try:
        found = hook(host)
        if found is None:
            raise TypeError(f"None was returned; {_WHAT_TO_RETURN}")
        if isinstance(found, str):
            found = (found,)  # else it would be taken for many addresses of one character
        addresses = tuple(dict.fromkeys(map(_endpoint, islice(found, MAX_ADDRESSES))))  # a generator may have no end
    except BaseException as error:  # SystemExit as well: it would end nothing here but this lookup
        # The exception itself is not kept: it holds the hook's frames, and what those hold.
        return _failure(_net_error(error), _in_words(error))
    if not addresses:
        return _failure(ERR_NAME_NOT_RESOLVED, "it gave no address")
    return ResolveAnswer(OK, addresses, AnswerSource.HOOK)


def _endpoint(item: object) -> IPEndPoint:
    """One address of the answer; raises ValueError."""
    text, scope_id = item, 0
    if isinstance(item, tuple) and len(item) == 5 and isinstance(item[4], tuple) and item[4]:
        text, *rest = item[4]  # an entry of socket.getaddrinfo()
        scope_id = rest[2] if len(rest) == 3 else 0
    address, _, zone = str(text).partition("%")
    literal = parse_ip_literal(address)
    scope_id = scope_id or _scope_id(zone)
    if literal is None or not isinstance(scope_id, int) or not 0 <= scope_id <= _MAX_SCOPE_ID:
        raise ValueError(f"{item!r} is no IP address; {_WHAT_TO_RETURN}")
    return IPEndPoint(literal, 0, socket.AF_INET6 if ":" in literal else socket.AF_INET, scope_id)


def _scope_id(zone: str) -> int:
    """The number of an interface, which may be its name; OSError if there is none of that name."""
    if not zone:
        return 0
    return int(zone) if zone.isascii() and zone.isdigit() else socket.if_nametoindex(zone)


def _net_error(error: BaseException) -> int:
    if isinstance(error, socket.gaierror):
        return map_resolve_error(error.errno or -1)
    if isinstance(error, OSError) and isinstance(error.errno, int):
        net_error = map_system_error(error.errno)
        return net_error if net_error < ERR_IO_PENDING else ERR_NAME_NOT_RESOLVED  # EAGAIN is a failure here
    return ERR_NAME_NOT_RESOLVED


def _in_words(error: BaseException) -> str:
    """Class and message; a class may be unable to tell its own, which the traceback module can bear."""
    return "".join(traceback.format_exception_only(type(error), error)).strip()


def _failure(net_error: int, detail: str) -> ResolveAnswer:
    return ResolveAnswer(net_error, (), AnswerSource.HOOK, detail=f"the resolver hook: {detail[:_MAX_DETAIL]}")
