"""ProxyIdentities: as whom each proxy is spoken to."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_PROXY_AUTH_REQUESTED
from netstack_sync.base.proxy_chain import ProxyServer
from netstack_sync.base.shown_text import shown
from netstack_sync.loop.fan_out import tell_in_turns
from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from netstack_sync.http.proxy_source import OnIdentity
    from netstack_sync.proxy.config import ProxyConfig

_MAX_DETAIL: Final = 500  # characters; an exception may quote anything
_MAX_PROXIES: Final = 256  # that are remembered; a script may name any number

V = TypeVar("V")


class ProxyLogins(Protocol):
    """What the user said about logins beside the URLs of proxies."""

    source: Callable[[str], object] | None
    """The user's function; None where all is known."""

    def identity_of(self, server: ProxyServer) -> AuthIdentity | None:
        """What is known without asking; None for nobody."""

    def ask(self, server: ProxyServer) -> AuthIdentity | None:
        """What the function says. Runs the user's code, and on a worker for that reason; raises anything."""


class ProxyIdentities:
    """Credentials in the URL of a proxy come first, which are for that one alone; then the logins. Network thread only.

    The function is asked once for each proxy, by however many requests, and what it gave is kept until it is refused.
    """

    __slots__ = ("_answers", "_failures", "_logins", "_telling", "_waiting", "_workers")

    def __init__(self, logins: ProxyLogins | None, workers: WorkerPool) -> None:
        """Without `logins` only URLs count. `workers` are those for code of the user's."""
        self._logins = logins
        self._workers = workers
        self._answers: dict[ProxyServer, AuthIdentity | None] = {}
        self._failures: dict[ProxyServer, str] = {}
        self._waiting: dict[ProxyServer, dict[OnIdentity, None]] = {}  # in the order of their coming
        self._telling: list[dict[OnIdentity, None]] = []

    def identity_of(self, server: ProxyServer, config: ProxyConfig, on_done: OnIdentity) -> AuthIdentity | int | None:
        """See ProxySource; ERR_PROXY_AUTH_REQUESTED where the function failed, which error_of() tells more about."""
        named = config.credentials_of(server)
        if named is not None:
            return password_identity(*named)
        logins = self._logins
        if logins is None or logins.source is None:
            return logins.identity_of(server) if logins is not None else None
        if server in self._answers:
            return self._answers[server]
        waiting = self._waiting.get(server)
        if waiting is None:
            waiting = self._waiting[server] = {}
            self._workers.post_job(lambda: _answer(logins, server), lambda reply: self._on_reply(server, reply))
        waiting[on_done] = None
        return ERR_IO_PENDING

    def stop_asking(self, on_done: OnIdentity) -> None:
        """Whoever waits does not any more; the function is not interrupted, and its answer is kept."""
        for waiting in (*self._waiting.values(), *self._telling):
            waiting.pop(on_done, None)

    def error_of(self, server: ProxyServer) -> str:
        """Why the function gave no answer the last time, in words; may be empty."""
        return self._failures.get(server, "")

    def forget(self, server: ProxyServer) -> None:
        """The next request that goes there asks anew."""
        self._answers.pop(server, None)

    def _on_reply(self, server: ProxyServer, reply: AuthIdentity | str | BaseException | None) -> None:
        outcome: AuthIdentity | int | None
        if isinstance(reply, (str, BaseException)):
            _remember(self._failures, server, str(reply))
            outcome = ERR_PROXY_AUTH_REQUESTED
        else:
            _remember(self._answers, server, reply)
            self._failures.pop(server, None)
            outcome = reply
        told = self._waiting.pop(server)
        self._telling.append(told)

        def tell_next() -> bool:
            if not told:
                self._telling.remove(told)
                return False
            on_done = next(iter(told))
            del told[on_done]
            on_done(outcome)
            return True

        tell_in_turns(tell_next, self._workers.task_runner.post_task)


def _answer(logins: ProxyLogins, server: ProxyServer) -> AuthIdentity | str | None:
    """What the function says, or in words why it says nothing; worker thread. The exception itself is not kept: it
    holds the frames of the user's code, and what those hold.
    """
    try:
        return logins.ask(server)
    except BaseException as error:  # SystemExit as well: it would end nothing here but this question
        what = "".join(traceback.format_exception_only(type(error), error)).strip()
        return shown(f"proxy_auth failed for {server}: {what}", _MAX_DETAIL)


def _remember(known: dict[ProxyServer, V], server: ProxyServer, value: V) -> None:
    """What was learned first goes first."""
    known.pop(server, None)
    known[server] = value
    if len(known) > _MAX_PROXIES:
        del known[next(iter(known))]
