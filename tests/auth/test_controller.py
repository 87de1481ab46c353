"""The rounds of one exchange, as decisions without a network."""

from __future__ import annotations

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.controller import MAX_ROUNDS, AuthController
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.origin import SchemeHostPort
from tests.support.digest_server import fields_of

ORIGIN = SchemeHostPort("https", "a.test", 443)
PAIR = password_identity("me", "p")
DIGEST_ONLY = AuthIdentity("me", "p", ("digest",))
GET = AuthRequest("GET", "/dir/x", lambda: b"")
UNKNOWN_BODY = AuthRequest("POST", "/dir/x", lambda: None)
BASIC = 'Basic realm="r"'


def digest(nonce: str, more: str = "", realm: str = "r") -> list[str]:
    return [f'Digest realm="{realm}", nonce="{nonce}", qop=auth{more}']


def controller(cache: HttpAuthCache | None = None, identity: AuthIdentity = DIGEST_ONLY) -> AuthController:
    return AuthController(identity, ORIGIN, "/dir/x", cache if cache is not None else HttpAuthCache())


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
    elsewhere = AuthController(DIGEST_ONLY, ORIGIN, "/other", cache)
    assert elsewhere.authorization(GET) is None


def test_an_exchange_without_a_challenge_leaves_no_trace() -> None:
    """There is nothing to remember."""
    cache = HttpAuthCache()
    controller(cache).on_accepted('nextnonce="n"')
    assert controller(cache).authorization(GET) is None


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


def test_a_401_without_a_challenge() -> None:
    """There is nothing to answer."""
    assert not controller().on_challenge([], GET)


def test_a_challenge_to_somebody_else_refuses_nothing() -> None:
    """Row 239: what was never sent in this name may be sent now, Basic included."""
    late = controller(identity=PAIR)
    assert late.meet(parse_challenges([BASIC]), GET)
    assert (late.authorization(GET) or "").startswith("Basic ")
    assert not late.on_challenge([BASIC], GET), "but not twice"
    assert not controller().meet(parse_challenges([BASIC]), GET)
