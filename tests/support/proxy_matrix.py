"""Ways through recording proxies, logins for them, and the search for a secret in whatever encoding it went out."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from netstack_sync import BasicAuth, DigestAuth, DnsSettings, ProxyChain, Session
from netstack_sync.fetcher.proxy_values import ProxyAuthArgument
from netstack_sync.testing.certificates import process_authority
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.server_tls import TlsRecipe
from tests.support.digest_server import DigestServer
from tests.support.recording_proxy import RecordingProxy, recording_proxy

FIRST, SECOND = ("first@corp /one", "pass:1+st w@y"), ("second@corp /two", "pass:2+nd w@y")
"""As whom proxies are spoken to. Nothing in them survives an encoding unchanged."""
SERVER, COOKIE = ("origin@corp /srv", "pass:3+rd w@y"), "sid=the=cookie/of+the+server"
"""What the servers are told."""

ONE, TWO = "one.test", "two.test"
AUTHORITY = process_authority().pem.decode()


def traces_of(secret: str) -> set[bytes]:
    """What would betray it: plain, as part of a URL, in hexadecimal, in UTF-16, and in base64 behind any other text."""
    data = secret.encode()
    found = {data, quote(secret, safe="").encode(), data.hex().encode(), secret.encode("utf-16-le")}
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            whole = encode(bytes(before) + data)
            found.add(whole[-(-before * 8 // 6) : (before + len(data)) * 8 // 6])
    return found


def said_in(data: bytes, *secrets: str) -> list[str]:
    """Those of the secrets that are somewhere in the bytes."""
    return [secret for secret in secrets if times_said(data, secret)]


def times_said(data: bytes, secret: str) -> int:
    """How often."""
    return sum([data.count(trace) for trace in traces_of(secret)])


def can_log_in(schemes: tuple[str, ...], login: str) -> bool:
    """SOCKS has no other login than user and password."""
    return login != "digest" or not any([scheme.startswith("socks") for scheme in schemes])


@dataclass
class Sites:
    """The servers, one of each scheme, both of which have the names ONE and TWO."""

    plain: EmbeddedServer
    secure: EmbeddedServer

    def of(self, scheme: str) -> EmbeddedServer:
        """The one that is spoken to like that."""
        return self.secure if scheme == "https" else self.plain

    @property
    def received(self) -> bytes:
        """All that they were sent, as they understood it."""
        lines: list[str] = []
        for request in (*self.plain.requests, *self.secure.requests):
            lines += [f"{request.method} {request.target}", *[": ".join(each) for each in request.headers.items()]]
            lines.append(request.body.decode("latin-1"))
        return "\n".join(lines).encode("latin-1")

    def forget(self) -> None:
        """Nothing was received."""
        self.plain.forget_requests()
        self.secure.forget_requests()


@contextmanager
def running_sites() -> Iterator[Sites]:
    """Until the end of the block."""
    recipe = TlsRecipe(names=(ONE, TWO, "localhost", "127.0.0.1"))
    with EmbeddedServer() as plain, EmbeddedServer(tls=recipe) as secure:
        yield Sites(plain, secure)


@dataclass
class Way:
    """Proxies one behind the other, with what is to be said to them and how they make sure of it."""

    schemes: tuple[str, ...]
    login: str
    """ "none", "url", "tuple", "basic", "digest", "mapping" or "function"."""
    proxies: list[RecordingProxy]
    looked_up: list[str] = field(default_factory=list)
    """Names that had to be known on this side of the proxies."""

    @property
    def last(self) -> RecordingProxy:
        """Who speaks to servers."""
        return self.proxies[-1]

    @property
    def urls(self) -> list[str]:
        """The second proxy has a name, by which the first may call it."""
        urls = [proxy.url(scheme) for scheme, proxy in zip(self.schemes, self.proxies, strict=True)]
        return [urls[0], *[url.replace("127.0.0.1", "localhost") for url in urls[1:]]]

    @property
    def forwards(self) -> bool:
        """The last proxy reads what plain servers are sent."""
        return self.schemes[-1].startswith("http")

    @property
    def is_possible(self) -> bool:
        """It can be said to all of them who asks."""
        return can_log_in(self.schemes, self.login)

    def session(self) -> Session:
        """Which goes that way, and is asked for the addresses of names."""
        if self.login == "url":
            [url] = self.urls
            proxy: str | ProxyChain = url.replace("://", "://{}:{}@".format(*[quote(part, "") for part in FIRST]))
        else:
            proxy = ProxyChain.from_urls(*self.urls) if len(self.urls) > 1 else self.urls[0]
        dns = DnsSettings(resolver=self._look_up)
        return Session(proxy=proxy, proxy_auth=self._proxy_auth(), verify=AUTHORITY, dns=dns, trust_env=False)

    def _look_up(self, host: str) -> list[str]:
        self.looked_up.append(host)
        return ["127.0.0.1"]

    def _proxy_auth(self) -> ProxyAuthArgument:
        names = [url.replace("socks5h", "socks5") for url in self.urls]  # which are the same
        logins = dict(zip(names, (FIRST, SECOND), strict=False))
        values: dict[str, ProxyAuthArgument] = {
            "none": None,
            "url": None,
            "tuple": FIRST,
            "basic": BasicAuth(*FIRST),
            "digest": DigestAuth(*FIRST),
            "mapping": logins,
            "function": logins.__getitem__,
        }
        return values[self.login]


@contextmanager
def way_through(schemes: tuple[str, ...], login: str) -> Iterator[Way]:
    """Its proxies run until the end of the block, and let in nobody who does not say what he should."""
    with ExitStack() as stack:
        way = Way(schemes, login, [])
        for number, scheme in enumerate(schemes):
            expected = SECOND if number and login in ("mapping", "function") else FIRST
            asks = None if login in ("none", "digest") else expected
            proxy = stack.enter_context(recording_proxy(tls=scheme == "https", login=asks))
            if login == "digest":
                proxy.gate = DigestServer(*expected)
            way.proxies.append(proxy)
        yield way
