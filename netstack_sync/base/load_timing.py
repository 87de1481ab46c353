"""LoadTiming: when each part of one request began and ended, and how long it took.

The stamps are taken on the network thread and are seconds of the TickClock; None means "not (yet)". As in
Chromium (net/base/load_timing_info.h), a request on a reused socket has no connect timing: it did not wait.
"""

from __future__ import annotations

from dataclasses import dataclass


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


@dataclass(slots=True, repr=False)
class ConnectTiming:
    """When one connection was looked up, connected and secured; filled by the connect jobs.

    Through a proxy it is the proxy that was looked up and connected to; TLS to it, its logins and the tunnel are parts
    of connecting, so that the phases follow one another and only TLS to the server counts as such.
    """

    domain_lookup_start: float | None = None
    domain_lookup_end: float | None = None
    connect_start: float | None = None
    connect_end: float | None = None
    """When the connection was ready for a request, the TLS handshake included."""
    ssl_start: float | None = None
    ssl_end: float | None = None

    @property
    def dns(self) -> float | None:
        """Seconds of looking up the host name, or that of the proxy."""
        return _span(self.domain_lookup_start, self.domain_lookup_end)

    @property
    def tcp(self) -> float | None:
        """Seconds of connecting (through a proxy: all that it takes as well), without TLS."""
        return _span(self.connect_start, self.connect_end if self.ssl_start is None else self.ssl_start)

    @property
    def tls(self) -> float | None:
        """Seconds of the TLS handshake, the verdict on the certificate included."""
        return _span(self.ssl_start, self.ssl_end)

    def __repr__(self) -> str:
        return f"<ConnectTiming {_split(dns=self.dns, tcp=self.tcp, tls=self.tls)}>"


@dataclass(slots=True, repr=False)
class LoadTiming:
    """When one request started, waited for its connection, was sent and was answered."""

    request_start: float | None = None
    connect: ConnectTiming | None = None
    """None when the socket was connected for an earlier request."""
    send_start: float | None = None
    send_end: float | None = None
    receive_headers_start: float | None = None
    """When the first byte of the answer was there; 1xx responses are none."""
    receive_headers_end: float | None = None
    response_end: float | None = None
    """When the last byte of the body was there."""
    socket_reused: bool = False
    socket_log_id: int = 0
    """The NetLog id of the socket; 0 while there is none."""

    @property
    def dns(self) -> float | None:
        """Seconds of looking up the host name; None on a reused socket."""
        return None if self.connect is None else self.connect.dns

    @property
    def tcp(self) -> float | None:
        """Seconds of connecting, without TLS; None on a reused socket."""
        return None if self.connect is None else self.connect.tcp

    @property
    def tls(self) -> float | None:
        """Seconds of the TLS handshake; None on a reused socket or without TLS."""
        return None if self.connect is None else self.connect.tls

    @property
    def send(self) -> float | None:
        """Seconds of sending the request and its body."""
        return _span(self.send_start, self.send_end)

    @property
    def wait(self) -> float | None:
        """Seconds from the last byte sent to the first byte of the answer: mostly the server thinking."""
        return _span(self.send_end, self.receive_headers_start)

    @property
    def receive(self) -> float | None:
        """Seconds from the first to the last byte of the answer."""
        return _span(self.receive_headers_start, self.response_end)

    @property
    def total(self) -> float | None:
        """Seconds from the start of the request to the last byte of its answer."""
        return _span(self.request_start, self.response_end)

    def __repr__(self) -> str:
        split = _split(
            dns=self.dns,
            tcp=self.tcp,
            tls=self.tls,
            send=self.send,
            wait=self.wait,
            receive=self.receive,
            total=self.total,
        )
        return f"<LoadTiming {'reused' if self.socket_reused else 'new'} socket {self.socket_log_id}: {split}>"


def _split(**spans_s: float | None) -> str:
    """The parts that happened, as "dns 1.2 ms, tcp 3.4 ms"."""
    parts = [f"{name} {span_s * 1000:.1f} ms" for name, span_s in spans_s.items() if span_s is not None]
    return ", ".join(parts) or "nothing yet"
