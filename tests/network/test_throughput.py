"""The throughput meter samples only while the network is what limits."""

from __future__ import annotations

import gc
import weakref

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.network.throughput import ThroughputMeter

RTT_S = 0.1


class Source:
    """A response that has brought so many bytes."""

    def __init__(self, received_bytes: int = 0) -> None:
        self.received_bytes = received_bytes


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=100.0)


@pytest.fixture
def meter(clock: ManualClock) -> ThroughputMeter:
    return ThroughputMeter(clock)


def _start(meter: ThroughputMeter, count: int) -> list[Source]:
    sources = [Source() for _ in range(count)]
    for source in sources:
        meter.started(source)
    return sources


def _bring(sources: list[Source], received_bytes: int) -> None:
    for source in sources:
        source.received_bytes += received_bytes


def test_many_requests_give_a_sample(meter: ThroughputMeter, clock: ManualClock) -> None:
    """All bytes since there are five, those of requests still in flight included, rounded up."""
    sources = _start(meter, 5)
    assert repr(meter) == "<ThroughputMeter requests=5 spoilers=0 many>"
    _bring(sources, 40_000)
    clock.advance(0.3)
    assert meter.ended(sources[0], RTT_S) == 5334  # 200 kB in 0.3 s
    assert repr(meter) == "<ThroughputMeter requests=4 spoilers=0>"


def test_four_requests_give_none(meter: ThroughputMeter, clock: ManualClock) -> None:
    """Most of the time the servers may be thinking."""
    sources = _start(meter, 4)
    _bring(sources, 400_000)
    clock.advance(0.3)
    assert [meter.ended(source, RTT_S) for source in sources] == [None] * 4


def test_a_sample_begins_a_new_window(meter: ThroughputMeter, clock: ManualClock) -> None:
    """What was counted once is not counted again."""
    sources = _start(meter, 6)
    _bring(sources, 40_000)
    clock.advance(0.125)
    assert meter.ended(sources[0], RTT_S) == 15_360
    _bring(sources[1:], 50_000)
    clock.advance(0.125)
    assert meter.ended(sources[1], RTT_S) == 16_000


def test_only_what_arrives_within_the_window_counts(meter: ThroughputMeter, clock: ManualClock) -> None:
    """Four requests have brought bytes before the fifth begins, and a sixth comes later."""
    sources = _start(meter, 4)
    _bring(sources, 1_000_000)
    clock.advance(5.0)
    sources += _start(meter, 1)
    clock.advance(0.125)
    sources += _start(meter, 1)
    _bring(sources, 40_000)
    clock.advance(0.125)
    assert meter.ended(sources[5], RTT_S) == 7680  # 6 x 40 kB in 0.25 s


def test_little_is_no_sample_yet(meter: ThroughputMeter, clock: ManualClock) -> None:
    """Below 32 kB of ended requests the window goes on."""
    sources = _start(meter, 8)
    _bring(sources, 16_000)
    clock.advance(0.125)
    assert meter.ended(sources[0], RTT_S) is None
    assert meter.ended(sources[1], RTT_S) == 8192


def test_a_short_window_goes_on(meter: ThroughputMeter, clock: ManualClock) -> None:
    """What arrives in so short a time may have been in the kernel's buffers already."""
    sources = _start(meter, 8)
    _bring(sources, 100_000)
    clock.advance(0.03125)
    assert meter.ended(sources[0], RTT_S) is None
    clock.advance(0.09375)
    assert meter.ended(sources[1], RTT_S) == 51_200


def test_a_window_ends_with_the_fifth_request(meter: ThroughputMeter, clock: ManualClock) -> None:
    """And begins anew when there are five again."""
    sources = _start(meter, 5)
    _bring(sources, 1000)
    assert meter.ended(sources[0], RTT_S) is None
    clock.advance(10.0)
    _bring(sources[1:], 50_000)
    sources += _start(meter, 1)
    _bring(sources[1:], 50_000)
    clock.advance(0.125)
    assert meter.ended(sources[1], RTT_S) == 16_000


@pytest.mark.parametrize("rtt_s, kbps", [(0.74, None), (0.76, 160), (None, 160)])
def test_a_trickle_is_not_the_network(
    meter: ThroughputMeter, clock: ManualClock, rtt_s: float | None, kbps: int | None
) -> None:
    """100 kB in 5 s are 15 kB in 0.75 s: within that round trip time a new connection would bring as much."""
    sources = _start(meter, 5)
    _bring(sources, 20_000)
    sources[0].received_bytes = 32_000
    _bring(sources[1:2], -12_000)
    clock.advance(5.0)
    assert meter.ended(sources[0], rtt_s) == kbps


def test_a_trickle_does_not_end_the_measuring(meter: ThroughputMeter, clock: ManualClock) -> None:
    """The next window may be a good one."""
    sources = _start(meter, 7)
    _bring(sources, 40_000)
    clock.advance(1000.0)
    assert meter.ended(sources[0], RTT_S) is None
    _bring(sources[1:], 40_000)
    clock.advance(0.125)
    assert meter.ended(sources[1], RTT_S) == 15_360


def test_private_traffic_spoils_the_measure(meter: ThroughputMeter, clock: ManualClock) -> None:
    """Nothing is measured until it is over; then a new window begins."""
    sources = _start(meter, 6)
    private = Source()
    meter.spoiled(private)
    _bring(sources, 100_000)
    clock.advance(1.0)
    assert meter.ended(sources[0], RTT_S) is None
    assert meter.ended(private, RTT_S) is None
    _bring(sources[1:], 50_000)
    clock.advance(0.125)
    assert meter.ended(sources[1], RTT_S) == 16_000


def test_requests_that_span_a_change_of_network_spoil_the_measure(meter: ThroughputMeter, clock: ManualClock) -> None:
    """Their bytes come over the old network; requests begun since then wait for their end."""
    before = _start(meter, 5)
    meter.on_network_changed()
    assert repr(meter) == "<ThroughputMeter requests=0 spoilers=5>"
    after = _start(meter, 5)
    for source in before:
        assert not meter.headers_received(source, clock.now())
        _bring(after, 100_000)
        clock.advance(1.0)
        assert meter.ended(source, RTT_S) is None
    _bring(after, 40_000)
    clock.advance(0.125)
    assert meter.ended(after[0], RTT_S) == 12_800


def test_a_large_response_alone_gives_a_sample(meter: ThroughputMeter, clock: ManualClock) -> None:
    """From its headers, so that the server's thinking does not count."""
    (source,) = _start(meter, 1)
    clock.advance(10.0)
    source.received_bytes = 500
    assert meter.headers_received(source, clock.now())
    assert repr(meter) == "<ThroughputMeter requests=1 spoilers=0 alone>"
    source.received_bytes += 1_000_000
    clock.advance(0.5)
    assert meter.ended(source, RTT_S) == 16_000
    assert meter.ended(source, RTT_S) is None


@pytest.mark.parametrize(
    "received_bytes, duration_s, kbps",
    [(999_999, 0.5, None), (1_000_000, 0.5, 16_000), (1_000_000, 100.0, None), (1_000_000, 0.0, None)],
)
def test_what_is_a_large_response(
    meter: ThroughputMeter, clock: ManualClock, received_bytes: int, duration_s: float, kbps: int | None
) -> None:
    """A megabyte, no trickle, and some time must have passed."""
    (source,) = _start(meter, 1)
    assert meter.headers_received(source, clock.now())
    source.received_bytes = received_bytes
    clock.advance(duration_s)
    assert meter.ended(source, RTT_S) == kbps


@pytest.mark.parametrize("disturbance", ["request", "earlier request", "private", "earlier private", "network"])
def test_a_response_with_company_is_not_alone(meter: ThroughputMeter, clock: ManualClock, disturbance: str) -> None:
    """Whatever shares the link with it, or took the link away."""
    if disturbance == "earlier request":
        _start(meter, 1)
    if disturbance == "earlier private":
        meter.spoiled(Source())
    (source,) = _start(meter, 1)
    assert meter.headers_received(source, clock.now())
    if disturbance == "request":
        _start(meter, 1)
    if disturbance == "private":
        meter.spoiled(Source())
    if disturbance == "network":
        meter.on_network_changed()
    source.received_bytes = 5_000_000
    clock.advance(1.0)
    assert meter.ended(source, RTT_S) is None


@pytest.mark.parametrize("count", [1, 5])
def test_what_has_ended_is_not_kept(meter: ThroughputMeter, clock: ManualClock, count: int) -> None:
    """A stream holds on to much."""
    sources = _start(meter, count)
    kept = [weakref.ref(source) for source in sources]
    for source in sources:
        assert meter.headers_received(source, clock.now())
        assert meter.ended(source, RTT_S) is None
    del source, sources
    gc.collect()
    assert [source() for source in kept] == [None] * count


def test_strangers_do_not_matter(meter: ThroughputMeter, clock: ManualClock) -> None:
    """A request that was never told of may have headers and an end."""
    assert not meter.headers_received(Source(), clock.now())
    assert meter.ended(Source(), RTT_S) is None
    assert repr(meter) == "<ThroughputMeter requests=0 spoilers=0>"
