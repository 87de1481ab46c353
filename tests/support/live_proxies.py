"""Real proxies: squid, tinyproxy and dante, each on ports of its own for those who log in and those who need not."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from netstack_sync.testing.certificates import CertificateAuthority
from tests.support.live_servers import LiveServer, free_ports, running
from tests.support.requirements import need_root, program

USER, PASSWORD = "Mufasa", "CircleOfLife"
_REALM = "a proxy"
_HELPERS = Path("/usr/lib/squid")


@dataclass(frozen=True)
class LiveProxies:
    """Where they listen, and who may vouch for those that are spoken to in TLS."""

    ports: Mapping[str, int]
    """By name: "squid", "squid-basic", "squid-tls", "dante-login", ..."""
    ca_file: str
    folder: Path

    def url(self, name: str, scheme: str, userinfo: str = "") -> str:
        """Of the proxy `name`, as a user would write it."""
        return f"{scheme}://{userinfo}localhost:{self.ports[name]}"

    def log(self, name: str) -> str:
        """What a program has written down; those of squid have a line "port status method URL user" a request."""
        return (self.folder / name / "access.log").read_text()


@contextmanager
def live_proxies() -> Iterator[LiveProxies]:
    """All of them; in a folder that all may read, since they do not stay root."""
    names = [name + kind for name in ("squid", "squid-basic", "squid-digest") for kind in ("", "-tls")]
    names += ["tinyproxy", "tinyproxy-basic", "dante", "dante-login"]
    with tempfile.TemporaryDirectory(prefix="netstack-proxies-") as name, ExitStack() as started:
        folder = Path(name)
        folder.chmod(0o755)
        authority = CertificateAuthority()
        ca_file = folder / "ca.pem"
        ca_file.write_bytes(authority.pem)
        proxies = LiveProxies(dict(zip(names, free_ports(len(names)), strict=True)), str(ca_file), folder)
        authority.issue(["localhost", "127.0.0.1"]).write(folder, "leaf")
        (folder / "leaf-key.pem").chmod(0o644)
        for server in (_squid(proxies, "basic", "squid", "squid-basic"), _squid(proxies, "digest", "squid-digest")):
            started.enter_context(server)
        for server in (_tinyproxy(proxies, "tinyproxy"), _tinyproxy(proxies, "tinyproxy-basic")):
            started.enter_context(server)
        for server in (_dante(proxies, "dante"), _dante(proxies, "dante-login")):
            started.enter_context(server)
        yield proxies


@contextmanager
def _squid(proxies: LiveProxies, scheme: str, *names: str) -> Iterator[None]:
    """One process for all proxies that ask by one scheme; that without a scheme in its name asks nobody."""
    command = program("squid", "squid-openssl")
    folder = _own_folder(proxies, names[-1])
    owner = "proxy" if os.geteuid() == 0 else ""
    if owner:
        shutil.chown(folder, owner, owner)
    ports = [(name + kind, proxies.ports[name + kind]) for name in names for kind in ("", "-tls")]
    tls = f"tls-cert={proxies.folder}/leaf.pem tls-key={proxies.folder}/leaf-key.pem"
    listening = [f"http{'s' * (t := n.endswith('-tls'))}_port 127.0.0.1:{p} {tls * t}" for n, p in ports]
    free = [str(proxies.ports[name + kind]) for name in names if name == "squid" for kind in ("", "-tls")]
    lines = [
        *listening,
        *_squid_logins(folder, scheme),
        "acl known proxy_auth REQUIRED",
        *[f"acl free localport {port}" for port in free],
        *(["http_access allow free"] if free else []),
        "http_access allow known",
        "http_access deny all",
        "cache deny all\ncache_mem 8 MB\nmemory_pools off",
        f"pid_filename {folder}/squid.pid\ncoredump_dir {folder}\ncache_log {folder}/cache.log",
        "logformat short %>lp %>Hs %rm %ru %un",
        f"access_log stdio:{folder}/access.log logformat=short",
        "pinger_enable off\nshutdown_lifetime 0 seconds\nvisible_hostname proxy.test\nvia on",
        f"cache_effective_user {owner}" if owner else "",
    ]
    conf = folder / "squid.conf"
    conf.write_text("\n".join(lines) + "\n")
    service = f"test{ports[0][1]}"  # the system knows its shared memory by this name
    with running([command, "-N", "-n", service, "-f", str(conf)], folder, LiveServer(dict(ports), "", {})):
        yield


def _squid_logins(folder: Path, scheme: str) -> list[str]:
    users = folder / "users"
    if scheme == "basic":
        users.write_text(f"{USER}:{_crypted_password()}\n")
        helper = _HELPERS / "basic_ncsa_auth"
    else:
        secret = hashlib.md5(f"{USER}:{_REALM}:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
        users.write_text(f"{USER}:{_REALM}:{secret}\n")
        helper = _HELPERS / "digest_file_auth"
    option = " -c" if scheme == "digest" else ""
    return [
        f"auth_param {scheme} program {program(str(helper), 'squid-openssl')}{option} {users}",
        f"auth_param {scheme} realm {_REALM}",
        f"auth_param {scheme} children 2",
        *(["auth_param basic casesensitive on"] if scheme == "basic" else []),
    ]


def _crypted_password() -> str:
    command = [program("openssl", "openssl"), "passwd", "-6", PASSWORD]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


@contextmanager
def _tinyproxy(proxies: LiveProxies, name: str) -> Iterator[None]:
    command = program("tinyproxy", "tinyproxy-bin")
    folder, port = _own_folder(proxies, name), proxies.ports[name]
    login = f"BasicAuth {USER} {PASSWORD}" if name.endswith("-basic") else ""
    conf = folder / "tinyproxy.conf"
    conf.write_text(
        f"Port {port}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nMaxClients 50\nLogLevel Connect\n"
        f'LogFile "{folder}/access.log"\nPidFile "{folder}/tinyproxy.pid"\n{login}\n'
    )
    with running([command, "-d", "-c", str(conf)], folder, LiveServer({name: port}, "", {})):
        yield


@contextmanager
def _dante(proxies: LiveProxies, name: str) -> Iterator[None]:
    """That one with a login knows the users of the system only: it gets a list of its own, in a namespace."""
    command = program("danted", "dante-server")
    folder, port = _own_folder(proxies, name), proxies.ports[name]
    asks = name.endswith("-login")
    conf = folder / "danted.conf"
    conf.write_text(
        f"logoutput: {folder}/access.log\ninternal: 127.0.0.1 port = {port}\nexternal: lo\n"
        f"clientmethod: none\nsocksmethod: {'username' if asks else 'none'}\n"
        "user.privileged: root\nuser.unprivileged: nobody\n"
        "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }\nsocks pass { from: 127.0.0.0/8 to: 127.0.0.0/8 }\n"
    )
    arguments = [command, "-f", str(conf), "-p", f"{folder}/danted.pid"]
    with running(_with_users(folder, arguments) if asks else arguments, folder, LiveServer({name: port}, "", {})):
        yield


def _with_users(folder: Path, arguments: list[str]) -> list[str]:
    need_root("for a list of users in a mount namespace")
    unshare = program("unshare", "util-linux")
    lines = {
        "passwd": f"{USER}:x:4242:4242::/:/bin/false",
        "shadow": f"{USER}:{_crypted_password()}:19000:0:99999:7:::",
    }
    for name, line in lines.items():
        (folder / name).write_text(Path("/etc", name).read_text() + line + "\n")
    mounts = "; ".join(f"mount --bind {folder}/{name} /etc/{name}" for name in ("passwd", "shadow"))
    return [unshare, "-m", "sh", "-ec", f'{mounts}; exec "$@"', "sh", *arguments]


def _own_folder(proxies: LiveProxies, name: str) -> Path:
    folder = proxies.folder / name
    folder.mkdir()
    return folder
