"""What the threads of a soak do: calls that are answered, calls that fail, and calls that nobody waits for."""

from __future__ import annotations

import concurrent.futures
import random
import time
from collections.abc import Callable
from typing import NamedTuple

import netstack_sync
from netstack_sync.testing.default_routes import pattern_bytes
from tests.support.soak_site import FAULTS, SLOW_BODY, SPOILT_BODY, STALLS, TLS_FAULTS, WEAKNESSES, SoakSite

DISTURBED = (
    netstack_sync.ConnectionFailed,
    netstack_sync.TLSError,
    netstack_sync.TruncatedBody,
    netstack_sync.Http1Error,
)
"""How any call may end while servers crash and networks change."""

_PRIORITIES = ["idle", "lowest", "low", "medium", "highest"]
_SIZES = [0, 1, 5000, 70_000, 300_000]
_FAILING = [*FAULTS, *TLS_FAULTS, "/no-last-chunk"]

Call = Callable[[SoakSite, random.Random], object]


class Kind(NamedTuple):
    """A call and the ways in which it may end besides well; what it returns does not matter."""

    name: str
    call: Call
    may_raise: tuple[type[BaseException], ...] = DISTURBED
    weight: int = 10

    def allows(self, error: BaseException) -> bool:
        """Whether it may end so. Doubts about a certificate are never the weather's."""
        if isinstance(error, netstack_sync.CertificateError):
            return netstack_sync.CertificateError in self.may_raise
        return isinstance(error, self.may_raise)


class AnsweredAllTheSame(Exception):
    """What cannot be an answer was taken for one."""


# --- calls that are answered


def _get_bytes(site: SoakSite, luck: random.Random) -> None:
    size = luck.choice(_SIZES)
    response = site.session.get(site.url(luck, f"/bytes/{size}"), priority=luck.choice(_PRIORITIES))
    assert response.content == pattern_bytes(size)


def _get_encoded(site: SoakSite, luck: random.Random) -> None:
    path = luck.choice(["/gzip", "/deflate"])
    assert site.session.get(site.url(luck, path)).content == pattern_bytes(4096)


def _get_redirected(site: SoakSite, luck: random.Random) -> None:
    assert site.session.get(site.url(luck, "/redirect/2")).content == b"hello\n"


def _get_weak(site: SoakSite, luck: random.Random) -> None:
    path = luck.choice(list(WEAKNESSES))
    assert site.session.get(site.url(luck, path)).content == SPOILT_BODY


def _get_slow(site: SoakSite, luck: random.Random) -> None:
    path = luck.choice(["/slow", "/slower"])
    assert site.session.get(site.url(luck, path), priority=luck.choice(_PRIORITIES)).content == SLOW_BODY


def _get_delayed(site: SoakSite, luck: random.Random) -> None:
    assert site.session.get(site.url(luck, f"/delay/{luck.random() * 0.05:.3f}")).content == b"late\n"


def _head(site: SoakSite, luck: random.Random) -> None:
    assert site.session.head(site.url(luck, "/bytes/1000")).content == b""


def _post(site: SoakSite, luck: random.Random) -> None:
    text = "x" * luck.choice([0, 10, 100_000])
    content = iter([text.encode()]) if luck.random() < 0.5 else text
    assert site.session.post(site.url(luck, "/echo"), content=content).json()["body"] == text


def _read_stream(site: SoakSite, luck: random.Random) -> None:
    with site.session.stream("GET", site.url(luck, "/stream/20")) as response:
        assert len(list(response.iter_lines())) == 20


def _leave_stream(site: SoakSite, luck: random.Random) -> None:
    with site.session.stream("GET", site.url(luck, "/bytes/300000")) as response:
        assert next(response.iter_bytes())


def _forget_stream(site: SoakSite, luck: random.Random) -> None:
    assert site.session.stream("GET", site.url(luck, "/bytes/1000")).status == 200


# --- calls that fail


def _get_spoilt(site: SoakSite, luck: random.Random) -> None:
    path = luck.choice(_FAILING)
    response = site.session.get(site.url(luck, path))
    raise AnsweredAllTheSame(f"{path}: {response}")


def _stream_spoilt(site: SoakSite, luck: random.Random) -> None:
    path = luck.choice(_FAILING)
    with site.session.stream("GET", site.url(luck, path)) as response:
        body = b"".join(response.iter_bytes())
    raise AnsweredAllTheSame(f"{path}: {response}, {len(body)} bytes")


def _get_refused(site: SoakSite, luck: random.Random) -> None:
    raise AnsweredAllTheSame(f"{site.session.get(site.refused_url)}")


def _get_unable(site: SoakSite, luck: random.Random) -> None:
    raise AnsweredAllTheSame(f"{site.session.get(site.unable.url('/hello'))}")


def _get_untrusted(site: SoakSite, luck: random.Random) -> None:
    raise AnsweredAllTheSame(f"{site.session.get(site.secure.url('/hello'), verify=True)}")


def _get_too_late(site: SoakSite, luck: random.Random) -> None:
    path = luck.choice(list(STALLS))
    response = site.session.get(site.url(luck, path), timeout=0.001 + luck.random() * 0.03)
    raise AnsweredAllTheSame(f"{path}: {response}")


# --- calls that may end either way


def _get_hurriedly(site: SoakSite, luck: random.Random) -> None:
    total, part = 0.001 + luck.random() * 0.05, 0.001 + luck.random() * 0.02
    timeout = luck.choice(
        [
            netstack_sync.Timeout(total=total),
            netstack_sync.Timeout(total=20.0, connect=part),
            netstack_sync.Timeout(total=20.0, read=part),
            netstack_sync.Timeout(total=20.0, pool=part),
        ]
    )
    size = luck.choice(_SIZES)
    assert site.session.get(site.url(luck, f"/bytes/{size}"), timeout=timeout).content == pattern_bytes(size)


def _cancel(site: SoakSite, luck: random.Random) -> None:
    paths = luck.choices(["/hello", "/bytes/300000", "/redirect/3", "/slow", *STALLS], k=luck.randint(1, 4))
    futures = [
        site.session.submit("GET", site.url(luck, path), priority=luck.choice(_PRIORITIES), timeout=30)
        for path in paths
    ]
    if luck.random() < 0.8:
        time.sleep(luck.random() * 0.01)
    for future in luck.sample(futures, len(futures)):
        future.cancel()
    _settle(futures)


def _close_session(site: SoakSite, luck: random.Random) -> None:
    with site.make_session() as session:
        paths = luck.choices(["/hello", "/bytes/70000", "/slow", *STALLS], k=luck.randint(0, 3))
        futures = [session.submit("GET", site.url(luck, path)) for path in paths]
        if futures and luck.random() < 0.8:
            time.sleep(luck.random() * 0.02)
    _settle(futures)


def _settle(futures: list[netstack_sync.FetchFuture]) -> None:
    """All of them have ended, or are about to; raises how the first one failed that was not cancelled."""
    assert concurrent.futures.wait(futures, timeout=20).done == set(futures)
    for future in futures:
        if not future.cancelled():
            future.result()


# --- disturbances


def _change_address(site: SoakSite, luck: random.Random) -> None:
    site.change_address(is_old_one_lost=luck.random() < 0.3)


def _reset_connections(site: SoakSite, luck: random.Random) -> None:
    site.reset_connections(luck)


def _close_idle_connections(site: SoakSite, luck: random.Random) -> None:
    site.close_idle_connections(luck)


KINDS = [
    Kind("bytes", _get_bytes, weight=40),
    Kind("encoded", _get_encoded),
    Kind("redirected", _get_redirected),
    Kind("weak server", _get_weak, weight=20),
    Kind("slow", _get_slow),
    Kind("delayed", _get_delayed),
    Kind("head", _head),
    Kind("post", _post),
    Kind("stream read", _read_stream),
    Kind("stream left", _leave_stream),
    Kind("stream forgotten", _forget_stream),
    Kind("spoilt", _get_spoilt, (*DISTURBED, netstack_sync.ProtocolError), weight=20),
    Kind("spoilt stream", _stream_spoilt, (*DISTURBED, netstack_sync.ProtocolError)),
    Kind("refused", _get_refused, (netstack_sync.ConnectionFailed,)),
    Kind("no handshake", _get_unable),
    Kind("untrusted", _get_untrusted, (*DISTURBED, netstack_sync.CertificateError), weight=4),
    Kind("too late", _get_too_late, (*DISTURBED, netstack_sync.FetchTimeout), weight=20),
    Kind("hurried", _get_hurriedly, (*DISTURBED, netstack_sync.FetchTimeout), weight=20),
    Kind("cancelled", _cancel, weight=20),
    Kind("session closed", _close_session, (*DISTURBED, netstack_sync.ContextShutDown), weight=2),
    Kind("address change", _change_address, weight=2),
    Kind("server crash", _reset_connections, weight=2),
    Kind("idle closed", _close_idle_connections, weight=4),
]
