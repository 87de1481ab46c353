"""ProxyIdentities: as whom each proxy is spoken to."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_PROXY_AUTH_REQUESTED
from netstack_sync.base.proxy_chain import ProxyServer
from netstack_sync.base.shown_text import shown
from netstack_sync.http.proxy_source import OnIdentity
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.workers.worker_pool import WorkerPool

_MAX_DETAIL: Final = 500  # characters; an exception may quote anything
_MAX_PROXIES: Final = 256  # that are remembered; a script may name any number

V = TypeVar("V")

AskForIdentity: TypeAlias = Callable[[str], "AuthIdentity | None"]
"""Gets the URL of a proxy, without credentials. Runs the user's code, and on a worker for that reason."""


@dataclass(frozen=True, slots=True)
class ProxyLogins:
    """What the user said beside the URLs of proxies; at most one of the three. A value."""

    everywhere: AuthIdentity | None = None
    by_proxy: tuple[tuple[ProxyServer, AuthIdentity], ...] = ()
    ask: AskForIdentity | None = None


NO_LOGINS: Final = ProxyLogins()


class ProxyIdentities:
    """Credentials in the URL of a proxy come first, which are for that one alone; then the logins. Network thread only.

    The function is asked once for each proxy, by however many requests, and what it gave is kept until it is refused.
    """

    __slots__ = ("_answers", "_by_proxy", "_failures", "_logins", "_waiting", "_workers")

    def __init__(self, logins: ProxyLogins, workers: WorkerPool) -> None:
        """`workers` are those for code of the user's."""
        self._logins = logins
        self._by_proxy = dict(logins.by_proxy)
        self._workers = workers
        self._answers: dict[ProxyServer, AuthIdentity | None] = {}
        self._failures: dict[ProxyServer, str] = {}
        self._waiting: dict[ProxyServer, list[OnIdentity]] = {}

    def identity_of(self, server: ProxyServer, config: ProxyConfig, on_done: OnIdentity) -> AuthIdentity | int | None:
        """See ProxySource; ERR_PROXY_AUTH_REQUESTED where the function failed, which error_of() tells more about."""
        named = config.credentials_of(server)
        if named is not None:
            return password_identity(*named)
        logins = self._logins
        if logins.ask is None:
            return self._by_proxy.get(server, logins.everywhere)
        if server in self._answers:
            return self._answers[server]
        waiting = self._waiting.get(server)
        if waiting is None:
            waiting = self._waiting[server] = []
            self._ask(server, logins.ask)
        waiting.append(on_done)
        return ERR_IO_PENDING

    def error_of(self, server: ProxyServer) -> str:
        """Why the function gave no answer the last time, in words; may be empty."""
        return self._failures.get(server, "")

    def forget(self, server: ProxyServer) -> None:
        """The next request that goes there asks anew."""
        self._answers.pop(server, None)

    def _ask(self, server: ProxyServer, ask: AskForIdentity) -> None:
        url = str(server)
        self._workers.post_job(lambda: _answer(ask, url), lambda reply: self._on_reply(server, reply))

    def _on_reply(self, server: ProxyServer, reply: AuthIdentity | str | BaseException | None) -> None:
        waiting = self._waiting.pop(server)
        outcome: AuthIdentity | int | None
        if isinstance(reply, (str, BaseException)):
            _remember(self._failures, server, str(reply))
            outcome = ERR_PROXY_AUTH_REQUESTED
        else:
            _remember(self._answers, server, reply)
            self._failures.pop(server, None)
            outcome = reply
        for on_done in waiting:
            on_done(outcome)


def _answer(ask: AskForIdentity, url: str) -> AuthIdentity | str | None:
    """What the function says, or in words why it says nothing; worker thread. The exception itself is not kept: it
    holds the frames of the user's code, and what those hold.
    """
    try:
        return ask(url)
    except BaseException as error:  # SystemExit as well: it would end nothing here but this question
        return shown("".join(traceback.format_exception_only(type(error), error)).strip(), _MAX_DETAIL)


def _remember(known: dict[ProxyServer, V], server: ProxyServer, value: V) -> None:
    """What was learned first goes first."""
    known.pop(server, None)
    known[server] = value
    if len(known) > _MAX_PROXIES:
        del known[next(iter(known))]
