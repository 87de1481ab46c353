"""What the values of `proxy` and `proxy_auth` mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from netstack_sync.auth.credentials import AnyAuth, BasicAuth, DigestAuth, NegotiateAuth, NtlmAuth
from netstack_sync.auth.identity import BASIC, AuthIdentity
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.base.proxy_url import parse_proxy_url
from netstack_sync.fetcher import proxy_values
from netstack_sync.fetcher.auth_argument import auth_from_value
from netstack_sync.fetcher.proxy_values import AutoDetect, PacScript, PacUrl
from netstack_sync.fetcher.request_auth import RequestAuth
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig
from netstack_sync.proxy.environment import config_from_environment
from netstack_sync.workers.pac_extra import require_pac_engine

SYSTEM: Final = "system"
SystemProxy: TypeAlias = Literal["system"]
"""Whatever the desktop's settings say, as often as they change."""

_FORMS: Final = (
    'a URL such as "http://host:3128", "direct", "system", a ProxyChain, a list of these, a mapping from schemes, '
    "PacUrl, PacScript, AutoDetect or ProxyConfig"
)
_AUTH_FORMS: Final = (
    "must be a pair (user, password) of strings, BasicAuth, DigestAuth, NtlmAuth, NegotiateAuth or AnyAuth"
)
_MORE_AUTH_FORMS: Final = "a mapping from proxies to these, or a function of the proxy's URL that gives one"


def proxy_from_value(value: object, environment: Mapping[str, str]) -> ProxyConfig | SystemProxy:
    """The settings: for None what the environment says, for "system" that, else the marker SYSTEM.

    What leads through no proxy is DIRECT_CONFIG. Raises ValueError or TypeError for what is none, and ImportError for
    a script without its engine, since who names one does not want to go directly.
    """
    if value is None:
        return config_from_environment(environment) or DIRECT_CONFIG
    if isinstance(value, str) and value.strip().lower() == SYSTEM:
        return config_from_environment(environment) or SYSTEM
    config = _config_from(value).config
    if config.has_automatic_settings:
        require_pac_engine()
    return DIRECT_CONFIG if config.is_direct else config


class ProxyAuth:
    """As whom proxies are spoken to: known by proxy, or for all of them, or from whom to ask. A value."""

    __slots__ = ("_by_server", "_for_all", "source")

    def __init__(
        self,
        for_all: AuthIdentity | None = None,
        by_server: Mapping[ProxyServer, AuthIdentity | None] | None = None,
        source: Callable[[str], object] | None = None,
    ) -> None:
        self._for_all = for_all
        self._by_server = dict(by_server or {})
        self.source = source
        """Runs the user's code, which may block; None where all is known."""

    def identity_of(self, server: ProxyServer) -> AuthIdentity | None:
        """What is known without asking; None for nobody."""
        return self._by_server.get(server, self._for_all)

    def ask(self, server: ProxyServer) -> AuthIdentity | None:
        """What `source` gives for this proxy; raises what it raises, and ValueError for what it must not give."""
        assert self.source is not None, "nobody to ask"
        answer = self.source(str(server))
        try:
            return _identity_from(answer)
        except ValueError as error:
            who = getattr(self.source, "__name__", type(self.source).__name__)
            raise ValueError(f"the function {who} gave what is no login: it {error}") from None

    def __repr__(self) -> str:
        known = ", ".join(map(str, self._by_server))
        return f"<ProxyAuth {'asked' if self.source else known or ('for all' if self._for_all else 'none')}>"


def proxy_auth_from_value(value: object) -> ProxyAuth:
    """Reads `proxy_auth`; raises ValueError, and ImportError for what needs the extra `auth` and does not have it."""
    if isinstance(value, Mapping):
        return ProxyAuth(by_server=_by_server(value))
    if callable(value) and not isinstance(value, type):
        return ProxyAuth(source=value)
    try:
        return ProxyAuth(_identity_from(value))
    except ValueError as error:
        more = f", {_MORE_AUTH_FORMS}" if str(error) == _AUTH_FORMS else ""
        raise ValueError(f"proxy_auth: {error}{more}") from None


def _config_from(value: object) -> proxy_values.ProxyConfig:
    if isinstance(value, proxy_values.ProxyConfig):
        return value
    if isinstance(value, (PacUrl, PacScript)):
        return proxy_values.ProxyConfig(pac=value)
    if isinstance(value, AutoDetect):
        return proxy_values.ProxyConfig(auto_detect=True)
    if isinstance(value, (str, tuple, list, Mapping)):
        return proxy_values.ProxyConfig(value)
    raise TypeError(f"proxy: must be {_FORMS}, not {type(value).__name__}")


def _by_server(logins: Mapping[object, object]) -> dict[ProxyServer, AuthIdentity | None]:
    """A key without a scheme is for a proxy of any kind there; one with a scheme counts before it."""
    known: dict[ProxyServer, AuthIdentity | None] = {}
    loose: dict[ProxyServer, AuthIdentity | None] = {}
    for key, value in logins.items():
        if not isinstance(key, str):
            raise ValueError(f'proxy_auth: the keys are "host:port" or URLs of proxies, not {type(key).__name__}')
        target, schemes = (known, [ProxyScheme.HTTP]) if "://" in key else (loose, list(ProxyScheme))
        for scheme in schemes:
            server, identity = _login_from(key, scheme, value)
            if server in target:
                raise ValueError(f"proxy_auth: {server} is named twice")
            target[server] = identity
    return loose | known


def _login_from(key: str, scheme: ProxyScheme, value: object) -> tuple[ProxyServer, AuthIdentity | None]:
    try:
        server, credentials = parse_proxy_url(key, scheme)
    except ValueError as error:
        raise ValueError(f"proxy_auth: {error}") from None
    if credentials is not None:
        raise ValueError(f"proxy_auth: the key for {server} holds credentials; they are the value that belongs to it")
    try:
        return server, _identity_from(value)
    except ValueError as error:
        raise ValueError(f"proxy_auth: what belongs to {server} {error}") from None


def _identity_from(value: object) -> AuthIdentity | None:
    """Who answers for the user; a pair and BasicAuth do so before they are asked. ValueError begins with a verb."""
    if value is None:
        return None
    if isinstance(value, BasicAuth):
        return AuthIdentity(value.username, value.password, (BASIC,), sends_basic=True)
    if isinstance(value, (tuple, list)):
        user, password = value if len(value) == 2 else (None, None)
        if not isinstance(user, str) or not isinstance(password, str):
            raise ValueError(_AUTH_FORMS)
        value = (user, password)
    elif not isinstance(value, (DigestAuth, NtlmAuth, NegotiateAuth, AnyAuth)):
        raise ValueError(_AUTH_FORMS)
    try:
        auth = auth_from_value(value)
    except ValueError as error:  # of a pair
        raise ValueError(f"is no login: {str(error).removeprefix('auth: ')}") from None
    assert isinstance(auth, RequestAuth)
    return auth.identity
