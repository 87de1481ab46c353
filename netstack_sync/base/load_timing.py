"""LoadTiming: when each part of one request began and ended, and how long it took.

The stamps are taken on the network thread and are seconds of the TickClock; None means "not (yet)". As in
Chromium (net/base/load_timing_info.h), a request on a reused socket has no connect timing: it did not wait.
"""

from __future__ import annotations


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


class ConnectTiming:
    """When one connection was looked up, connected and secured; filled by the connect jobs.

    Through a proxy it is the proxy that was looked up and connected to; TLS to it, its logins and the tunnel are parts
    of connecting, so that the phases follow one another and only TLS to the server counts as such.
    """

    __slots__ = ("connect_end", "connect_start", "domain_lookup_end", "domain_lookup_start", "ssl_end", "ssl_start")

    def __init__(
        self,
        domain_lookup_start: float | None = None,
        domain_lookup_end: float | None = None,
        connect_start: float | None = None,
        connect_end: float | None = None,
        ssl_start: float | None = None,
        ssl_end: float | None = None,
    ) -> None:
        self.domain_lookup_start = domain_lookup_start
        self.domain_lookup_end = domain_lookup_end
        self.connect_start = connect_start
        self.connect_end = connect_end
        """When the connection was ready for a request, the TLS handshake included."""
        self.ssl_start = ssl_start
        self.ssl_end = ssl_end

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

    def __eq__(self, other: object) -> bool:
        """The same stamps."""
        return _stamps(self) == _stamps(other) if isinstance(other, ConnectTiming) else NotImplemented

    def __repr__(self) -> str:
        return f"<ConnectTiming {_split(dns=self.dns, tcp=self.tcp, tls=self.tls)}>"


class LoadTiming:
    """When one request started, waited for its connection, was sent and was answered."""

    __slots__ = (
        "connect",
        "receive_headers_end",
        "receive_headers_start",
        "request_start",
        "response_end",
        "send_end",
        "send_start",
        "socket_log_id",
        "socket_reused",
    )

    def __init__(
        self,
        request_start: float | None = None,
        connect: ConnectTiming | None = None,
        send_start: float | None = None,
        send_end: float | None = None,
        receive_headers_start: float | None = None,
        receive_headers_end: float | None = None,
        response_end: float | None = None,
        socket_reused: bool = False,
        socket_log_id: int = 0,
    ) -> None:
        self.request_start = request_start
        self.connect = connect
        """None when the socket was connected for an earlier request."""
        self.send_start = send_start
        self.send_end = send_end
        self.receive_headers_start = receive_headers_start
        """When the first byte of the answer was there; 1xx responses are none."""
        self.receive_headers_end = receive_headers_end
        self.response_end = response_end
        """When the last byte of the body was there."""
        self.socket_reused = socket_reused
        self.socket_log_id = socket_log_id
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

    def __eq__(self, other: object) -> bool:
        """The same stamps, over the same socket."""
        return _stamps(self) == _stamps(other) if isinstance(other, LoadTiming) else NotImplemented

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


def _stamps(timing: ConnectTiming | LoadTiming) -> list[object]:
    return [getattr(timing, name) for name in timing.__slots__]


def _split(**spans_s: float | None) -> str:
    """The parts that happened, as "dns 1.2 ms, tcp 3.4 ms"."""
    parts = [f"{name} {span_s * 1000:.1f} ms" for name, span_s in spans_s.items() if span_s is not None]
    return ", ".join(parts) or "nothing yet"
