"""SoakSite: the servers of a soak, good and bad, and the one session that all its threads share."""

from __future__ import annotations

import random
import socket
from types import TracebackType

import netstack_sync
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.stats import SessionStats, take_stats
from netstack_sync.testing import fault_recipes
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.default_routes import pattern_bytes
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.script import RESET
from netstack_sync.testing.server_tls import TlsRecipe

PER_HOST = 4
TOTAL = 20  # fewer than all hosts together want, so that groups wait for each other too

SPOILT_BODY = pattern_bytes(2000)
SLOW_BODY = pattern_bytes(200)

FAULTS = {
    "/reset": fault_recipes.reset_before_headers(),
    "/reset-in-body": fault_recipes.reset_in_body(),
    "/close": fault_recipes.close_before_headers(),
    "/early-close": fault_recipes.early_close(),
    "/wrong-length": fault_recipes.wrong_length(10),
    "/bad-chunk": fault_recipes.bad_chunk(),
    "/garbage": fault_recipes.garbage_head(),
}
"""What no client can make an answer of."""

TLS_FAULTS = {"/close-in-headers": fault_recipes.close_in_headers()}
"""The same over TLS; over plain http what is there of a head counts."""

WEAKNESSES = {
    "/stale": fault_recipes.reset_on_reuse(),
    "/stale-fin": fault_recipes.close_on_reuse(),
    "/closing": fault_recipes.close_after_answer(),
    "/closing-late": fault_recipes.close_after_answer(delay_s=0.002),
}
"""What a good client bears: the whole answer can be had."""

STALLS = {
    "/stall": fault_recipes.stall_before_headers(),
    "/stall-in-headers": fault_recipes.stall_in_headers(),
    "/stall-in-body": fault_recipes.stall_in_body(),
}

_LOCAL_NAMES = ["localhost", *(f"h{number}.localhost" for number in range(6))]
_TLS_SHARE = 0.3  # of the requests


class SoakSite:
    """A context manager; its methods may be called from any thread."""

    def __init__(self) -> None:
        names = ("127.0.0.1", *_LOCAL_NAMES)
        self.plain = EmbeddedServer(remembered=0)
        self.secure = EmbeddedServer(tls=TlsRecipe(names=names), remembered=0)
        self.unable = EmbeddedServer(tls=TlsRecipe(handshake=(RESET,)), remembered=0)
        self._nobody = socket.socket()
        self._nobody.bind(("127.0.0.1", 0))  # not listening, and nobody else can either

    def __enter__(self) -> SoakSite:
        for server in self._servers:
            server.start()
        for server in (self.plain, self.secure):
            for path, fault in {**FAULTS, **TLS_FAULTS, **WEAKNESSES, **STALLS}.items():
                server.route(path, Answer(body=SPOILT_BODY, fault=fault))
            server.route("/no-last-chunk", Answer(chunks=[SPOILT_BODY], fault=fault_recipes.missing_last_chunk()))
            server.route("/slow", Answer(body=SLOW_BODY, fault=fault_recipes.trickle(40, every_s=0.002)))
            server.route("/slower", Answer(body=SLOW_BODY, fault=fault_recipes.trickle(40, 0.002, with_head=True)))
        self.session = self.make_session()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()
        for server in self._servers:
            server.close()
        self._nobody.close()

    def make_session(self) -> netstack_sync.Session:
        """Another session for the same servers."""
        limits = netstack_sync.Limits(per_host=PER_HOST, total=TOTAL)
        return netstack_sync.Session(limits=limits, verify=self.secure.ca_file, trust_env=False)

    def url(self, luck: random.Random, path: str) -> str:
        """The path at one of the hosts, with or without TLS where the path leaves the choice."""
        is_secure = path in TLS_FAULTS or luck.random() < _TLS_SHARE
        server = self.secure if is_secure else self.plain
        return server.url(path, luck.choice(["127.0.0.1", *_LOCAL_NAMES]))

    @property
    def refused_url(self) -> str:
        """Of a port at which nobody listens."""
        return f"http://127.0.0.1:{self._nobody.getsockname()[1]}/"

    # --- disturbances

    def change_address(self, is_old_one_lost: bool) -> None:
        """The machine has moved to another network, as far as the session can tell."""
        context = self.session.context

        def change() -> None:
            context.resolver.on_ip_address_changed()
            context.network_session.on_ip_address_changed(lambda _: is_old_one_lost)

        call_on_network_thread(context.thread, change)

    def reset_connections(self, luck: random.Random) -> None:
        """One of the servers crashes."""
        luck.choice([self.plain, self.secure]).reset_connections()

    def close_idle_connections(self, luck: random.Random) -> None:
        """One of the servers has had enough of those that wait."""
        luck.choice([self.plain, self.secure]).close_idle_connections()

    # --- what can be seen

    def look(self, limit_s: float) -> tuple[SessionStats, int] | None:
        """The session's own count, and how many sockets the network thread owns; None when it does not answer."""
        context = self.session.context
        return call_on_network_thread(
            context.thread, lambda: (take_stats(context), len(context.thread.sockets)), limit_s
        )

    @property
    def _servers(self) -> tuple[EmbeddedServer, ...]:
        return self.plain, self.secure, self.unable
