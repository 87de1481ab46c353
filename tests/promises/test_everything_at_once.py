"""Everything at once, against a server that does everything wrong: each fetch ends, and nothing is left of it.

What is drawn depends on the seed only; who comes first does not, and nothing here depends on it.
"""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, wait
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import (
    DigestAuth,
    FetchFuture,
    HandlerAnswer,
    HandlerRequest,
    HTTPStatusError,
    NetError,
    NetworkDelegate,
    RateLimit,
    ResourceSchedulerSettings,
    RetryPolicy,
    Session,
)
from netstack_sync.auth.challenge import AuthChallenge
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_ACCESS_DENIED, ERR_BLOCKED_BY_CLIENT, ERR_FAILED, ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.network_delegate import DelegatedRequest, HopStart, ReceivedHead
from tests.support.hostile_server import HostileServer
from tests.support.waiting import wait_until

LIMIT_S = 60.0  # only a hang gets here
DEADLINE_S = 1.0
THREADS = 4
FETCHES = 10  # of each thread


class Meant(Exception):
    """What the functions of this file raise."""


class Whimsical(NetworkDelegate):
    """Lets be, refuses, ends, answers twice, late, from other threads, or not at all."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.open: set[int] = set()

    def on_before_url_request(self, request: DelegatedRequest, start: HopStart, on_done: Completion) -> int:
        return self._answer(request, on_done)

    def on_before_send_headers(self, request: DelegatedRequest, headers: RequestHeaders, on_done: Completion) -> int:
        return self._answer(request, on_done)

    def on_headers_received(self, request: DelegatedRequest, answer: ReceivedHead, on_done: Completion) -> int:
        change = self.chance.random()
        if change < 0.03:
            answer.redirect("/other")
        elif change < 0.08:
            answer.set_headers([("WWW-Authenticate", 'Basic realm="d"')])
            answer.set_status(401)
        return self._answer(request, on_done)

    def on_auth_required(self, request: DelegatedRequest, challenges: Sequence[AuthChallenge]) -> tuple[str, str] | int:
        if self.chance.random() < 0.2:
            request.fail(ERR_FAILED)
        return ("u", f"p{self.chance.randrange(9)}") if self.chance.random() < 0.7 else OK

    def on_completed(self, request: DelegatedRequest, started: bool, net_error: int) -> None:
        self.open.remove(id(request))

    def _answer(self, request: DelegatedRequest, on_done: Completion) -> int:
        self.open.add(id(request))
        number = self.chance.randrange(40)
        if number == 0:
            return ERR_ACCESS_DENIED
        if number == 1:
            request.fail(ERR_BLOCKED_BY_CLIENT)
            on_done(OK)
        elif number == 2:
            on_done(ERR_FAILED)
            on_done(OK)
            return ERR_IO_PENDING
        elif number == 3:
            return ERR_IO_PENDING  # for ever
        elif number < 10:
            threading.Thread(target=_answer_twice, args=(on_done,), daemon=True).start()
            return ERR_IO_PENDING
        return OK


def _answer_twice(on_done: Completion) -> None:
    on_done(OK)
    on_done(ERR_FAILED)


class Storm:
    """One session with features by chance, and the threads that use it."""

    def __init__(self, server: HostileServer, folder: Path, seed: int) -> None:
        self.server = server
        self.folder = folder
        self.seed = seed
        self.chance = random.Random(seed)
        self.delegate = Whimsical(seed)
        self.futures: list[FetchFuture] = []
        self.session = Session(
            timeout=DEADLINE_S,
            retries=self._maybe(RetryPolicy(total=2, backoff=0.001, methods=None)),
            rate_limit=self._maybe(RateLimit(200, 5)),
            throttle=self.chance.random() < 0.5,
            resource_scheduler=self._maybe(ResourceSchedulerSettings(max_delayable=3, max_delayable_per_host=2))
            or False,
            network_delegate=self._maybe(self.delegate),
            interceptors=[self.intercept] if self.chance.random() < 0.5 else [],
            schemes={"app": self.handle},
            hooks={"request": self.hook, "response": self.hook},
        )

    def run(self) -> None:
        threads = [threading.Thread(target=self.fetch_all, args=(self.seed * 100 + n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        if self.seed % 4 == 3:
            self.session.close()  # in the middle
        for thread in threads:
            thread.join(LIMIT_S)
            assert not thread.is_alive()
        assert not wait(self.futures, LIMIT_S).not_done
        if self.seed % 4 != 3:
            wait_until(self.is_quiet)
        self.session.close()
        assert not self.delegate.open

    def is_quiet(self) -> bool:
        stats = self.session.stats()
        return not (stats.requests or stats.sockets_active or stats.requests_waiting or stats.requests_delayed)

    def fetch_all(self, seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(FETCHES):
            try:
                self.fetch(chance)
            except (NetError, HTTPStatusError, Meant, OSError, CancelledError):
                pass

    def fetch(self, chance: random.Random) -> None:
        options = self.options(chance)
        url = chance.choice(["app:/x", "data:,hello", *[self.server.url(f"/{n}") for n in range(8)]])
        method, way = chance.choice(["GET", "POST", "PUT", "HEAD"]), chance.randrange(8)
        if way < 2:
            self.session.request(method, url, **options)
        elif way == 2:
            with self.session.stream(method, url, **options) as response:
                next(response.iter_bytes(), None)
        elif way == 3:
            parts = chance.choice([1, 3])
            self.session.download(self.server.url("/"), self.folder / "f", overwrite=True, parts=parts)
        else:
            future = self.session.submit(method, url, **options)
            if way == 4:
                future.cancel()
            elif way == 5:
                future.set_priority(chance.choice(["lowest", "highest"]))
            if way != 6:  # one that is dropped ends as well
                self.futures.append(future)

    def options(self, chance: random.Random) -> dict[str, Any]:
        def tell(*_: object) -> None:
            if chance.random() < 0.1:
                raise Meant

        def body() -> Iterator[bytes]:
            yield b"a" * 100
            if chance.random() < 0.2:
                raise Meant
            yield b"b"

        contents: list[Any] = [
            None,
            b"x" * 200_000,
            [b"y" * 50] * 3,
            iter([b"once"]),
            body(),
            io.BytesIO(b"f" * 70_000),
        ]
        options: dict[str, Any] = {
            "content": chance.choice(contents),
            "auth": chance.choice([None, ("u", "p"), DigestAuth("u", "p")]),
            "priority": chance.choice(["lowest", "medium", "highest"]),
            "max_redirects": chance.randrange(5),
        }
        if isinstance(options["content"], (bytes, list)):
            options["expect_continue"] = chance.random() < 0.5
        for name in ("on_informational", "upload_progress"):
            if chance.random() < 0.4:
                options[name] = tell
        if chance.random() < 0.2:
            options["timeout"] = 0.05
        return options

    def intercept(self, request: HandlerRequest) -> HandlerAnswer | None:
        number = self.chance.randrange(20)
        if number == 0:
            raise Meant
        return HandlerAnswer(b"", 302, {"Location": "/i"}) if number == 1 else None

    def handle(self, request: HandlerRequest) -> HandlerAnswer:
        if self.chance.random() < 0.3:
            raise Meant
        return HandlerAnswer([b"a", b"b"])

    def hook(self, _: object) -> None:
        if self.chance.random() < 0.05:
            raise Meant

    def _maybe(self, value: Any) -> Any:
        return value if self.chance.random() < 0.5 else None


@pytest.mark.parametrize("seed", range(8))
def test_everything_at_once(seed: int, tmp_path: Path) -> None:
    """Rows 234 and 240, and rules R13 and R22: no hang, no bug printed, no request, socket, place or question left."""
    with HostileServer(seed) as server:
        Storm(server, tmp_path, seed).run()
