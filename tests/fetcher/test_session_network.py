"""What a session was told of the network: where its connections go, and with which features."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from netstack_sync import DeadlineExceeded, DnsSettings, NameNotResolved, Session, TcpOptions
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.doh_server import doh_server, template
from tests.support.raw_server import OK_ANSWER, raw_server, read_request

LIMIT_S = 20.0  # only a hang gets here


def test_a_name_may_mean_another_host(server: EmbeddedServer) -> None:
    """With its own Host header; other hosts are not touched."""
    rules = {"api.test": "127.0.0.1", "gone.test": "~NOTFOUND"}
    with Session(trust_env=False, dns=DnsSettings(host_resolver_rules=rules)) as session:
        assert session.get(server.url("/hello", "api.test")).ok
        assert server.requests[0].headers.get("host") == f"api.test:{server.port}"
        assert session.get(server.url("/hello")).ok
        with pytest.raises(NameNotResolved, match=r"host_resolver_rules map gone\.test to ~NOTFOUND"):
            session.get(server.url("/hello", "gone.test"))


def refuse_private(host: str) -> list[str]:
    """A hook as people write it against SSRF; a name of the test's stands for a public one."""
    if host == "public.test":
        return ["127.0.0.1"]
    addresses = [str(info[4][0]) for info in socket.getaddrinfo(host, None)]
    if any(ip_address(address).is_private for address in addresses):
        raise ValueError(f"{host} is one of ours")
    return addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_a_hook_may_refuse_hosts(server: EmbeddedServer, host: str) -> None:
    """SSRF: whatever spelling, the failure has its words, and nobody is connected to. No peer asks for literals."""
    with Session(trust_env=False, dns=DnsSettings(resolver=refuse_private)) as session:
        with pytest.raises(NameNotResolved, match=r"the resolver hook: ValueError: .* is one of ours") as caught:
            session.get(f"http://{host}:{server.port}/hello")
        assert not caught.value.may_have_been_sent
        session.preconnect(f"http://{host}:{server.port}/")
        assert session.stats().sockets_opened == 0
    assert server.connections_opened == 0


def test_a_hook_sees_redirects_too(server: EmbeddedServer) -> None:
    """The usual way around a check of the URL."""
    server.route("/away", Answer(302, headers={"Location": server.url("/hello")}))
    with Session(trust_env=False, dns=DnsSettings(resolver=refuse_private)) as session:
        assert session.get(server.url("/hello", "public.test")).ok
        with pytest.raises(NameNotResolved, match=r"127\.0\.0\.1 is one of ours"):
            session.get(server.url("/away", "public.test"))
    assert [request.path for request in server.requests] == ["/hello", "/away"]


def test_names_may_be_resolved_over_https(server: EmbeddedServer) -> None:
    """By a server that is trusted as others are; what it does not know does not exist."""
    with (
        doh_server({"a.test": "127.0.0.1"}) as names,
        Session(trust_env=False, verify=names.ca_file, dns=DnsSettings(doh=template(names))) as session,
    ):
        assert session.get(server.url("/hello", "a.test")).ok
        assert session.resolve("a.test").source == "cache"
        with pytest.raises(NameNotResolved, match="DNS over HTTPS"):
            session.get(server.url("/hello", "b.test"))
        assert session.stats().groups.keys() == {f"http://a.test:{server.port}"}, "those of its own are not counted"


def test_connections_may_begin_at_another_address() -> None:
    """The server sees it."""
    seen: list[str] = []

    def play(connection: socket.socket) -> None:
        seen.append(connection.getpeername()[0])
        read_request(connection)
        connection.sendall(OK_ANSWER)

    with (
        raw_server([play]) as port,
        Session(trust_env=False, tcp=TcpOptions(local_address="127.0.0.2")) as session,
    ):
        response = session.get(f"http://127.0.0.1:{port}/")
        assert response.ok and seen == ["127.0.0.2"]


# --- features

_NAME = "TimeoutTcpConnectAttempt"
_QUICK = f"{_NAME}:{_NAME}Min/50ms/{_NAME}Max/50ms"


@pytest.mark.parametrize(
    ("environment", "settings", "is_on"),
    [
        ({}, {}, False),
        ({}, {"features": _QUICK}, True),
        ({"NETSTACK_ENABLE_FEATURES": _QUICK}, {}, True),
        ({"NETSTACK_ENABLE_FEATURES": _QUICK}, {"trust_env": False}, False),
        ({"NETSTACK_ENABLE_FEATURES": _QUICK}, {"features": {_NAME: False}}, False),
        ({"NETSTACK_DISABLE_FEATURES": _NAME}, {"features": _QUICK}, True),
    ],
)
def test_features_are_switched_by_argument_and_environment(
    environment: dict[str, str], settings: Any, is_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument counts before the environment, which may be left out; here: an attempt to connect has 50 ms."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with full_listener() as port, Session(**settings) as session, pytest.raises(TimeoutError) as caught:
        session.get(f"http://127.0.0.1:{port}/", timeout=LIMIT_S if is_on else 0.2)
    assert isinstance(caught.value, DeadlineExceeded) != is_on


@contextmanager
def full_listener() -> Iterator[int]:
    """The port of a listener whose queue is full: the system drops what else wants to connect."""
    with socket.socket() as listener, socket.socket() as filler:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        filler.connect(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_bad_environment_is_said_when_the_session_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name of the variable; not if the environment is not to be looked at."""
    monkeypatch.setenv("NETSTACK_ENABLE_FEATURES", "NoSuch")
    with pytest.raises(ValueError, match="environment variable NETSTACK_ENABLE_FEATURES: no feature is named 'NoSuch'"):
        Session()
    Session(trust_env=False).close()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"dns": "quad9"}, TypeError, "dns: must be a DnsSettings, not str"),
        ({"tcp": 5}, TypeError, "tcp: must be a TcpOptions, not int"),
        ({"endpoint_health": "on"}, TypeError, "endpoint_health: must be True, False or EndpointHealthSettings"),
        ({"features": "NoSuch"}, ValueError, "no feature is named 'NoSuch'"),
        ({"limits": 5}, TypeError, "limits: must be a Limits"),
    ],
)
def test_bad_settings_of_the_stack_are_refused(settings: Any, error: type[Exception], message: str) -> None:
    """When the session is made."""
    with pytest.raises(error, match=message):
        Session(**settings)
