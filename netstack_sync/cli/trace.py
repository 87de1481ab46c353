"""Trace: what `netstack fetch -v` says on stderr while a request goes its way, taken from the NetLog."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from types import TracebackType
from typing import Final, TextIO, TypeAlias

from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import error_name
from netstack_sync.base.proxy_chain import DIRECT
from netstack_sync.base.shown_text import shown
from netstack_sync.cli.timing_text import timing_line
from netstack_sync.fetcher.response import Response
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.log.net_log import NetLog, NetLogCaptureMode, NetLogEntry

_MAX_LINE: Final = 8000  # long cookies and policies are about this long

Params: TypeAlias = Mapping[str, object]
Render: TypeAlias = Callable[[Params], list[str]]
Barrier: TypeAlias = "SimpleQueue[None]"


class Trace:
    """Observes a NetLog and prints on a thread of its own: a slow terminal must not hold the network thread.

    Lines begin as curl's do: * for what happens, > for what is sent, < for what comes. Credentials and cookies
    do not reach an observer of this kind; see log/params.py. What does not print in the words of servers is escaped.
    """

    def __init__(self, net_log: NetLog, stream: TextIO) -> None:
        self._net_log = net_log
        self._stream = stream
        self._queue: SimpleQueue[list[str] | Barrier] = SimpleQueue()
        self._thread = threading.Thread(target=self._print_all, name="netstack-trace", daemon=True)

    def __enter__(self) -> Trace:
        self._thread.start()
        self._net_log.add_observer(self, NetLogCaptureMode.DEFAULT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._net_log.remove_observer(self)
        self.flush()
        self._queue.put([])

    def on_add_entry(self, entry: NetLogEntry) -> None:
        """See NetLogObserver."""
        render = _RENDER.get((entry.type, entry.phase))
        lines = render(entry.params) if render is not None else []
        if lines:  # none would end the thread
            self._queue.put(lines)

    def show_response(self, response: Response) -> None:
        """Who answered; printed when this returns, so that the body comes after its head."""
        lines = []
        if response.remote_address is not None:  # of a data: or file: URL nobody answered
            lines.append(f"* Answered by {response.remote_address} over {response.http_version}")
        if response.certificate is not None:
            lines.append(f"* The certificate names {response.certificate.subject or 'nobody'}")
        if lines:
            self._queue.put(lines)
        self.flush()

    def show_timing(self, timing: LoadTiming) -> None:
        """Where the time went."""
        socket = "a reused" if timing.socket_reused else "a new"
        self._queue.put([f"* Timing on {socket} socket: {timing_line(timing)}"])

    def flush(self) -> None:
        """Waits until everything is printed."""
        barrier: Barrier = SimpleQueue()
        self._queue.put(barrier)
        barrier.get()

    def _print_all(self) -> None:
        while True:
            item = self._queue.get()
            if isinstance(item, SimpleQueue):
                item.put(None)
            elif item:
                self._print(item)
            else:
                return

    def _print(self, lines: list[str]) -> None:
        try:
            self._stream.write("".join([f"{shown(line, _MAX_LINE)}\n" for line in lines]))
            self._stream.flush()
        except OSError:
            return  # nobody reads stderr; the fetch itself goes on


def _looked_up(params: Params) -> list[str]:
    addresses = params.get("address_list")
    if isinstance(addresses, list):
        return [f"* Its addresses are {', '.join(addresses)}"]
    return [f"* The lookup failed: {_error(params)}"]


def _connected(params: Params) -> list[str]:
    os_error = params.get("os_error")
    return [f"* Not connected: {os.strerror(os_error)}" if isinstance(os_error, int) else "* Connected"]


def _way_found(params: Params) -> list[str]:
    chain = params.get("proxy_chain")
    return [] if chain == str(DIRECT) else [f"* Going through {chain}"]


def _script_sought(params: Params) -> list[str]:
    return [f"* There is no script: {params.get('detail')}"] if "net_error" in params else []


def _handshake_ended(params: Params) -> list[str]:
    if "net_error" in params:
        return [f"* TLS failed: {_error(params)}"]
    return [f"* {params.get('version')} with {params.get('cipher_suite')}, ALPN {params.get('next_proto')}"]


def _judged(params: Params) -> list[str]:
    if "net_error" in params:
        return [f"* The certificate is refused: {_error(params)}: {params.get('detail')}"]
    return ["* The certificate is good"]


def _request_head(params: Params) -> list[str]:
    return ["> " + line for line in (str(params["line"]), *_strings(params["headers"]), "")]


def _response_head(params: Params) -> list[str]:
    return ["< " + line for line in (*_strings(params["headers"]), "")]


def _strings(values: object) -> list[str]:
    assert isinstance(values, list)
    return values


def _error(params: Params) -> str:
    net_error = params.get("net_error")
    return f"{error_name(net_error)} ({net_error})" if isinstance(net_error, int) else "unknown"


def _says(text: str) -> Render:
    return lambda params: ["* " + text.format_map(params)]


_T = NetLogEventType
_NONE, _BEGIN, _END = NetLogEventPhase.NONE, NetLogEventPhase.BEGIN, NetLogEventPhase.END
_RENDER: Final[dict[tuple[NetLogEventType, NetLogEventPhase], Render]] = {
    (_T.HOST_RESOLVER_SYSTEM_TASK, _BEGIN): _says("Looking up {hostname}"),
    (_T.HOST_RESOLVER_SYSTEM_TASK, _END): _looked_up,
    (_T.TCP_CONNECT_ATTEMPT, _BEGIN): _says("Connecting to {address}"),
    (_T.TCP_CONNECT_ATTEMPT, _END): _connected,
    (_T.HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED, _NONE): _way_found,
    (_T.PROXY_LIST_FALLBACK, _NONE): _says("{bad_proxy_chain} cannot be used; trying the next"),
    (_T.SOCKS_CONNECT, _BEGIN): _says("Asking the SOCKS proxy to connect"),
    (_T.SOCKS5_CONNECT, _BEGIN): _says("Asking the SOCKS proxy to connect"),
    (_T.HTTP_TRANSACTION_SEND_TUNNEL_HEADERS, _NONE): _request_head,
    (_T.HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS, _NONE): _response_head,
    (_T.PAC_FILE_DECIDER, _END): _script_sought,
    (_T.PAC_JAVASCRIPT_ALERT, _NONE): _says("The script says: {message}"),
    (_T.PAC_JAVASCRIPT_ERROR, _NONE): _says("The script failed: {message}"),
    (_T.SSL_CONNECT, _BEGIN): _says("Beginning TLS"),
    (_T.SSL_CONNECT, _END): _handshake_ended,
    (_T.CERT_VERIFIER_JOB, _END): _judged,
    (_T.SOCKET_POOL_REUSED_AN_EXISTING_SOCKET, _NONE): _says("Using the same connection again"),
    (_T.HTTP_TRANSACTION_SEND_REQUEST_HEADERS, _NONE): _request_head,
    (_T.HTTP_TRANSACTION_READ_RESPONSE_HEADERS, _NONE): _response_head,
    (_T.HTTP_TRANSACTION_READ_EARLY_HINTS_RESPONSE_HEADERS, _NONE): _response_head,
    (_T.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART, _END): _says("Answering the server's challenge"),
    (_T.HTTP_TRANSACTION_RESTART_AFTER_ERROR, _NONE): _says("Sending it again on a new connection"),
    (_T.URL_REQUEST_REDIRECTED, _NONE): _says("Following the redirect"),
}
