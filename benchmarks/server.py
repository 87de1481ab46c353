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

from loads import BODY_BYTES, HEADERS, JSON_VALUE, LARGE_BYTES, MIN_HEADERS, SMALL_BYTES

_CONFIGURATION = """
daemon off; worker_processes {workers}; worker_rlimit_nofile {descriptors};
pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections {descriptors}; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} backlog=1024; root {folder}/www;
    location = /small {{ default_type application/json; return 200 '{small}'; }}
    location = /json {{ default_type application/json; return 200 '{json}'; }}
    {headers}
  }}
  server {{
    listen {hosts_port} backlog=1024; allow 127.0.0.0/8; deny all;
    location = /small {{ default_type application/json; return 200 '{small}'; }}
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
_HEADERS = "location = /headers/{count} {{ {fields} return 200 '{small}'; }}\n"
_DESCRIPTORS = 8192
_MORE = [count - MIN_HEADERS for count in HEADERS]
_ANSWER = "location = /small {{ return 200 '{small}'; }}"


class Nginx:
    """Runs while the `with` block does; pinned to `core`, or on all of them for None."""

    def __init__(self, core: int | None, *, tls: bool = False) -> None:
        self._core = core
        self._has_tls = tls
        self._folder = tempfile.mkdtemp(prefix="netstack-bench-")
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port, tls_port, ticket_port, self._hosts_port, self._sink_port = _free_ports(5)
        self.base = f"http://127.0.0.1:{self._port}"
        self.tls_base = f"https://127.0.0.1:{tls_port}"
        """With `tls`: every connection is a full handshake."""
        self.ticket_base = f"https://127.0.0.1:{ticket_port}"
        """With `tls`: a handshake may go on from a session."""
        self.hosts_base = f"http://127.0.0.1:{self._hosts_port}"
        """Answers on every address of 127/8."""
        self.sink_base = f"http://127.0.0.1:{self._sink_port}"
        """Reads what is sent."""
        self.ca_file = f"{self._folder}/ca.pem"
        """Who issued its certificate."""
        self._ports = {"port": tls_port, "ticket_port": ticket_port}

    def __enter__(self) -> Nginx:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx is None:
            raise SystemExit("nginx is not installed; Debian's package is nginx-light")
        os.makedirs(f"{self._folder}/www")
        with open(f"{self._folder}/www/large.bin", "wb") as large:
            for _ in range(LARGE_BYTES // (1024 * 1024)):
                large.write(os.urandom(1024 * 1024))
        for size in BODY_BYTES:
            with open(f"{self._folder}/www/{size}.bin", "wb") as body:
                body.truncate(size)
        user = "user root;" if os.getuid() == 0 else ""
        values = {"folder": self._folder, "small": "x" * SMALL_BYTES, "json": json.dumps(JSON_VALUE)}
        tls = self._make_tls(values) if self._has_tls else ""
        with open(f"{self._folder}/nginx.conf", "w") as file:
            file.write(_CONFIGURATION.format(user=user, tls=tls, **self._settings(), **values))
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

    def base_of(self, server: str) -> str:
        """The address of what a Load calls its server."""
        bases = {"plain": self.base, "tls": self.tls_base, "tickets": self.ticket_base}
        return {**bases, "hosts": self.hosts_base, "sink": self.sink_base}[server]

    def _settings(self) -> dict[str, object]:
        fields = {
            count: "".join(f"add_header X-Field-{n} value-of-field-{n};" for n in range(count)) for count in _MORE
        }
        headers = "".join(
            _HEADERS.format(count=count + MIN_HEADERS, fields=text, small="x" * SMALL_BYTES)
            for count, text in fields.items()
        )
        ports = {"port": self._port, "hosts_port": self._hosts_port}
        workers = 1 if self._core is not None else "auto"
        return {**ports, "headers": headers, "workers": workers, "descriptors": _DESCRIPTORS}

    def _make_tls(self, values: dict[str, str]) -> str:
        from netstack_sync.testing.certificates import CertificateAuthority

        authority = CertificateAuthority()
        authority.issue(["127.0.0.1", "localhost"]).write(self._folder, "leaf")
        with open(self.ca_file, "wb") as file:
            file.write(authority.pem)
        return _TLS.format(answer=_ANSWER.format(**values), folder=self._folder, **self._ports)

    def _start(self, command: list[str], port: int) -> None:
        self._processes.append(subprocess.Popen([*pinned(self._core), *command]))
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit(f"{command[0]} did not start")


def pinned(core: int | None) -> list[str]:
    """What goes before a command to keep it on one core."""
    return [] if core is None else ["taskset", "-c", str(core)]


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
