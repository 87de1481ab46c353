"""What a session is built from, and which setting counts."""

from __future__ import annotations

import inspect
import ssl
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import (
    BearerAuth,
    DigestAuth,
    InvalidURL,
    RequestPriority,
    RetryPolicy,
    Session,
    Timeout,
    TlsSettings,
)
from netstack_sync._version import __version__
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.hooks import Hooks
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.session_config import _SETTINGS, RequestDefaults, SessionConfig, make_session_config
from netstack_sync.fetcher.timeout import DEFAULT_STREAM_TIMEOUT, DEFAULT_TIMEOUT
from netstack_sync.testing.certificates import process_authority


def _config(**settings: Any) -> SessionConfig:
    defaults: dict[str, Any] = {
        "base_url": None,
        "headers": None,
        "auth": None,
        "timeout": DEFAULT_TIMEOUT,
        "verify": True,
        "cert": None,
        "follow_redirects": True,
        "max_redirects": 20,
        "max_response_size": 100,
        "trust_env": False,
    }
    return make_session_config(**{**defaults, **settings})


URL = "http://h/"


def test_defaults_are_the_fields_of_a_request() -> None:
    """In its order, since they are put into it by their place."""
    names = list(inspect.signature(FetchRequest).parameters)
    assert tuple(names[2 : 2 + len(RequestDefaults._fields)]) == RequestDefaults._fields
    assert names[:2] == ["url", "method"] and set(_SETTINGS) <= set(names) & set(FetchOptions.__annotations__)


@pytest.mark.parametrize("value", ["mine", "", None])
def test_what_a_server_is_told_of_the_program(value: str | None) -> None:
    """Row 241, DefaultUserAgent, DefaultAcceptEncoding, EmptyHttpUserAgentSettings, and what takes their place,
    DefaultAcceptEncodingOverriden and OverrideAcceptLanguage; there is no language that nobody has named.
    """
    headers = _config().prepare("GET", URL, {}).headers
    assert headers.get("user-agent") == f"netstack_sync/{__version__}" and "accept-language" not in headers
    assert {"gzip", "deflate"} <= set((headers.get("accept-encoding") or "").split(", "))
    for name in ("User-Agent", "Accept-Encoding", "Accept-Language"):
        of_request = _config().prepare("GET", URL, {"headers": {name.lower(): value}})
        of_session = _config(headers={name.upper(): value}).prepare("GET", URL, {})
        assert of_request.headers.get(name) == of_session.headers.get(name) == value


def test_defaults() -> None:
    request = _config().prepare("GET", URL, {})
    names = [name for name, _ in request.headers.items()]
    assert names == ["User-Agent", "Accept", "Accept-Encoding"]
    assert (request.timeout, request.body, request.priority) == (DEFAULT_TIMEOUT, None, RequestPriority.MEDIUM)
    assert (request.follow_redirects, request.max_redirects, request.max_response_size) == (True, 20, 100)
    assert request.retries is None
    assert DEFAULT_TIMEOUT.total is not None


def test_precedence_of_retries() -> None:
    """Argument before session, also when it says none."""
    config = _config(retries=2)
    assert config.prepare("GET", URL, {}).retries == RetryPolicy(total=2)
    assert config.prepare("GET", URL, {"max_redirects": 1}).retries == RetryPolicy(total=2)
    assert config.prepare("GET", URL, {"retries": 3}).retries == RetryPolicy(total=3)
    assert config.prepare("GET", URL, {"retries": None}).retries is None


@pytest.mark.parametrize("trust_env", [True, False])
@pytest.mark.parametrize("has_argument", [True, False])
@pytest.mark.parametrize("has_session", [True, False])
def test_precedence_of_verify(
    has_argument: bool, has_session: bool, trust_env: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argument, session, environment, system: one row each (peer: psf/requests#3829)."""
    files = {name: tmp_path / name for name in ("argument", "session", "environment")}
    for file in files.values():
        file.write_bytes(process_authority().pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(files["environment"]))
    config = _config(trust_env=trust_env, verify=files["session"] if has_session else True)
    request = config.prepare("GET", URL, {"verify": files["argument"]} if has_argument else {"max_redirects": 1})
    chosen = "argument" if has_argument else "session" if has_session else "environment" if trust_env else None
    assert request.tls.trust == (TrustConfig() if chosen is None else TrustConfig(ca_file=str(files[chosen])))


def test_verify_true_as_argument_asks_the_environment_of_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a session's verify=False back; the environment counts as it was when the session was made."""
    file = tmp_path / "ca"
    file.write_bytes(process_authority().pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    config = _config(trust_env=True, verify=False)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert config.prepare("GET", URL, {}).tls.trust == TrustConfig(verify=False)
    assert config.prepare("GET", URL, {"verify": True}).tls.trust == TrustConfig(ca_file=str(file))


@pytest.mark.parametrize("is_stream", [False, True])
def test_precedence_of_timeout(is_stream: bool) -> None:
    """Argument, session, default; None as an argument is no limit and not "unset"."""
    own = _config(timeout=Timeout(7))
    assert own.prepare("GET", URL, {"timeout": 3}, is_stream).timeout == Timeout(3)
    assert own.prepare("GET", URL, {"timeout": None}, is_stream).timeout == Timeout()
    assert own.prepare("GET", URL, {}, is_stream).timeout == Timeout(7)
    default = DEFAULT_STREAM_TIMEOUT if is_stream else DEFAULT_TIMEOUT
    assert _config().prepare("GET", URL, {"max_redirects": 3}, is_stream).timeout == default


def test_precedence_of_the_rest() -> None:
    config = _config(
        follow_redirects=False, max_redirects=3, headers={"User-Agent": "mine", "Accept": None}, auth=("u", "p")
    )
    request = config.prepare("GET", URL, {"priority": "low"})
    assert (request.follow_redirects, request.max_redirects, request.priority) == (False, 3, RequestPriority.LOW)
    assert request.headers.get("user-agent") == "mine" and "accept" not in request.headers
    assert request.headers.get("authorization") == "Basic dTpw"
    other = config.prepare(
        "GET",
        URL,
        {
            "follow_redirects": True,
            "max_redirects": 5,
            "max_response_size": None,
            "auth": ("v", "q"),
            "headers": {"User-Agent": None},
            "params": {"a": 1},
        },
    )
    assert (other.follow_redirects, other.max_redirects, other.max_response_size) == (True, 5, None)
    assert other.headers.get("authorization") == "Basic djpx" and "user-agent" not in other.headers
    assert other.url.request_target == "/?a=1"


def test_a_certificate_goes_with_files_but_not_with_a_context(tmp_path: Path) -> None:
    """Loading it into the caller's context would change that for others."""
    cert = process_authority().issue(["me"], is_client=True).write(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls = _config(cert=cert).prepare("GET", URL, {"verify": False}).tls
    assert tls.client_certificate is not None and not tls.trust.verify
    assert _config(cert=cert).prepare("GET", URL, {"cert": None}).tls.client_certificate is None
    assert _config(verify=context).prepare("GET", URL, {"max_redirects": 1}).tls.context is context
    with pytest.raises(ValueError, match="cert: load it into the SSLContext"):
        _config(verify=context, cert=cert)
    with pytest.raises(ValueError, match="cert: load it into the SSLContext"):
        _config(verify=context).prepare("GET", URL, {"cert": cert})


def test_the_tls_of_a_session(tmp_path: Path) -> None:
    """All that it is told."""
    file = tmp_path / "ca"
    file.write_bytes(process_authority().pem)
    tls = _config(extra_ca=[file], tls=TlsSettings(min_version="1.3")).prepare("GET", URL, {}).tls
    assert tls.trust.extra_ca == (str(file),) and tls.min_version is ssl.TLSVersion.TLSv1_3
    with pytest.raises(TypeError, match="tls: must be a TlsSettings"):
        _config(tls="1.3")


def test_nothing_is_said_about_a_request_that_is_refused(recwarn: pytest.WarningsRecorder) -> None:
    """Its verify=False had no effect."""
    bad: Any = {"verify": False, "typo": 1}
    with pytest.raises(TypeError, match="typo"):
        _config().prepare("GET", "https://h/", bad)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"base_url": "ftp://h/"}, InvalidURL, "url: the scheme"),
        ({"base_url": 5}, InvalidURL, "url: must be a string"),
        ({"params": 5}, TypeError, "params: pass a mapping, pairs"),
        ({"params": ["a"]}, ValueError, "params: pass a mapping, pairs"),
        ({"params": {"a": {}}}, TypeError, "params: 'a' is, or holds, a dict"),
        ({"trust_env": "no"}, TypeError, "trust_env: must be True or False, not 'no'"),
        ({"headers": 5}, TypeError, "headers: pass"),
        ({"headers": {"A": "\n"}}, ValueError, "header 'A'"),
        ({"auth": "x"}, ValueError, "auth: "),
        ({"verify": "/no/such"}, ValueError, "verify: .*/no/such"),
        ({"cert": "/no/such"}, ValueError, "cert: cannot read"),
        ({"follow_redirects": 1}, TypeError, "follow_redirects: must be True or False"),
        ({"max_redirects": -1}, ValueError, "max_redirects: "),
        ({"max_response_size": 0}, ValueError, "max_response_size: "),
        ({"timeout": -1}, ValueError, "timeout: "),
        ({"timeout": "1"}, TypeError, "timeout: "),
        ({"retries": "3"}, TypeError, "retries: pass a number"),
        ({"rate_limit": 0}, ValueError, "rate_limit: "),
        ({"throttle": 1}, TypeError, "throttle: must be True or False"),
        ({"limits": 5}, TypeError, "limits: must be a Limits"),
    ],
)
def test_bad_settings_of_a_session_are_refused(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Session(**settings)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"params": 5}, TypeError, "params: "),
        ({"cookies": "a=b"}, TypeError, "cookies: "),
        ({"cookies": {"a": "b"}, "headers": {"Cookie": "a"}}, ValueError, "cookies: "),
        ({"headers": 5}, TypeError, "headers: "),
        ({"json": 1, "data": b""}, ValueError, "json and data"),
        ({"timeout": 0}, ValueError, "timeout: "),
        ({"timeout": float("nan")}, ValueError, "timeout: "),
        ({"timeout": (1,)}, ValueError, "timeout: "),
        ({"auth": 5}, ValueError, "auth: "),
        ({"verify": "/no/such"}, ValueError, "verify: "),
        ({"cert": "/no/such"}, ValueError, "cert: "),
        ({"follow_redirects": "yes"}, TypeError, "follow_redirects: "),
        ({"max_redirects": 1.5}, ValueError, "max_redirects: "),
        ({"priority": "urgent"}, ValueError, "priority must be one of"),
        ({"priority": 6}, ValueError, "priority must be one of"),
        ({"max_response_size": -1}, ValueError, "max_response_size: "),
        ({"retries": -1}, ValueError, "retries: total"),
        ({"expect_continue": True}, ValueError, "expect_continue: the request has no body"),
        ({"on_informational": 1}, TypeError, "on_informational: must be a function"),
        ({"upload_progress": 1}, TypeError, "upload_progress: must be a function"),
        ({"allow_redirects": True, "stream": True}, TypeError, "allow_redirects, stream: no such argument"),
        ({"proxies": {}}, TypeError, "for proxies use proxy, which takes the same mapping$"),
        ({"proxy": "ftp://h"}, ValueError, "proxy: "),
        ({"proxy_auth": ("u", "p")}, TypeError, r"for a whole session: Session\(...\)$"),
        ({"limits": 1}, TypeError, r"for a whole session: Session\(...\)$"),
    ],
)
def test_bad_arguments_of_a_request_are_refused(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        _config().prepare("GET", URL, options)


@pytest.mark.parametrize(
    "name", sorted(inspect.signature(Session).parameters.keys() - FetchOptions.__annotations__ - {"unknown"})
)
def test_what_only_a_session_can_be_given_is_pointed_there(name: str) -> None:
    """Whoever gives it to a request learns where it belongs."""
    options: Any = {name: 1}
    with pytest.raises(TypeError, match=rf"^{name}: no such argument.*for a whole session: Session\(...\)$"):
        _config().prepare("GET", URL, options)


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding"])
def test_a_session_has_no_framing_headers(name: str) -> None:
    """Rule R16: they belong to one body."""
    with pytest.raises(ValueError, match=r"headers: (Content-Length|Transfer-Encoding)"):
        Session(headers={name: "5"})


def test_a_session_expects_nothing() -> None:
    """Rule R16: what a body must have is nothing for every request."""
    with pytest.raises(ValueError, match="headers: Expect belongs to single requests"):
        Session(headers={"expect": "100-continue"})


def test_what_a_caller_wants_to_hear() -> None:
    """An expectation goes with the body, the functions with the request."""
    functions: Any = {"on_informational": print, "upload_progress": repr}
    options: Any = {"content": b"x", "headers": {"Expect": "100-continue"}, **functions}
    request = _config().prepare("POST", URL, options)
    assert request.expect_continue and "expect" not in request.headers
    assert {name: getattr(request, name) for name in functions} == functions
    assert not _config().prepare("POST", URL, {"content": b"x"}).expect_continue


@pytest.mark.parametrize(
    "session_auth, options, header, has_identity",
    [
        (("u", "p"), {}, "Basic dTpw", True),
        (("u", "p"), {"params": {"a": 1}}, "Basic dTpw", True),
        (("u", "p"), {"auth": None}, None, False),
        (("u", "p"), {"auth": BearerAuth("t")}, "Bearer t", False),
        (("u", "p"), {"auth": DigestAuth("u", "p")}, None, True),
        (("u", "p"), {"headers": {"AUTHORIZATION": "mine"}}, "mine", False),
        (("u", "p"), {"headers": [("Authorization", None)]}, None, False),
        (("u", "p"), {"headers": {"authorization": "mine"}, "auth": ("v", "q")}, "Basic djpx", True),
        (DigestAuth("u", "p"), {}, None, True),
        (lambda _: ("u", "p"), {}, "Basic dTpw", True),
        (lambda _: ("u", "p"), {"params": {"a": 1}}, "Basic dTpw", True),
        (lambda _: ("u", "p"), {"auth": None}, None, False),
        (lambda _: ("u", "p"), {"headers": iter([("Authorization", "mine")])}, "mine", False),
        (None, {"auth": lambda _: BearerAuth("t")}, "Bearer t", False),
    ],
)
def test_precedence_of_credentials(session_auth: Any, options: Any, header: str | None, has_identity: bool) -> None:
    """The argument, even None (rule R4), over the request's own header over the session's."""
    request = _config(auth=session_auth, headers={"A": "1"}).prepare("GET", "http://h.test/", options)
    assert request.headers.get("authorization") == header and request.headers.get("a") == "1"
    assert (request.auth is not None) == has_identity


def test_a_header_of_the_session_gives_way_to_its_auth() -> None:
    """Without credentials it stands."""
    settings = _config(headers={"Authorization": "mine"}, auth=("u", "p"))
    assert settings.prepare("GET", "http://h.test/", {}).headers.get("authorization") == "Basic dTpw"
    assert settings.prepare("GET", "http://h.test/", {"auth": None}).headers.get("authorization") == "mine"


def test_cookies_of_a_request() -> None:
    """They go before a Cookie header of the session's; nothing said is none."""
    config = _config(headers={"Cookie": "session"})
    request = config.prepare("GET", URL, {"cookies": {"a": "1", "b": None}})
    assert request.cookies == (("a", "1"), ("b", None)) and "cookie" not in request.headers
    request = config.prepare("GET", URL, {"cookies": None, "timeout": 1})
    assert request.cookies == () and request.headers.get("Cookie") == "session"


@pytest.mark.parametrize(
    ("session", "own", "query"),
    [
        (None, None, "z=1"),
        ({}, None, "z=1"),
        ({"key": "k"}, None, "z=1&key=k"),
        ({"key": "k", "v": 1}, {"v": 2, "q": 3}, "z=1&key=k&v=2&q=3"),
        ({"key": "k", "v": 1}, {"key": None}, "z=1&v=1"),
        ("key=k", {"key": 2}, "z=1&key=k&key=2"),
        ([("key", "k")], "?q=3", "z=1&key=k&q=3"),
        (iter([("key", "k")]), [("q", 3)], "z=1&key=k&q=3"),
    ],
)
def test_params_of_the_session_go_with_each_request(session: Any, own: Any, query: str) -> None:
    """The URL's own query first; of two mappings the request's counts, and None there takes one away."""
    config = _config(params=session)
    for _ in range(2):
        assert config.prepare("GET", URL + "?z=1", {} if own is None else {"params": own}).url.query == query


def test_params_of_the_session_do_not_change() -> None:
    """What the caller does with the dict afterwards is of no effect."""
    params = {"key": "k"}
    config = _config(params=params)
    params["key"] = "other"
    assert config.prepare("GET", URL, {}).url.query == "key=k"


def test_hooks_of_a_request_are_called_after_those_of_the_session() -> None:
    """None of its own leaves those."""
    config = _config(hooks={"request": print})
    assert config.prepare("GET", URL, {"hooks": None}).hooks == Hooks((print,))
    assert config.prepare("GET", URL, {"hooks": {"request": repr}}).hooks == Hooks((print, repr))
