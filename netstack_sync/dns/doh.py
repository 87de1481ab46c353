"""DohResolver: DNS over HTTPS for the resolver (RFC 8484), over requests of our own stack.

Questions go to the servers in their order; which of them can be relied on is known from their answers, and in the
mode AUTOMATIC from probes (net/dns/dns_client.cc, net/dns/resolve_context.cc).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from netstack_sync.dns.doh_probe import DohProber
from netstack_sync.dns.doh_providers import upgrade_templates
from netstack_sync.dns.doh_server import DohServer, DohTransport
from netstack_sync.dns.doh_task import DohTask, DohTaskServices
from netstack_sync.dns.doh_template import DohTemplate
from netstack_sync.dns.secure_dns import SecureDnsMode
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.workers.read_resolv_conf import read_nameservers
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool


class DohResolver:
    """A SecureDns. Network thread only; owns the servers and their probes.

    In the mode AUTOMATIC servers are used once they have answered a probe, and start() begins to probe. Without
    templates it takes the servers that are known to belong to the system's nameservers; there may be none.
    In the mode SECURE every server is asked, those that fail last.
    """

    __slots__ = (
        "_is_started",
        "_job",
        "_probers",
        "_random",
        "_read_nameservers",
        "_servers",
        "_services",
        "_templates",
        "_transport",
        "_workers",
        "is_available",
        "mode",
    )

    def __init__(
        self,
        mode: SecureDnsMode,
        templates: Sequence[DohTemplate],
        transport: DohTransport,
        workers: WorkerPool,
        services: DohTaskServices,
        random: Callable[[], float] = random.random,
        read_nameservers: Callable[[], tuple[str, ...]] = read_nameservers,
    ) -> None:
        if mode == SecureDnsMode.SECURE and not templates:
            raise ValueError("doh: in the mode SECURE a server must be named, by a template or the name of a service")
        self.mode = mode
        self.is_available = False
        """See SecureDns."""
        self._templates = templates
        self._transport = transport
        self._workers = workers
        self._services = services
        self._random = random
        self._read_nameservers = read_nameservers
        self._job: WorkerJob[tuple[str, ...]] | None = None
        self._servers: list[DohServer] = []
        self._probers: list[DohProber] = []
        self._is_started = False
        self._set_servers(templates)

    def start(self) -> None:
        """Begins to probe in the mode AUTOMATIC; once."""
        self._is_started = True
        self._look_for_servers()

    def create_task(self, host: str, family: int, query_family: int, net_log: NetLogWithSource) -> DohTask:
        """See SecureDns. The requests to the servers have logs of their own."""
        return DohTask(self._services, self._servers_to_ask, host, family, query_family)

    def on_network_changed(self) -> None:
        """What was known about the servers was true in another network. They are probed at once, so this comes last."""
        self._stop_probes()
        for server in self._servers:
            server.reset()
        self.is_available = False
        if self._is_started:
            self._look_for_servers()

    def shut_down(self) -> None:
        """Ends the probes; the tasks belong to others."""
        self._is_started = False
        self._stop_probes()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    @property
    def servers(self) -> Sequence[DohServer]:
        """In the order in which they are asked."""
        return self._servers

    def _servers_to_ask(self) -> list[DohServer]:
        if self.mode == SecureDnsMode.SECURE:
            return sorted(self._servers, key=lambda server: server.has_failed_too_often)
        return [server for server in self._servers if server.is_available]

    def _look_for_servers(self) -> None:
        if self.mode != SecureDnsMode.AUTOMATIC:
            return
        if self._templates:
            self._start_probes()
            return
        if self._job is not None:
            self._job.cancel()
        self._job = self._workers.post_job(self._read_nameservers, self._on_nameservers)

    def _on_nameservers(self, reply: tuple[str, ...] | BaseException) -> None:
        self._job = None
        self._set_servers(() if isinstance(reply, BaseException) else upgrade_templates(reply))
        self._start_probes()

    def _set_servers(self, templates: Sequence[DohTemplate]) -> None:
        self._stop_probes()
        timers = self._services.thread.timers
        self._servers = [
            DohServer(template, self._transport, self._workers, timers, self._on_server_changed)
            for template in templates
        ]
        self.is_available = False  # none of them has proved anything
        self._probers = [DohProber(server, timers, self._random) for server in self._servers]

    def _start_probes(self) -> None:
        for server, prober in zip(self._servers, self._probers, strict=True):
            if not server.is_available and not prober.is_running:
                prober.start()

    def _stop_probes(self) -> None:
        for prober in self._probers:
            prober.stop()

    def _on_server_changed(self, server: DohServer) -> None:
        if server not in self._servers:
            return  # it was replaced; somebody's question to it was under way
        self.is_available = any(server.is_available for server in self._servers)
        if self._is_started and self.mode == SecureDnsMode.AUTOMATIC:
            self._start_probes()
