"""An nginx with what the work loads fetch, over http and, when asked to, over https; beside it a sink for uploads."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from types import TracebackType

from workload import JSON_VALUE, LARGE_BYTES, SMALL_BYTES

_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} backlog=1024; root {folder}/www;
    location = /small {{ default_type application/json; return 200 '{small}'; }}
    location = /json {{ default_type application/json; return 200 '{json}'; }}
  }}
  {tls}
}}
"""
_TLS = """
  ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf-key.pem;
  ssl_session_cache off; ssl_protocols TLSv1.2 TLSv1.3;
  server {{ listen 127.0.0.1:{port} ssl backlog=1024; ssl_session_tickets off; keepalive_timeout 0; {answer} }}
  server {{ listen 127.0.0.1:{ticket_port} ssl backlog=1024; ssl_session_tickets on; keepalive_timeout 0; {answer} }}
"""
_ANSWER = "location = /small {{ return 200 '{small}'; }}"


class Nginx:
    """Runs while the `with` block does; pinned to `core`."""

    def __init__(self, core: int, *, tls: bool = False) -> None:
        self._core = core
        self._has_tls = tls
        self._folder = tempfile.mkdtemp(prefix="netstack-bench-")
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port, tls_port, ticket_port, self._sink_port = _free_ports(4)
        self.base = f"http://127.0.0.1:{self._port}"
        self.tls_base = f"https://127.0.0.1:{tls_port}"
        """With `tls`: every connection is a full handshake."""
        self.ticket_base = f"https://127.0.0.1:{ticket_port}"
        """With `tls`: a handshake may go on from a session."""
        self.sink_base = f"http://127.0.0.1:{self._sink_port}"
        """Reads what is sent."""
        self.ca_file = f"{self._folder}/ca.pem"
        """Who issued its certificate."""
        self._ports = {"port": tls_port, "ticket_port": ticket_port}

    def __enter__(self) -> Nginx:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx is None:
            raise SystemExit("compare.py: nginx is not installed; Debian's package is nginx-light")
        os.makedirs(f"{self._folder}/www")
        with open(f"{self._folder}/www/large.bin", "wb") as large:
            for _ in range(LARGE_BYTES // (1024 * 1024)):
                large.write(os.urandom(1024 * 1024))
        user = "user root;" if os.getuid() == 0 else ""
        values = {"folder": self._folder, "small": "x" * SMALL_BYTES, "json": json.dumps(JSON_VALUE)}
        tls = self._make_tls(values) if self._has_tls else ""
        with open(f"{self._folder}/nginx.conf", "w") as file:
            file.write(_CONFIGURATION.format(port=self._port, user=user, tls=tls, **values))
        self._start([nginx, "-c", f"{self._folder}/nginx.conf", "-p", self._folder], self._port)
        sink = os.path.join(os.path.dirname(os.path.abspath(__file__)), "upload_sink.py")
        self._start([sys.executable, sink, str(self._sink_port)], self._sink_port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()
        shutil.rmtree(self._folder)

    def _make_tls(self, values: dict[str, str]) -> str:
        from netstack_sync.testing.certificates import CertificateAuthority

        authority = CertificateAuthority()
        authority.issue(["127.0.0.1", "localhost"]).write(self._folder, "leaf")
        with open(self.ca_file, "wb") as file:
            file.write(authority.pem)
        return _TLS.format(answer=_ANSWER.format(**values), folder=self._folder, **self._ports)

    def _start(self, command: list[str], port: int) -> None:
        self._processes.append(subprocess.Popen(["taskset", "-c", str(self._core), *command]))
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit(f"compare.py: {command[0]} did not start")


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
