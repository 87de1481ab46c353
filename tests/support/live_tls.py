"""Real servers that differ in what they want of TLS: nginx with many, and caddy with an authority of its own making."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from netstack_sync.testing.certificates import CertificateAuthority
from tests.support.live_servers import LiveServer, free_ports, nginx_around, running, write_site
from tests.support.requirements import program
from tests.workers.certificate_factory import Issued, make_authority, make_key

VERSIONS = {"1.2": "TLSv1.2", "1.3": "TLSv1.3", "any": "TLSv1.2 TLSv1.3"}
KEYS = {"ec": "P-256", "rsa": "2048"}


@dataclass(frozen=True)
class TlsServers:
    """One nginx, with a port for each kind of TLS."""

    ports: dict[tuple[str, str], int]
    """By version and key."""
    mutual_ports: dict[str, int]
    """By version: only who shows a certificate of `client_authority` gets an answer."""
    ca_file: str
    client_authority: CertificateAuthority

    def url(self, version: str, key: str) -> str:
        """Where a server speaks `version` with a key of the kind `key`."""
        return f"https://localhost:{self.ports[version, key]}/200.bin"

    def mutual_url(self, version: str) -> str:
        """Where a client must show a certificate."""
        return f"https://localhost:{self.mutual_ports[version]}/200.bin"


@contextmanager
def nginx_with_all_kinds_of_tls(folder: Path) -> Iterator[TlsServers]:
    """Leaves of each kind below an intermediate of their kind, and a root that signs both intermediates."""
    command = program("nginx", "nginx-light")
    write_site(folder)
    root = make_authority(kind="P-256", number=11)
    for name, kind in KEYS.items():
        middle = make_authority(f"middle {name}", root, kind=kind, number=12)
        leaf = Issued.make("localhost", issuer=middle, san=["localhost", "IP:127.0.0.1"], key=make_key(kind, 13))
        (folder / f"{name}.pem").write_text(leaf.pem + middle.pem)
        (folder / f"{name}.key").write_text(leaf.key_pem)
    (folder / "ca.pem").write_text(root.pem)
    clients = CertificateAuthority()
    (folder / "clients.pem").write_bytes(clients.pem)
    kinds = [(version, key) for version in VERSIONS for key in KEYS]
    ports = free_ports(len(kinds) + 2)
    servers = TlsServers(
        dict(zip(kinds, ports, strict=False)),
        {"1.2": ports[-2], "1.3": ports[-1]},
        str(folder / "ca.pem"),
        clients,
    )
    blocks = [_block(folder, port, version, key) for (version, key), port in servers.ports.items()]
    mutual = f"ssl_client_certificate {folder}/clients.pem; ssl_verify_client on;"
    blocks += [_block(folder, port, version, "ec", mutual) for version, port in servers.mutual_ports.items()]
    with nginx_around(command, folder, "\n".join(blocks), ports):
        yield servers


def _block(folder: Path, port: int, version: str, key: str, more: str = "") -> str:
    files = f"ssl_certificate {folder}/{key}.pem; ssl_certificate_key {folder}/{key}.key;"
    return f" server {{ listen 127.0.0.1:{port} ssl; {files} ssl_protocols {VERSIONS[version]}; {more} }}"


@contextmanager
def caddy_with_its_own_authority(folder: Path) -> Iterator[LiveServer]:
    """`tls internal`: caddy makes a root, an intermediate and a leaf for half a day, and keeps them in its folder."""
    command = program("caddy", "caddy")
    (port,) = free_ports(1)
    conf = folder / "server.conf"
    conf.write_text(
        "{\n admin off\n skip_install_trust\n auto_https disable_redirects\n}\n"
        f"https://localhost:{port} {{\n bind 127.0.0.1\n tls internal\n respond hello\n}}\n"
    )
    root = folder / "caddy/pki/authorities/local/root.crt"
    server = LiveServer({"https": port}, str(root), {})
    with running([command, "run", "--config", str(conf), "--adapter", "caddyfile"], folder, server):
        _wait_for_certificate(port)
        yield server


def _wait_for_certificate(port: int) -> None:
    """It listens before it has made one, and then ends handshakes with an alert."""
    give_up_at = time.monotonic() + 20
    while True:
        try:
            ssl.get_server_certificate(("localhost", port), timeout=10)
            return
        except OSError:
            assert time.monotonic() < give_up_at, "caddy makes no certificate"
            time.sleep(0.02)
