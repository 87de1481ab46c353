"""The estimator: assumptions first, then what requests tell, recomputed not too often."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.effective_type import PLATFORM_DEFAULTS, EffectiveConnectionType
from netstack_sync.network.quality import CONNECTION_LABELS, NetworkQuality
from netstack_sync.network.quality_estimator import (
    RECOMPUTE_AFTER,
    RECOMPUTE_INTERVAL_S,
    RECOMPUTE_MIN_INTERVAL_S,
    TRANSPORT_RTT_INTERVAL_S,
    NetworkQualityEstimator,
)

PUBLIC = IPEndPoint("192.0.2.1", 443, socket.AF_INET)
LOOPBACK = IPEndPoint("127.0.0.1", 80, socket.AF_INET)
TYPE_2G = EffectiveConnectionType.TYPE_2G
TYPE_3G = EffectiveConnectionType.TYPE_3G
TYPE_4G = EffectiveConnectionType.TYPE_4G


class Stream:
    """A MeasuredStream that counts how often the system is asked."""

    def __init__(self, remote_address: IPEndPoint | None = PUBLIC, rtt_s: float | None = None) -> None:
        self.remote_address = remote_address
        self.received_bytes = 0
        self.rtt_s = rtt_s
        self.asked = 0

    def transport_rtt_s(self) -> float | None:
        self.asked += 1
        return self.rtt_s


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=1000.0)


@pytest.fixture
def estimator(clock: ManualClock) -> NetworkQualityEstimator:
    return NetworkQualityEstimator(clock, ConnectionType.ETHERNET)


def _exchange(estimator: NetworkQualityEstimator, clock: ManualClock, stream: Stream, rtt_s: float = 0.05) -> None:
    """A GET whose headers come after `rtt_s`."""
    estimator.request_started(stream, "GET")
    sent_at = clock.now()
    clock.advance(rtt_s)
    estimator.headers_received(stream, sent_at, clock.now())
    estimator.request_ended(stream)


def _note_http(estimator: NetworkQualityEstimator, clock: ManualClock, *rtts_s: float) -> None:
    for rtt_s in rtts_s:
        estimator.note_http_rtt(rtt_s, clock.now())


def _note_transport(estimator: NetworkQualityEstimator, clock: ManualClock, *rtts_s: float) -> None:
    for rtt_s in rtts_s:
        estimator.note_transport_rtt(rtt_s, clock.now())


def _numbers(quality: NetworkQuality) -> tuple[float | None, float | None, float | None]:
    return quality.http_rtt, quality.transport_rtt, quality.downstream_kbps


# --- assumptions


@pytest.mark.parametrize("kind", list(ConnectionType))
def test_without_traffic_the_kind_of_network_tells(clock: ManualClock, kind: ConnectionType) -> None:
    """Row 231 (DefaultObservations): the same at the start and after a change; offline nothing is known."""
    http_rtt, transport_rtt, kbps = PLATFORM_DEFAULTS[kind]
    label = {
        ConnectionType.CELLULAR_2G: "2g",
        ConnectionType.CELLULAR_3G: "3g",
        ConnectionType.BLUETOOTH: "3g",
        ConnectionType.CELLULAR_5G: "unknown",
    }.get(kind, "4g")
    if kind == ConnectionType.NONE:
        http_rtt, transport_rtt, kbps, label = None, None, None, "offline"
    expected = NetworkQuality(label, http_rtt, transport_rtt, kbps, CONNECTION_LABELS[kind], 0, 0, 0)
    changed = NetworkQualityEstimator(clock)
    changed.on_connection_type_changed(kind)
    for estimator in (NetworkQualityEstimator(clock, kind), changed):
        assert estimator.quality() == expected
        assert estimator.effective_type.label == label
        assert (estimator.http_rtt, estimator.transport_rtt, estimator.downstream_kbps) == _numbers(expected)


def test_the_first_samples_replace_the_assumptions(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """Each quantity by itself."""
    assert repr(estimator) == "<NetworkQualityEstimator 4g over ethernet>"
    _note_http(estimator, clock, 0.4)
    assert estimator.quality() == NetworkQuality("3g", 0.4, 0.033, 1456, "ethernet", 1, 0, 0)
    _note_transport(estimator, clock, 0.02)
    assert estimator.quality() == NetworkQuality("3g", 0.4, 0.02, 1456, "ethernet", 1, 1, 0)


def test_estimates_are_medians(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """Row 231 (ComputedPercentiles): one outlier does not matter."""
    _note_http(estimator, clock, 0.1, 0.12, 0.11, 0.45, 0.13)
    _note_transport(estimator, clock, 0.03, 0.9, 0.04)
    assert (estimator.http_rtt, estimator.transport_rtt) == (0.12, 0.04)


# --- what requests tell


def test_a_get_to_a_public_host_is_measured(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """Row 231 (TestTCPSocketRTT): the time to the headers, and the kernel's round trip time."""
    _exchange(estimator, clock, Stream(rtt_s=0.02), rtt_s=0.3)
    quality = estimator.quality()
    assert quality.http_rtt == pytest.approx(0.3) and quality.transport_rtt == 0.02
    assert (quality.http_rtt_samples, quality.transport_rtt_samples, quality.downstream_samples) == (1, 1, 0)


def test_a_system_that_does_not_know_gives_no_sample(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """The assumption stays."""
    stream = Stream(rtt_s=None)
    _exchange(estimator, clock, stream)
    assert stream.asked == 1 and estimator.transport_rtt == 0.033


@pytest.mark.parametrize("remote_address", [LOOPBACK, IPEndPoint("10.0.0.1", 80, socket.AF_INET), None])
def test_private_and_unknown_hosts_are_ignored(
    estimator: NetworkQualityEstimator, clock: ManualClock, remote_address: IPEndPoint | None
) -> None:
    """Whatever they take, the network outside is what it was."""
    before = estimator.quality()
    stream = Stream(remote_address, rtt_s=0.00002)
    _exchange(estimator, clock, stream, rtt_s=0.001)
    assert estimator.quality() == before and stream.asked == 0


def test_local_hosts_count_where_they_are_the_network(clock: ManualClock) -> None:
    """For programs that know that theirs is all there is."""
    estimator = NetworkQualityEstimator(clock, use_local_hosts=True)
    _exchange(estimator, clock, Stream(LOOPBACK, rtt_s=0.001), rtt_s=0.002)
    assert estimator.http_rtt == pytest.approx(0.002) and estimator.transport_rtt == 0.001


def test_other_methods_are_ignored(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """The time of an upload is not that of a round trip."""
    stream = Stream(rtt_s=0.02)
    estimator.request_started(stream, "POST")
    estimator.headers_received(stream, clock.now() - 0.4, clock.now())
    estimator.request_ended(stream)
    assert estimator.quality().http_rtt_samples == 0 and stream.asked == 0


def test_a_request_that_spans_a_change_of_network_is_ignored(
    estimator: NetworkQualityEstimator, clock: ManualClock
) -> None:
    """It would tell of the network before."""
    stream = Stream(rtt_s=0.02)
    estimator.request_started(stream, "GET")
    estimator.on_connection_type_changed(ConnectionType.WIFI)
    estimator.headers_received(stream, clock.now() - 0.4, clock.now())
    estimator.request_ended(stream)
    assert estimator.quality() == NetworkQuality("4g", 0.116, 0.066, 2658, "wifi", 0, 0, 0)


def test_the_kernel_is_asked_now_and_then(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """Over all connections together; after a change of network at once."""
    streams = [Stream(rtt_s=0.01) for _ in range(4)]
    _exchange(estimator, clock, streams[0], rtt_s=0.001)
    _exchange(estimator, clock, streams[1], rtt_s=0.001)
    clock.advance(TRANSPORT_RTT_INTERVAL_S)
    _exchange(estimator, clock, streams[2], rtt_s=0.001)
    estimator.on_connection_type_changed(ConnectionType.ETHERNET)
    _exchange(estimator, clock, streams[3], rtt_s=0.001)
    assert [stream.asked for stream in streams] == [1, 0, 1, 1]


def test_throughput_is_measured(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """A large response alone."""
    stream = Stream()
    estimator.request_started(stream, "GET")
    estimator.headers_received(stream, clock.now() - 0.1, clock.now())
    clock.advance(1.0)
    stream.received_bytes = 10_000_000
    estimator.request_ended(stream)
    estimator.request_ended(stream)
    assert estimator.downstream_kbps == 80_000
    assert estimator.quality().downstream_samples == 1


@pytest.mark.parametrize("is_first", [True, False])
def test_private_traffic_spoils_throughput(
    estimator: NetworkQualityEstimator, clock: ManualClock, is_first: bool
) -> None:
    """It may use the same link, whichever of the two begins."""
    private, stream = Stream(LOOPBACK), Stream()
    if is_first:
        estimator.request_started(private, "POST")
    estimator.request_started(stream, "GET")
    estimator.headers_received(stream, clock.now() - 0.1, clock.now())
    if not is_first:
        estimator.request_started(private, "POST")
    clock.advance(1.0)
    stream.received_bytes = 10_000_000
    estimator.request_ended(stream)
    assert estimator.downstream_kbps == 1456


def test_the_end_of_private_traffic_lets_the_measuring_begin(
    estimator: NetworkQualityEstimator, clock: ManualClock
) -> None:
    """Also where nothing was to be measured when that began."""
    private, streams = Stream(LOOPBACK), [Stream() for _ in range(6)]
    estimator.request_started(private, "GET")
    for stream in streams:
        estimator.request_started(stream, "GET")
    estimator.request_ended(private)
    estimator.request_ended(private)
    clock.advance(0.125)
    for stream in streams:
        stream.received_bytes = 50_000
    estimator.request_ended(streams[0])
    assert estimator.downstream_kbps == 19_200


@pytest.mark.parametrize("rtt_s", [0.0, -1.0])
def test_no_time_is_no_sample(estimator: NetworkQualityEstimator, clock: ManualClock, rtt_s: float) -> None:
    """A clock too coarse for a fast network."""
    _note_http(estimator, clock, rtt_s)
    assert estimator.quality().http_rtt_samples == 0


# --- hanging requests


@pytest.mark.parametrize("rtt_s, is_counted", [(0.5, True), (0.539, True), (0.541, False), (30.0, False)])
def test_a_server_that_thinks_is_no_slow_network(
    estimator: NetworkQualityEstimator, clock: ManualClock, rtt_s: float, is_counted: bool
) -> None:
    """Above half a second and six times what is usual, here 90 ms, a sample is dropped."""
    _note_http(estimator, clock, rtt_s)
    assert estimator.quality().http_rtt_samples == int(is_counted)


@pytest.mark.parametrize("count, rtt_s, is_counted", [(4, 3.0, False), (5, 3.9, True), (5, 4.1, False)])
def test_a_slow_transport_explains_a_slow_answer(
    estimator: NetworkQualityEstimator, clock: ManualClock, count: int, rtt_s: float, is_counted: bool
) -> None:
    """Up to eight of its round trips, once there are five samples of them; HTTP then takes 0.5 s at least."""
    _note_transport(estimator, clock, *[0.5] * count)
    assert estimator.transport_rtt == 0.5
    _note_http(estimator, clock, rtt_s)
    assert estimator.quality().http_rtt_samples == int(is_counted)


def test_where_nothing_is_known_nothing_hangs(clock: ManualClock) -> None:
    """The first sample is all there is."""
    estimator = NetworkQualityEstimator(clock, ConnectionType.CELLULAR_5G)
    _note_http(estimator, clock, 1.5)
    assert estimator.effective_type == TYPE_2G


# --- transport and HTTP together


@pytest.mark.parametrize("count, http_rtt", [(4, 0.1), (5, 0.3)])
def test_http_takes_no_less_than_the_transport(
    estimator: NetworkQualityEstimator, clock: ManualClock, count: int, http_rtt: float
) -> None:
    """Row 231 (TestTransportRttUsedForHttpRttComputation): once there are five samples."""
    _note_http(estimator, clock, 0.1)
    _note_transport(estimator, clock, *[0.3] * count)
    clock.advance(RECOMPUTE_INTERVAL_S)
    assert estimator.http_rtt == http_rtt


def test_transport_alone_does_not_make_http_known(clock: ManualClock) -> None:
    """The effective type goes by HTTP."""
    estimator = NetworkQualityEstimator(clock, ConnectionType.CELLULAR_5G)
    _note_transport(estimator, clock, *[0.3] * 5)
    assert estimator.quality() == NetworkQuality("unknown", None, 0.3, None, "5g", 0, 5, 0)


# --- when it is computed


def _settled(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """So many samples that a few more do not matter by their number."""
    _note_http(estimator, clock, *[0.1] * 200)
    clock.advance(RECOMPUTE_INTERVAL_S)
    assert estimator.http_rtt == 0.1


def test_estimates_stand_for_a_while(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """Row 231 (AdaptiveRecomputation): ten seconds, if little has come."""
    _settled(estimator, clock)
    clock.advance(3600.0)
    assert estimator.http_rtt == 0.1  # nothing new: nothing to compute
    _note_http(estimator, clock, 0.3)
    assert estimator.http_rtt == 0.3
    _note_http(estimator, clock, 0.4, 0.4)
    clock.advance(RECOMPUTE_INTERVAL_S - 0.1)
    assert estimator.http_rtt == 0.3
    clock.advance(0.1)
    assert estimator.http_rtt == 0.4


def test_many_samples_wait_a_second(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """Row 231 (AdaptiveRecomputation): fifty."""
    _settled(estimator, clock)
    clock.advance(600.0)
    _note_http(estimator, clock, 0.3)
    assert estimator.http_rtt == 0.3
    _note_http(estimator, clock, *[0.4] * (RECOMPUTE_AFTER - 1))
    clock.advance(RECOMPUTE_MIN_INTERVAL_S)
    assert estimator.http_rtt == 0.3
    _note_http(estimator, clock, 0.4)
    assert estimator.http_rtt == 0.4


def test_many_samples_do_not_make_it_compute_all_the_time(
    estimator: NetworkQualityEstimator, clock: ManualClock
) -> None:
    """A thousand requests a second are no reason to sort all the time."""
    _settled(estimator, clock)
    clock.advance(600.0)
    _note_http(estimator, clock, 0.3)
    assert estimator.http_rtt == 0.3
    _note_http(estimator, clock, *[0.4] * (RECOMPUTE_AFTER + 1))
    clock.advance(RECOMPUTE_MIN_INTERVAL_S - 0.01)
    assert estimator.http_rtt == 0.3
    clock.advance(0.01)
    assert estimator.http_rtt == 0.4


def test_half_as_many_samples_again_count_at_once(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """Row 231 (AdaptiveRecomputation): of both round trip times together."""
    _note_http(estimator, clock, 0.1, 0.1, 0.1, 0.1)
    assert estimator.http_rtt == 0.1
    clock.advance(0.1)
    _note_transport(estimator, clock, 0.05, 0.05)
    assert estimator.transport_rtt == 0.033  # two more than four are half as many, not more
    _note_transport(estimator, clock, 0.05)
    assert estimator.transport_rtt == 0.05


def test_half_as_many_samples_of_throughput_count_at_once(
    estimator: NetworkQualityEstimator, clock: ManualClock
) -> None:
    """Row 231 (AdaptiveRecomputation): they are few."""
    _settled(estimator, clock)
    for kbps in (8_000, 16_000):
        stream = Stream()
        estimator.request_started(stream, "GET")
        estimator.headers_received(stream, clock.now() - 0.1, clock.now())
        clock.advance(1.0)
        stream.received_bytes = kbps * 125
        estimator.request_ended(stream)
        assert estimator.downstream_kbps == kbps  # the second is the younger one
    assert estimator.quality().downstream_samples == 2


# --- observers


def test_observers_hear_of_changes_only(estimator: NetworkQualityEstimator, clock: ManualClock) -> None:
    """At once, while the number of samples is small."""
    heard: list[EffectiveConnectionType] = []
    estimator.add_observer(heard.append)
    _note_http(estimator, clock, 0.1)
    assert heard == []
    _note_http(estimator, clock, 0.4, 0.4, 0.4)
    assert heard == [TYPE_3G]
    estimator.on_connection_type_changed(ConnectionType.NONE)
    estimator.on_connection_type_changed(ConnectionType.WIFI)
    estimator.on_connection_type_changed(ConnectionType.ETHERNET)
    assert heard == [TYPE_3G, EffectiveConnectionType.OFFLINE, TYPE_4G]
    estimator.remove_observer(heard.append)
    estimator.on_connection_type_changed(ConnectionType.NONE)
    assert len(heard) == 3


def test_observers_hear_of_what_transport_and_throughput_bring(
    estimator: NetworkQualityEstimator, clock: ManualClock
) -> None:
    """Every kind of sample may be the one that is due."""
    heard: list[EffectiveConnectionType] = []
    estimator.add_observer(heard.append)
    _note_transport(estimator, clock, *[0.3] * 9)
    assert heard == [TYPE_3G]
    estimator.on_connection_type_changed(ConnectionType.ETHERNET)
    assert heard == [TYPE_3G, TYPE_4G]
    _settled(estimator, clock)
    clock.advance(600.0)
    estimator.remove_observer(heard.append)
    _note_http(estimator, clock, 0.4)
    estimator.add_observer(heard.append)
    assert heard == [TYPE_3G, TYPE_4G]
    stream = Stream()
    estimator.request_started(stream, "GET")
    estimator.headers_received(stream, clock.now(), clock.now())
    clock.advance(1.0)
    stream.received_bytes = 1_000_000
    estimator.request_ended(stream)
    assert heard == [TYPE_3G, TYPE_4G, TYPE_3G]
