"""The blocking question for a name: its answer, its failures, its deadline, and that nobody waits for ever."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from netstack_sync import ContextShutDown, DeadlineExceeded, NameNotResolved, NetError, Session
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_CHANGED,
    OK,
)
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS, ResolveParameters, Staleness
from netstack_sync.dns.resolve_answer import AnswerSource
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.resolution import Resolution, family_from_value, resolve_on_network_thread
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.url_request.context import URLRequestContext
from tests.support.dns import BlockedResolver, blocked_resolver
from tests.support.resolver import ScriptedResolver, ScriptedResolveRequest
from tests.support.waiting import Caller, wait_until

V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.fixture
def context(session: Session) -> URLRequestContext:
    return session.context


@pytest.fixture
def resolver(context: URLRequestContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedResolver]:
    """Takes the place of the context's own, which is there again at the end."""
    resolver = ScriptedResolver()
    with monkeypatch.context() as patch:
        patch.setattr(context, "host_resolver", resolver)
        yield resolver


@pytest.fixture
def silence() -> Iterator[BlockedResolver]:
    """Names under .test are not answered."""
    with blocked_resolver() as resolver:
        yield resolver


def finish_next(resolver: ScriptedResolver, result: int) -> None:
    """The answer to the latest request."""
    resolver.requests[-1].finish(result)


def is_idle(context: URLRequestContext) -> bool:
    """Nothing is under way any more."""
    state = call_on_network_thread(context.thread, lambda: (context.request_count, context.resolver.job_count))
    return state == (0, 0)


@pytest.mark.parametrize(
    "host, family, canonical, addresses, source",
    [
        ("127.0.0.1", 0, "127.0.0.1", ("127.0.0.1",), "literal"),
        ("2001:DB8:0::1", 0, "2001:db8::1", ("2001:db8::1",), "literal"),
        ("[::1]", 0, "::1", ("::1",), "literal"),
        ("127.1", 0, "127.0.0.1", ("127.0.0.1",), "literal"),
        ("LocalHost.", 0, "localhost", ("::1", "127.0.0.1"), "localhost"),
        ("a.localhost", V4, "a.localhost", ("127.0.0.1",), "localhost"),
        ("a.localhost", V6, "a.localhost", ("::1",), "localhost"),
    ],
)
def test_what_needs_no_lookup(
    context: URLRequestContext, host: str, family: int, canonical: str, addresses: tuple[str, ...], source: str
) -> None:
    """Row 134: literals and localhost, in the spelling that requests have."""
    found = resolve_on_network_thread(context, host, 80, ResolveParameters(family=family), 20.0)
    assert (found.host, found.addresses, found.source, found.is_stale) == (canonical, addresses, source, False)
    assert found.elapsed >= 0 and is_idle(context)


def test_a_name_is_looked_up_and_then_known(context: URLRequestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 111: by the system, later from the cache, with the time it has left."""
    entry = (V4, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [entry])
    first, second = (resolve_on_network_thread(context, "bücher.test") for _ in range(2))
    assert first.host == second.host == "xn--bcher-kva.test"
    assert first.addresses == second.addresses == ("192.0.2.7",)
    assert (first.source, second.source) == ("system", "cache")
    assert first.ttl is not None and second.ttl is not None and second.ttl <= first.ttl == 60.0


def test_a_failure_is_an_exception(context: URLRequestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 115: with the name in it."""

    def fail(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NameNotResolved, match=r"ERR_NAME_NOT_RESOLVED \(-105\): .*: nowhere\.test"):
        resolve_on_network_thread(context, "nowhere.test")
    assert is_idle(context)


def test_an_answer_is_told_whole(context: URLRequestContext, resolver: ScriptedResolver) -> None:
    """Order, interfaces, age."""
    resolver.addresses = (IPEndPoint("fe80::1", 80, V6, 3), IPEndPoint("192.0.2.1", 80, V4))
    parameters = ResolveParameters(family=V6)
    caller = Caller(lambda: resolve_on_network_thread(context, "host.test", 80, parameters))
    wait_until(lambda: bool(resolver.requests))
    (request,) = resolver.requests
    assert (request.host, request.port, request.parameters) == ("host.test", 80, parameters)

    def answer() -> None:
        request.ttl_s, request.staleness = -5.0, Staleness(5.0, 0, 1)
        request.finish(OK)

    call_on_network_thread(context.thread, answer)
    caller.join()
    found = caller.value
    assert isinstance(found, Resolution)
    assert found == Resolution("host.test", ("fe80::1%3", "192.0.2.1"), "system", -5.0, found.elapsed, True)


@pytest.mark.parametrize(
    "outcome, detail, error, text",
    [
        (ERR_NAME_NOT_RESOLVED, "", NameNotResolved, ": host.test"),
        (ERR_NAME_NOT_RESOLVED, "the hook said no", NameNotResolved, ": host.test: the hook said no"),
        (ERR_INTERNET_DISCONNECTED, "", ConnectionError, ": host.test"),
    ],
)
def test_failures_have_their_types_and_words(
    context: URLRequestContext, resolver: ScriptedResolver, outcome: int, detail: str, error: type[Exception], text: str
) -> None:
    """At once or later, it is the same; here at once."""
    resolver.outcome, resolver.error_detail = outcome, detail
    with pytest.raises(error) as caught:
        resolve_on_network_thread(context, "host.test")
    assert str(caught.value).endswith(text)


def test_the_new_network_is_asked(context: URLRequestContext, resolver: ScriptedResolver) -> None:
    """Row 122: the caller wants an answer, and not to know that the network changed."""
    caller = Caller(lambda: resolve_on_network_thread(context, "host.test"))
    wait_until(lambda: bool(resolver.requests))
    for result in (ERR_NETWORK_CHANGED, ERR_NETWORK_CHANGED, OK):
        call_on_network_thread(context.thread, partial(finish_next, resolver, result))
    caller.join()
    assert isinstance(caller.value, Resolution) and caller.value.source == "system" and is_idle(context)


def test_a_change_of_the_network_at_the_very_end_is_no_reason_to_ask(
    context: URLRequestContext, resolver: ScriptedResolver
) -> None:
    """Nobody answers any more."""

    def change() -> None:
        context.is_shut_down = True
        resolver.requests[0].finish(ERR_NETWORK_CHANGED)
        context.is_shut_down = False  # the session's end is still to come

    caller = Caller(lambda: resolve_on_network_thread(context, "host.test"))
    wait_until(lambda: bool(resolver.requests))
    call_on_network_thread(context.thread, change)
    caller.join()
    assert isinstance(caller.error, NetError) and len(resolver.requests) == 1


def test_the_deadline_holds(context: URLRequestContext, silence: BlockedResolver) -> None:
    """Row 6 of the users' table: a name server that is silent costs the time that was allowed, and no job is left."""
    with pytest.raises(DeadlineExceeded, match=r"silent\.test: no answer within 0\.05 s"):
        resolve_on_network_thread(context, "silent.test", timeout_s=0.05)
    assert is_idle(context)
    assert resolve_on_network_thread(context, "localhost", timeout_s=20.0).addresses


def test_closing_the_session_ends_the_wait(
    session: Session, context: URLRequestContext, silence: BlockedResolver
) -> None:
    """With ContextShutDown, as for a fetch; later questions are refused as well."""
    caller = Caller(lambda: resolve_on_network_thread(context, "silent.test"))
    wait_until(lambda: silence.asked == ["silent.test"])
    session.close()
    caller.join()
    assert isinstance(caller.error, ContextShutDown) and "silent.test" in str(caller.error)
    with pytest.raises(ContextShutDown):
        resolve_on_network_thread(context, "localhost")


def test_a_context_that_is_shut_down_refuses(context: URLRequestContext) -> None:
    """Also while its thread goes on."""
    call_on_network_thread(context.thread, context.shut_down)
    with pytest.raises(ContextShutDown, match="localhost"):
        resolve_on_network_thread(context, "localhost")


def test_an_interrupted_wait_cancels(
    context: URLRequestContext, silence: BlockedResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C arrives as an exception out of the wait, and is raised again."""

    class Interrupted:
        def notify(self) -> None:
            """Nobody waits."""

        def wait(self) -> None:
            wait_until(lambda: silence.asked == ["silent.test"])
            raise KeyboardInterrupt

    class Desk:
        def meet(self) -> Interrupted:
            return Interrupted()

    with monkeypatch.context() as patch:
        patch.setattr(context.thread, "desk", Desk())
        with pytest.raises(KeyboardInterrupt):
            resolve_on_network_thread(context, "silent.test")
    assert is_idle(context)


def test_an_interruption_that_comes_too_late_changes_nothing(
    context: URLRequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lookup has ended by itself."""

    class TooLate:
        def notify(self) -> None:
            """Nobody waits."""

        def wait(self) -> None:
            call_on_network_thread(context.thread, lambda: None)
            raise KeyboardInterrupt

    desk = context.thread.desk
    meetings: list[Any] = [TooLate()]
    monkeypatch.setattr(
        context.thread, "desk", type("Desk", (), {"meet": lambda _: meetings.pop() if meetings else desk.meet()})()
    )
    with pytest.raises(KeyboardInterrupt):
        resolve_on_network_thread(context, "localhost")
    assert is_idle(context)


def test_a_bug_of_the_resolver_does_not_leave_the_caller_waiting(
    context: URLRequestContext, resolver: ScriptedResolver, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its traceback is shown."""

    def fail(*_: object) -> ScriptedResolveRequest:
        raise ZeroDivisionError

    resolver.create_request = fail  # type: ignore[method-assign, assignment]
    with pytest.raises(NetError, match="ERR_UNEXPECTED"):
        resolve_on_network_thread(context, "host.test")
    call_on_network_thread(context.thread, lambda: None)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_on_the_network_thread_it_is_refused(context: URLRequestContext) -> None:
    """It would wait for itself."""
    with pytest.raises(RuntimeError, match="on the network thread would wait for itself"):
        call_on_network_thread(context.thread, lambda: resolve_on_network_thread(context, "localhost"))


@pytest.mark.parametrize("host", ["", "a..b", "a b", "http://x", "[::1", "a/b", "fe80::1%eth0", "1.2.3.4.5"])
def test_a_bad_host_is_refused(context: URLRequestContext, host: str) -> None:
    """Before anything is asked, with what is wrong."""
    with pytest.raises(ValueError, match=r"host: a URL of .* has ") as caught:
        resolve_on_network_thread(context, host)
    assert str(caught.value).endswith("; pass the host alone, not a URL") == ("/" in host)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ((5,), TypeError, "host: must be a string, not int"),
        (("h", -1), ValueError, "port: must be a whole number from 0 to 65535, not -1"),
        (("h", 65536), ValueError, "port: "),
        (("h", True), ValueError, "port: "),
        (("h", "80"), ValueError, "port: "),
        (("h", 80, DEFAULT_PARAMETERS, 0), ValueError, "timeout: total must be more than 0 seconds"),
        (("h", 80, DEFAULT_PARAMETERS, "5"), TypeError, "timeout: total must be a number"),
    ],
)
def test_bad_arguments_are_named(
    context: URLRequestContext, arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    """With what they should be."""
    with pytest.raises(error, match=message):
        resolve_on_network_thread(context, *arguments)


@pytest.mark.parametrize(
    "value, family", [(0, socket.AF_UNSPEC), (4, V4), (6, V6), (V4, V4), (V6, V6), (socket.AF_UNSPEC, 0)]
)
def test_families(value: int, family: int) -> None:
    """As people type them."""
    assert family_from_value(value) == family


@pytest.mark.parametrize("value", [5, -1, "4", None, True, False, 4.5])
def test_other_families_are_refused(value: Any) -> None:
    """A wrong one would mean both without a word."""
    with pytest.raises(ValueError, match="family: must be 4, 6, or 0 for both, not "):
        family_from_value(value)


def test_the_log_belongs_to_the_question(context: URLRequestContext, resolver: ScriptedResolver) -> None:
    """Each has an id of its own."""
    sources: list[int] = []
    create = resolver.create_request

    def note(host: str, port: int, parameters: ResolveParameters, net_log: NetLogWithSource) -> ScriptedResolveRequest:
        sources.append(net_log.source.id)
        return create(host, port, parameters, net_log)

    resolver.create_request = note  # type: ignore[method-assign]
    resolver.outcome = OK
    for _ in range(2):
        assert resolve_on_network_thread(context, "host.test").source == AnswerSource.SYSTEM.value
    assert len(set(sources)) == 2
