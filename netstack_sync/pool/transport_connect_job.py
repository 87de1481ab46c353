"""TransportConnectJob: resolves a name and connects to one of its addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_ADDRESS_UNREACHABLE, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.host_resolver import HostResolver, ResolveParameters, ResolveRequest
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool.connect_job import ConnectJob, ConnectJobDelegate
from netstack_sync.pool.family_memory import FamilyMemory
from netstack_sync.pool.happy_eyeballs import HappyEyeballs
from netstack_sync.pool.params import TransportParams
from netstack_sync.sockets.factory import ClientSocketFactory
from netstack_sync.sockets.stream_socket import TransportSocket

if TYPE_CHECKING:
    from netstack_sync.auth.security_service import SecurityService
    from netstack_sync.pool.connect_health import ConnectHealth

_MAX_NAMED = 5


class ConnectServices(NamedTuple):
    """What connect jobs are made from."""

    thread: NetworkThread
    resolver: HostResolver
    sockets: ClientSocketFactory
    net_log: NetLog
    families: FamilyMemory
    health: ConnectHealth
    proxy_auth: HttpAuthCache
    """How proxies want to be told who asks."""
    security: SecurityService | None
    """Without it nothing that NTLM and Negotiate ask for is answered."""
    user_agent: str
    """What proxies are told of the program; may be empty."""


class TransportConnectJob(ConnectJob):
    """Steps: resolve the host, leave out addresses that are not worth a try, connect to the others in a race
    (net/socket/transport_connect_job.cc).
    """

    __slots__ = ("_first_family", "_params", "_race", "_request", "_services")

    # Above what the system takes for a few addresses that do not answer (20 to 190 s each).
    time_limit_s = 240.0

    def __init__(
        self,
        services: ConnectServices,
        params: TransportParams,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(services.thread, services.net_log, NetLogSourceType.TRANSPORT_CONNECT_JOB, priority, delegate)
        self._services = services
        self._params = params
        self._request: ResolveRequest | None = None
        self._race: HappyEyeballs | None = None
        self._first_family = 0

    @property
    def load_state(self) -> LoadState:
        """RESOLVING_HOST, then CONNECTING; it never goes back."""
        return LoadState.RESOLVING_HOST if self.timing.domain_lookup_end is None else LoadState.CONNECTING

    @property
    def has_established_connection(self) -> bool:
        """See ConnectJob; the job is done when TCP is up."""
        return False

    def _first_step(self, _: int) -> int:
        self.net_log.begin(NetLogEventType.TRANSPORT_CONNECT_JOB_CONNECT)
        self.timing.domain_lookup_start = self._thread.clock.now()
        params = self._params
        parameters = ResolveParameters(priority=self.priority, partition=params.partition)
        self._request = self._services.resolver.create_request(params.host, params.port, parameters, self.net_log)
        self._step = self._choose_addresses
        return self._request.start(self._on_io_complete)

    def _choose_addresses(self, result: int) -> int:
        request, self._request = self._request, None
        assert request is not None
        self.timing.domain_lookup_end = self._thread.clock.now()
        if result != OK:
            host, detail = self._params.host, request.error_detail
            self.error_detail = f"{host}: {detail}" if detail else host
            return self._finish_connect(result)
        addresses = tuple(dict.fromkeys(request.addresses))
        if not addresses:
            self.error_detail = f"{self._params.host} has no addresses"
            return self._finish_connect(ERR_NAME_NOT_RESOLVED)
        usable = self._services.health.usable(addresses)
        if not usable:
            self.error_detail = self._services.health.why_unusable(addresses)
            return self._finish_connect(ERR_ADDRESS_UNREACHABLE)
        return self._connect_transport(usable)

    def _connect_transport(self, addresses: AddressList) -> int:
        services = self._services
        self.timing.connect_start = self.timing.domain_lookup_end
        self.error_detail = _in_words(addresses)
        # Chromium always begins with IPv6. The resolver's list is sorted (RFC 6724), and RFC 8305 §4 follows it:
        # when it begins with IPv4, this machine has no IPv6 address to speak of or was told to prefer IPv4.
        self._first_family = services.families.first_family(self._params.host, addresses[0].family)
        self._race = HappyEyeballs(services.thread.timers, self._create_socket, services.health, self.net_log)
        self._step = self._finish_race
        return self._race.start(addresses, self._first_family, self._on_io_complete)

    def _finish_race(self, result: int) -> int:
        race, self._race = self._race, None
        assert race is not None
        if result == OK:
            self.socket = race.socket
            self.timing.connect_end = self._thread.clock.now()
            self.error_detail = ""
            self._services.families.note_connected(
                self._params.host, self._first_family, race.winner_family, race.was_slow
            )
        return self._finish_connect(result)

    def _finish_connect(self, result: int) -> int:
        self.net_log.end_with_net_error(NetLogEventType.TRANSPORT_CONNECT_JOB_CONNECT, result)
        return result

    def _create_socket(self, addresses: AddressList) -> TransportSocket:
        services = self._services
        return services.sockets.create_transport_socket(addresses, services.net_log, self.net_log.source)

    def _change_priority(self, priority: RequestPriority) -> None:
        if self._request is not None:
            self._request.change_priority(priority)

    def _cancel_child(self) -> None:
        if self.is_pending:
            self.net_log.end(NetLogEventType.TRANSPORT_CONNECT_JOB_CONNECT)
        if self._request is not None:
            self._request.cancel()
            self._request = None
        if self._race is not None:
            if self.is_slow:
                self._race.time_out()  # whoever had the patience for it learned that nobody answers there
            else:
                self._race.cancel()
            self._race = None


def _in_words(addresses: AddressList) -> str:
    """For an error message, which a name with a thousand addresses must not fill."""
    named = ", ".join([str(endpoint) for endpoint in addresses[:_MAX_NAMED]])
    rest = len(addresses) - _MAX_NAMED
    return f"{named} and {rest} more" if rest > 0 else named
