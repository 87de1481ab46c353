"""Real servers of this machine's packages, each in a process group of its own, on free ports of loopback."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from netstack_sync.testing.certificates import CertificateAuthority
from tests.support.requirements import program

_START_LIMIT_S = 20.0
_STOP_LIMIT_S = 10.0
_NEVER_GIVEN_OUT = (10_000, 32_768)  # ip_local_port_range of Linux begins where this ends
_ANY_NUMBER = random.SystemRandom()  # pytest-randomly gives the other generator the same numbers again and again


class LiveServer:
    """Where a server listens, what it serves, and what its clients need to trust it."""

    def __init__(self, ports: Mapping[str, int], ca_file: str, bodies: Mapping[str, bytes]) -> None:
        self.ports = ports
        self.ca_file = ca_file
        self.bodies = bodies
        """By path."""

    def url(self, scheme: str, path: str) -> str:
        """The URL of a path over http or https."""
        return f"{scheme}://localhost:{self.ports[scheme]}{path}"

    def connections(self, scheme: str) -> int:
        """Established connections to the port, as the system counts them on the server's side."""
        wanted = f":{self.ports[scheme]:04X}"
        found = set()  # by the client's address: a long table is read in pieces, and an entry may come twice
        for name in ("tcp", "tcp6"):
            for line in Path("/proc/net", name).read_text().splitlines()[1:]:
                _, local, remote, state, *_ = line.split()
                if local.endswith(wanted) and state == "01":
                    found.add(remote)
        return len(found)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody has just now.

    None of those that the system gives out itself: another program, such as a second run of these tests, could get
    one before the server is there that is to listen on it.
    """
    found: list[int] = []
    with ExitStack() as opened:
        while len(found) < count:
            port = _ANY_NUMBER.randrange(*_NEVER_GIVEN_OUT)
            with suppress(OSError):  # somebody listens there
                opened.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    return found


def write_site(folder: Path) -> dict[str, bytes]:
    """Files of several sizes below `folder`/www, by path."""
    site = folder / "www"
    site.mkdir()
    bodies: dict[str, bytes] = {}
    for size in (0, 1, 200, 5_000, 65_536, 300_001):
        body = (b"%d|" % size * (size // 2 + 1))[:size]
        path = f"/{size}.bin"
        (site / path[1:]).write_bytes(body)
        bodies[path] = body
    return bodies


@contextmanager
def nginx(folder: Path) -> Iterator[LiveServer]:
    """nginx over http and https, one worker, connections kept for as long as the client likes."""
    command = program("nginx", "nginx-light")
    with _prepared(folder) as (server, _):
        tls = f"ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf-key.pem;"
        blocks = (
            f" server {{ listen 127.0.0.1:{server.ports['http']}; }}\n"
            f" server {{ listen 127.0.0.1:{server.ports['https']} ssl; {tls} }}"
        )
        with nginx_around(command, folder, blocks, server.ports.values()):
            yield server


@contextmanager
def nginx_around(command: str, folder: Path, blocks: str, ports: Iterable[int]) -> Iterator[None]:
    """nginx with one worker and these server blocks, once it listens on all ports; serves `folder`/www."""
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in _NGINX_TEMPORARY)
    user = "user root; " if os.geteuid() == 0 else ""  # its workers could not read the site
    conf = folder / "server.conf"
    conf.write_text(
        f"{user}daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err; worker_processes 1;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary} root {folder}/www; keepalive_requests 100000;\n{blocks} }}\n"
    )
    waited_for = LiveServer({str(port): port for port in ports}, "", {})
    with running([command, "-c", str(conf), "-p", str(folder)], folder, waited_for):
        yield


_NGINX_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def caddy(folder: Path) -> Iterator[LiveServer]:
    """caddy over http and https; it offers HTTP/2 as well, and ALPN settles on HTTP/1.1."""
    command = program("caddy", "caddy")
    with _prepared(folder) as (server, conf):
        site = f"bind 127.0.0.1\n root * {folder}/www\n file_server\n"
        conf.write_text(
            "{\n admin off\n auto_https off\n}\n"
            f"http://localhost:{server.ports['http']} {{\n {site}}}\n"
            f"https://localhost:{server.ports['https']} {{\n tls {folder}/leaf.pem {folder}/leaf-key.pem\n {site}}}\n"
        )
        with running([command, "run", "--config", str(conf), "--adapter", "caddyfile"], folder, server):
            yield server


@contextmanager
def dns_over_https(folder: Path) -> Iterator[LiveServer]:
    """dnsdist with DNS over HTTPS at /dns-query in front of dnsmasq; they know names under .test and nobody else."""
    dnsmasq, dnsdist = program("dnsmasq", "dnsmasq-base"), program("dnsdist", "dnsdist")
    with _prepared(folder) as (server, conf):
        behind = LiveServer({"dns": free_ports(1)[0]}, server.ca_file, {})
        user = "user=root\n" if os.geteuid() == 0 else ""  # it would become one who may not read the folder
        names = folder / "dnsmasq.conf"
        names.write_text(
            f"port={behind.ports['dns']}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\n"
            f"pid-file=\n{user}local-ttl=300\nlocal=/test/\naddress=/a.test/127.0.0.1\ncname=alias.test,both.test\n"
            "host-record=both.test,192.0.2.1,2001:db8::1\ndns-rr=both.test,65,00010000010003026832\n"
        )
        conf.write_text(
            'setSecurityPollSuffix("")\n'  # it would ask its makers for news
            f"setLocal('127.0.0.1:{server.ports['http']}')\n"
            f"newServer('127.0.0.1:{behind.ports['dns']}'):setUp()\n"
            f"addDOHLocal('127.0.0.1:{server.ports['https']}', 'leaf.pem', 'leaf-key.pem', '/dns-query')\n"
            "addAction(QTypeRule(DNSQType.NS), RCodeAction(DNSRCode.NXDOMAIN))\n"  # dnsmasq refuses the root
        )
        with (
            running([dnsmasq, "-k", "-C", str(names)], folder / "www", behind),
            running([dnsdist, "--supervised", "--disable-syslog", "-C", str(conf)], folder, server),
        ):
            yield server


@contextmanager
def _prepared(folder: Path) -> Iterator[tuple[LiveServer, Path]]:
    """The site, the certificates, the ports and the name of the configuration file."""
    authority = CertificateAuthority()
    authority.issue(["localhost", "127.0.0.1"]).write(folder, "leaf")
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(authority.pem)
    http, https = free_ports(2)
    yield LiveServer({"http": http, "https": https}, str(ca_file), write_site(folder)), folder / "server.conf"


@contextmanager
def running(command: list[str], folder: Path, server: LiveServer) -> Iterator[None]:
    """Starts the server, waits until it listens, and ends its whole process group."""
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    log = folder / "output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        for port in server.ports.values():
            _wait_for_listener(process, port, log)
        yield
    finally:
        _end_group(process)


def _wait_for_listener(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up_at = time.monotonic() + _START_LIMIT_S
    while True:
        assert process.poll() is None, f"the server ended: {log.read_text()}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < give_up_at, f"the server does not listen: {log.read_text()}"
            time.sleep(0.01)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
            process.wait(_STOP_LIMIT_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
