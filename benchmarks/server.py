"""An nginx on a free port with the two files the work loads fetch."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from types import TracebackType

from workload import LARGE_BYTES, SMALL_BYTES

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
  }}
}}
"""


class Nginx:
    """Runs while the `with` block does; pinned to `core`."""

    def __init__(self, core: int) -> None:
        self._core = core
        self._folder = tempfile.mkdtemp(prefix="netstack-bench-")
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port: int = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Nginx:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx is None:
            raise SystemExit("compare.py: nginx is not installed; Debian's package is nginx-light")
        os.makedirs(f"{self._folder}/www")
        with open(f"{self._folder}/www/large.bin", "wb") as large:
            for _ in range(LARGE_BYTES // (1024 * 1024)):
                large.write(os.urandom(1024 * 1024))
        user = "user root;" if os.getuid() == 0 else ""
        with open(f"{self._folder}/nginx.conf", "w") as file:
            file.write(_CONFIGURATION.format(folder=self._folder, port=self._port, user=user, small="x" * SMALL_BYTES))
        command = ["taskset", "-c", str(self._core), nginx, "-c", f"{self._folder}/nginx.conf", "-p", self._folder]
        self._process = subprocess.Popen(command)
        self._wait_until_up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._folder)

    def _wait_until_up(self) -> None:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit("compare.py: nginx did not start")
