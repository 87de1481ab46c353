"""The ways out for one URL, one after the other, and what is remembered of those that failed (rows 216 and 224)."""

from __future__ import annotations

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_SOCKS_CONNECTION_FAILED,
    ERR_TIMED_OUT,
)
from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.proxy.config import DIRECT_CONFIG
from netstack_sync.proxy.info import BAD_PROXY_DELAY_S, ProxyInfo, ProxyRetryInfo, ProxyRetryMap

A, B, C = (ProxyChain.from_urls(url) for url in ("http://a:1", "https://b:2", "socks5://c:3"))
AB = ProxyChain.from_urls("http://a:1", "https://b:2")


def make_info(*chains: ProxyChain) -> ProxyInfo:
    return ProxyInfo(chains, DIRECT_CONFIG)


def bad_map(**until: float) -> ProxyRetryMap:
    """Chains by their letter."""
    known = ProxyRetryMap()
    for name, bad_until_s in until.items():
        chain = {"a": A, "b": B, "c": C, "ab": AB}[name]
        known.mark(chain, ProxyRetryInfo(ERR_TIMED_OUT, bad_until_s))
    return known


def test_the_first_is_tried() -> None:
    """A request that went well remembers nothing."""
    info = make_info(A, DIRECT)
    assert info.chain == A and info.chains == (A, DIRECT) and not info.is_empty
    assert info.retry_info is None and info.config is DIRECT_CONFIG
    assert repr(info) == "<ProxyInfo http://a:1; direct://>"


def test_falling_back() -> None:
    """Row 216 (ProxyFallback): each that fails is bad for five minutes, with the error that it failed with."""
    info = make_info(A, B)
    assert info.fallback(ERR_PROXY_CONNECTION_FAILED, now=100.0) and info.chain == B
    assert not info.fallback(ERR_CONNECTION_REFUSED, now=200.0)
    assert info.is_empty and repr(info) == "<ProxyInfo no way>"
    assert info.retry_info is not None and dict(info.retry_info.items()) == {
        A: ProxyRetryInfo(ERR_PROXY_CONNECTION_FAILED, 100.0 + BAD_PROXY_DELAY_S),
        B: ProxyRetryInfo(ERR_CONNECTION_REFUSED, 200.0 + BAD_PROXY_DELAY_S),
    }
    assert BAD_PROXY_DELAY_S == 300.0


def test_falling_back_to_a_direct_connection() -> None:
    """Row 216 (ProxyFallbackToDirect): it is a way like the others."""
    info = make_info(A, DIRECT)
    assert info.fallback(ERR_SOCKS_CONNECTION_FAILED, now=0.0) and info.chain == DIRECT


def test_a_direct_connection_is_never_bad() -> None:
    """Row 224 (UpdateRetryInfoOnFallback): nor does what comes after it suffer."""
    info = make_info(DIRECT, A)
    assert info.fallback(ERR_TIMED_OUT, now=0.0) and info.chain == A and info.retry_info is None
    known = ProxyRetryMap()
    known.mark(DIRECT, ProxyRetryInfo(ERR_TIMED_OUT, 300.0))
    assert not known


def test_merging() -> None:
    """Row 216: what was bad for longer stays so, with its reason; what is over is forgotten."""
    known = bad_map(a=500.0, b=100.0, c=50.0)
    seen = ProxyRetryMap()
    seen.mark(A, ProxyRetryInfo(ERR_CONNECTION_REFUSED, 400.0))
    seen.mark(B, ProxyRetryInfo(ERR_CONNECTION_REFUSED, 400.0))
    known.merge(seen, now=60.0)
    assert dict(known.items()) == {
        A: ProxyRetryInfo(ERR_TIMED_OUT, 500.0),
        B: ProxyRetryInfo(ERR_CONNECTION_REFUSED, 400.0),
    }
    assert len(known) == 2 and repr(known) == "<ProxyRetryMap http://a:1, https://b:2>"
    known.clear()
    assert not known and repr(known) == "<ProxyRetryMap empty>"


def test_very_many() -> None:
    """A script may name another proxy each time: what was told first is forgotten, unless it was told again."""
    known = bad_map(a=100.0, b=100.0)
    for number in range(255):
        if number == 200:
            known.mark(A, ProxyRetryInfo(ERR_TIMED_OUT, 200.0))
        known.mark(ProxyChain.from_urls(f"http://p{number}:1"), ProxyRetryInfo(ERR_TIMED_OUT, 150.0))
    assert len(known) == 256 and known.bad(A, 150.0) is not None and known.bad(B, 50.0) is None


def test_how_long_one_is_bad() -> None:
    """To the end of its time, and no longer."""
    known = bad_map(a=300.0)
    assert known.bad(A, 300.0) == ProxyRetryInfo(ERR_TIMED_OUT, 300.0)
    assert known.bad(A, 300.1) is None and known.bad(B, 0.0) is None


def test_bad_ones_are_tried_last() -> None:
    """Row 224 (DeprioritizeBadProxies): in the order that they had, a chain by itself and not by its members."""
    info = make_info(A, AB, B, DIRECT, C)
    info.deprioritize(bad_map(a=300.0, b=300.0, c=10.0), now=20.0)
    assert info.chains == (AB, DIRECT, C, A, B)


def test_without_bad_ones() -> None:
    """Nothing moves."""
    info = make_info(A, B)
    info.deprioritize(ProxyRetryMap(), now=0.0)
    assert info.chains == (A, B)
