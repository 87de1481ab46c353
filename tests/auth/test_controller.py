"""The rounds of one exchange, as decisions without a network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.controller import MAX_ROUNDS, AuthController
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_MISSING_AUTH_CREDENTIALS, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.workers.security_context import SecurityError
from tests.support.digest_server import fields_of
from tests.support.loops import RecordedCompletion
from tests.support.scripted_stack import ScriptedStack, scripted_stack
from tests.support.security import FakeSecurity, Outcome, header

ORIGIN = SchemeHostPort("https", "a.test", 443)
PAIR = password_identity("me", "p")
DIGEST_ONLY = AuthIdentity("me", "p", ("digest",))
GET = AuthRequest("GET", "/dir/x", lambda: b"")
UNKNOWN_BODY = AuthRequest("POST", "/dir/x", lambda: None)
BASIC = 'Basic realm="r"'
LOG = NetLogWithSource.make(NetLog(ManualClock()), NetLogSourceType.HTTP_AUTH_CONTROLLER)


def digest(nonce: str, more: str = "", realm: str = "r") -> list[str]:
    return [f'Digest realm="{realm}", nonce="{nonce}", qop=auth{more}']


def controller(cache: HttpAuthCache | None = None, identity: AuthIdentity = DIGEST_ONLY) -> AuthController:
    return AuthController(identity, ORIGIN, "/dir/x", cache if cache is not None else HttpAuthCache(), LOG)


def nonce_of(value: str | None) -> str:
    return fields_of(value or "Digest ")["nonce"]


def logged_in(identity: AuthIdentity = DIGEST_ONLY, challenge: str = "") -> HttpAuthCache:
    """A cache after a request that was let in with nonce "old"."""
    cache = HttpAuthCache()
    first = controller(cache, identity)
    assert first.on_challenge([challenge] if challenge else digest("old"), GET)
    first.authorization(GET)
    first.on_accepted(None)
    return cache


def test_nothing_is_sent_before_it_is_asked_for() -> None:
    """Then the challenge is answered, and the next exchange answers it in advance with the next count."""
    cache = HttpAuthCache()
    first = controller(cache)
    assert first.authorization(GET) is None
    assert first.on_challenge(digest("n"), GET)
    assert nonce_of(first.authorization(GET)) == "n"
    first.on_accepted(None)
    fields = fields_of(controller(cache).authorization(GET) or "")
    assert (fields["nonce"], fields["nc"]) == ("n", "00000002")
    elsewhere = AuthController(DIGEST_ONLY, ORIGIN, "/other", cache, LOG)
    assert elsewhere.authorization(GET) is None


def test_an_exchange_without_a_challenge_leaves_no_trace() -> None:
    """There is nothing to remember."""
    cache = HttpAuthCache()
    controller(cache).on_accepted('nextnonce="n"')
    assert controller(cache).authorization(GET) is None


def test_a_proxy_is_told_unasked_who_is_asking() -> None:
    """By Basic and where that is allowed; a challenge is answered as any other."""
    assert controller().proxy_authorization(GET) is None
    exchange = controller(identity=PAIR)
    assert exchange.authorization(GET) is None
    assert exchange.proxy_authorization(GET) == "Basic bWU6cA=="
    assert exchange.on_challenge([BASIC, *digest("n")], GET)
    assert nonce_of(exchange.proxy_authorization(GET)) == "n"
    assert not exchange.on_challenge([BASIC], GET)


def test_refused_credentials_are_not_sent_again() -> None:
    """Row 168, BasicAuthForever: neither in this round nor in a later one, and they are forgotten."""
    cache = HttpAuthCache()
    exchange = controller(cache)
    assert exchange.on_challenge(digest("1"), GET)
    assert not exchange.on_challenge(digest("2"), GET)
    assert exchange.authorization(GET) is None
    assert not exchange.on_challenge(digest("3"), GET)
    assert controller(cache).authorization(GET) is None


def test_another_realm_is_another_question() -> None:
    """Row 168, ChangeAuthRealms."""
    exchange = controller()
    assert exchange.on_challenge(digest("1", realm="one"), GET)
    assert exchange.on_challenge(digest("2", realm="two"), GET)
    assert nonce_of(exchange.authorization(GET)) == "2"
    assert not exchange.on_challenge(digest("3", realm="one") + digest("4", realm="two"), GET)


def test_basic_is_refused_in_every_realm_at_once() -> None:
    """It was sent before anybody asked; a pair then has Digest left."""
    exchange = controller(identity=PAIR)
    assert exchange.on_challenge([BASIC, *digest("n")], GET)
    assert nonce_of(exchange.authorization(GET)) == "n"
    assert not exchange.on_challenge([BASIC, 'Basic realm="other"'], GET)
    assert not controller(identity=PAIR).on_challenge([BASIC], GET)


def test_a_server_that_gives_digest_up_gets_basic() -> None:
    """Where the caller allows it: nothing but a remembered Digest had been sent."""
    exchange = controller(logged_in(PAIR), PAIR)
    assert nonce_of(exchange.authorization(GET)) == "old"
    assert exchange.on_challenge([BASIC], GET)
    assert exchange.authorization(GET) == "Basic bWU6cA=="
    assert not exchange.on_challenge([BASIC], GET)
    only = controller(logged_in())
    assert not only.on_challenge([BASIC], GET)


def test_a_stale_nonce_is_no_refusal() -> None:
    """Row 168, DigestPreAuthNonceCount; but a server that says so for ever is not believed for ever."""
    exchange = controller()
    assert exchange.on_challenge(digest("0"), GET)
    for number in range(1, MAX_ROUNDS):
        assert exchange.on_challenge(digest(str(number), ", stale=TRUE"), GET)
        assert nonce_of(exchange.authorization(GET)) == str(number)
    assert not exchange.on_challenge(digest("last", ", stale=true"), GET)
    assert exchange.authorization(GET) is None


def test_stale_of_another_realm_is_a_refusal_of_this_one() -> None:
    """What is said of one realm does not excuse another."""
    exchange = controller()
    assert exchange.on_challenge(digest("1"), GET)
    assert not exchange.on_challenge([*digest("2"), 'Digest realm="x", nonce="", stale=true'], GET)


def test_an_old_nonce_may_be_too_old_without_a_word() -> None:
    """What came from the cache gets one more chance with a fresh nonce, and only one."""
    cache = logged_in()
    exchange = controller(cache)
    assert nonce_of(exchange.authorization(GET)) == "old"
    assert exchange.on_challenge(digest("new"), GET)
    assert nonce_of(exchange.authorization(GET)) == "new"
    assert controller(cache).authorization(GET) is None, "forgotten meanwhile"
    assert not exchange.on_challenge(digest("newer"), GET)


def test_the_next_nonce_is_taken() -> None:
    """RFC 7616 §3.5."""
    cache = HttpAuthCache()
    exchange = controller(cache)
    assert exchange.on_challenge(digest("1"), GET)
    exchange.on_accepted('nextnonce="2"')
    assert nonce_of(controller(cache).authorization(GET)) == "2"


def test_a_body_that_cannot_be_signed() -> None:
    """A remembered challenge that wants that is passed over."""
    cache = logged_in(challenge='Digest realm="r", nonce="n", qop=auth-int')
    assert controller(cache).authorization(GET) is not None
    exchange = controller(cache)
    assert exchange.authorization(UNKNOWN_BODY) is None
    assert not exchange.on_challenge(['Digest realm="r", nonce="n", qop=auth-int'], UNKNOWN_BODY)


@given(
    st.lists(
        st.lists(
            st.sampled_from([BASIC, "Negotiate", "NTLM", "NTLM Z28gb24=", *digest("n"), *digest("s", ", stale=true")])
            | st.integers().map(lambda number: digest("n", realm=str(number))[0]),
            max_size=4,
        ),
        min_size=1,
    )
)
def test_every_conversation_ends(rounds: list[list[str]]) -> None:
    """Whatever a server asks for, again and again; every loop has a budget."""
    exchange = controller(logged_in(), AuthIdentity("me", "p", ("digest", "basic")))
    answers = 0
    for challenges in itertools.islice(itertools.cycle(rounds), MAX_ROUNDS + 1):
        exchange.authorization(GET)
        if not exchange.on_challenge(challenges, GET):
            break
        answers += 1
    assert answers <= MAX_ROUNDS


def test_a_401_without_a_challenge() -> None:
    """There is nothing to answer."""
    assert not controller().on_challenge([], GET)


# --- NTLM and Negotiate

ANY = AuthIdentity("me", "p", ("negotiate", "ntlm", "digest", "basic"))
NO_TICKET = SecurityError(ERR_MISSING_AUTH_CREDENTIALS, "no ticket")


@pytest.fixture
def stack() -> Iterator[ScriptedStack]:
    """A loop and workers that a test drives, and a log."""
    with scripted_stack(is_async=True) as stack:
        yield stack


def logging_in(
    stack: ScriptedStack, identity: AuthIdentity = ANY, cache: HttpAuthCache | None = None, **outcomes: list[Outcome]
) -> AuthController:
    service = SecurityService(stack.workers, FakeSecurity(**outcomes))
    log = NetLogWithSource.make(stack.net_log, NetLogSourceType.HTTP_AUTH_CONTROLLER)
    return AuthController(identity, ORIGIN, "/dir/x", cache or HttpAuthCache(), log, service)


def generated(stack: ScriptedStack, exchange: AuthController) -> int:
    done = RecordedCompletion()
    result = exchange.generate_token(None, done)
    stack.run_workers()
    return done.result if result == ERR_IO_PENDING else result


def test_a_handshake(stack: ScriptedStack) -> None:
    """Row 171, MultiRoundAuth: the same handler goes on; what it has done is not remembered, but logged."""
    cache = HttpAuthCache()
    exchange = logging_in(stack, cache=cache, ntlm=[b"one", b"two"])
    assert exchange.on_challenge(["NTLM", BASIC], GET) and exchange.binds_connection
    assert generated(stack, exchange) == OK
    assert exchange.authorization(GET) == header("NTLM", b"one")
    assert exchange.on_challenge([header("NTLM", b"go on")], GET) and exchange.binds_connection
    assert generated(stack, exchange) == OK
    assert exchange.authorization(GET) == header("NTLM", b"two")
    exchange.on_accepted(None)
    assert cache.lookup_by_path(ORIGIN, ANY, "/dir/x") is None, "never before it is asked for"
    params = stack.recorded.params_of
    assert params(NetLogEventType.AUTH_HANDLER_CREATE_RESULT, NetLogEventPhase.NONE) == [{"scheme": "ntlm"}]
    [init] = params(NetLogEventType.AUTH_HANDLER_INIT, NetLogEventPhase.NONE)
    assert init == {"succeeded": True, "allows_default_credentials": False}
    [handled] = params(NetLogEventType.AUTH_HANDLE_CHALLENGE, NetLogEventPhase.NONE)
    assert handled == {"authentication_scheme": "ntlm", "authentication_result": "accept"}
    assert params(NetLogEventType.AUTH_GENERATE_TOKEN, NetLogEventPhase.END) == [{}, {}]


def test_the_order_of_preference(stack: ScriptedStack) -> None:
    """Negotiate, NTLM, Digest: what a server takes no part in makes way for the next, whatever the server's order.

    Basic is not among them: by then the server has refused the password.
    """
    everything = [BASIC, *digest("n"), "NTLM", "Negotiate"]
    exchange = logging_in(stack, negotiate=[b"t"], ntlm=[b"t"])
    said = []
    while exchange.on_challenge(everything, GET):
        assert generated(stack, exchange) == OK
        said.append((exchange.authorization(GET) or "").partition(" ")[0])
    assert said == ["Negotiate", "NTLM", "Digest"]
    results = stack.recorded.params_of(NetLogEventType.AUTH_HANDLE_CHALLENGE, NetLogEventPhase.NONE)
    assert [result["authentication_result"] for result in results] == ["reject"] * 3


def test_a_wrong_password_is_tried_once(stack: ScriptedStack) -> None:
    """Accounts are locked after a few; and whoever refuses a hash must not be told the password for it."""
    exchange = logging_in(stack, ntlm=[b"one", b"two"])
    for challenges in (["NTLM", BASIC, *digest("n")], [header("NTLM", b"go on")]):
        assert exchange.on_challenge(challenges, GET) and generated(stack, exchange) == OK
        assert exchange.authorization(GET)
    assert not exchange.on_challenge(["Negotiate", "NTLM", BASIC], GET)
    exchange = logging_in(stack)
    assert exchange.on_challenge([BASIC, *digest("n")], GET) and exchange.authorization(GET)
    assert not exchange.on_challenge([BASIC, *digest("n")], GET)


def test_a_scheme_without_a_token_is_passed_over(stack: ScriptedStack) -> None:
    """No round is lost for it; if it was the last one, the error says why."""
    exchange = logging_in(stack, negotiate=[NO_TICKET], ntlm=[b"one"])
    assert exchange.on_challenge(["Negotiate, NTLM", BASIC], GET)
    assert generated(stack, exchange) == OK and exchange.binds_connection
    assert exchange.authorization(GET) == header("NTLM", b"one") and exchange.error_detail == ""
    exchange = logging_in(stack, negotiate=[NO_TICKET])
    assert exchange.on_challenge(["Negotiate", BASIC], GET)
    assert generated(stack, exchange) == OK and not exchange.binds_connection
    assert exchange.authorization(GET) == "Basic bWU6cA=="
    exchange = logging_in(stack, negotiate=[NO_TICKET])
    assert exchange.on_challenge(["Negotiate"], GET)
    assert generated(stack, exchange) == ERR_MISSING_AUTH_CREDENTIALS and exchange.error_detail == "no ticket"


def test_nobody_to_make_tokens() -> None:
    """Then these schemes are as good as unknown."""
    exchange = controller(identity=ANY)
    assert not exchange.on_challenge(["Negotiate, NTLM"], GET)
    assert exchange.on_challenge(["Negotiate, NTLM", BASIC], GET)
    assert exchange.generate_token(None, lambda _: None) == OK and not exchange.binds_connection


def test_a_server_that_keeps_no_connection(stack: ScriptedStack) -> None:
    """HTTP/1.0: a handshake could never end, so it does not begin."""
    exchange = logging_in(stack, ntlm=[b"one"])
    assert exchange.on_challenge(["NTLM", BASIC], GET, stays_open=False, knows_keep_alive=False)
    assert not exchange.binds_connection


def test_a_connection_that_closes_in_the_middle(stack: ScriptedStack) -> None:
    """The challenge came with the last bytes of its connection: there is nowhere to answer it."""
    exchange = logging_in(stack, ntlm=[b"one"])
    assert exchange.on_challenge(["NTLM"], GET, stays_open=False), "the first round may go over another one"
    assert generated(stack, exchange) == OK
    exchange.on_new_connection()
    assert exchange.authorization(GET) is not None, "nobody has seen the token so far"
    assert not exchange.on_challenge([header("NTLM", b"go on")], GET, stays_open=False)


def test_a_lost_connection_voids_the_handshake_once(stack: ScriptedStack) -> None:
    """A token is for the connection whose server has seen the one before; the second loss ends it."""
    exchange = logging_in(stack, ntlm=[b"one", b"two"])
    for loss in range(2):
        assert exchange.on_challenge(["NTLM"], GET), loss
        assert generated(stack, exchange) == OK
        assert exchange.authorization(GET) == header("NTLM", b"one")
        exchange.on_new_connection()
        assert exchange.authorization(GET) is None
    assert not exchange.on_challenge(["NTLM"], GET)
    other = controller()
    assert other.on_challenge(digest("n"), GET)
    other.on_new_connection()
    assert nonce_of(other.authorization(GET)) == "n", "others do not care"


def test_a_token_that_nobody_has_asked_for(stack: ScriptedStack) -> None:
    """Nor does a token answer the first challenge, nor one that is somebody else's."""
    exchange = logging_in(stack, ntlm=[b"one"])
    assert not exchange.on_challenge([header("NTLM", b"go on")], GET)
    assert exchange.on_challenge(["NTLM"], GET)
    assert generated(stack, exchange) == OK and exchange.authorization(GET)
    assert not exchange.on_challenge([header("Negotiate", b"go on")], GET)


def test_cancelling_the_wait_for_a_token(stack: ScriptedStack) -> None:
    """No callback comes; the log has its end."""
    exchange = logging_in(stack, ntlm=[b"one"])
    exchange.cancel()
    done = RecordedCompletion()
    assert exchange.on_challenge(["NTLM"], GET) and exchange.generate_token(None, done) == ERR_IO_PENDING
    exchange.cancel()
    exchange.cancel()
    stack.run_workers()
    assert not done.is_called


def test_basic_does_not_grow_old() -> None:
    """What was remembered says what would be said again; a password that was changed is tried once.

    Nor does a server make it old by saying so.
    """
    first = controller(identity=AuthIdentity("me", "p", ("basic",)))
    assert first.on_challenge([BASIC + ", stale=true"], GET) and first.authorization(GET)
    assert not first.on_challenge([BASIC + ", stale=true"], GET)
    identity = AuthIdentity("me", "p", ("basic",))
    exchange = controller(logged_in(identity, BASIC), identity)
    assert exchange.authorization(GET) == "Basic bWU6cA=="
    assert not exchange.on_challenge([BASIC], GET)


def test_a_challenge_to_somebody_else_refuses_nothing() -> None:
    """Row 239: what was never sent in this name may be sent now, Basic included."""
    late = controller(identity=PAIR)
    assert late.meet(parse_challenges([BASIC]), GET, knows_keep_alive=False)
    assert (late.authorization(GET) or "").startswith("Basic ")
    assert not late.on_challenge([BASIC], GET), "but not twice"
    assert not controller().meet(parse_challenges([BASIC]), GET, knows_keep_alive=False)
