"""Real Apache and nginx, each with several sites on ports of their own that treat their clients differently."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.live_servers import LiveServer, free_ports, nginx_around, running, write_site
from tests.support.requirements import program

USER, PASSWORD, REALM = "Mufasa", "Circle of Life", "a realm"
LARGE_BYTES = 3_000_000
_MODULES = Path("/usr/lib/apache2/modules")
_LONG_AGO = 1_600_000_000  # seconds; Apache calls the state of a file that has just changed weak


class LiveSites:
    """Where they listen, and the folder that all of them serve."""

    def __init__(self, folder: Path, ports: Mapping[str, int]) -> None:
        self.ports = ports
        self.folder = folder / "www"
        self.bodies = write_site(folder)
        """By path."""
        self.access_log = folder / "access.log"
        self.bodies["/large.bin"] = self.write("large.bin", b"%07d|", _LONG_AGO)
        self.bodies["/text.txt"] = b"the same words again and again\n" * 2_000
        (self.folder / "text.txt").write_bytes(self.bodies["/text.txt"])

    def url(self, site: str, path: str) -> str:
        """A path of one of them."""
        return f"http://127.0.0.1:{self.ports[site]}{path}"

    def write(self, name: str, pattern: bytes, changed_at: int) -> bytes:
        """(Re)places a large file; its body."""
        body = b"".join(pattern % number for number in range(LARGE_BYTES // 8))
        (self.folder / name).write_bytes(body)
        os.utime(self.folder / name, (changed_at, changed_at))
        return body

    def statuses(self, mark: str) -> list[int]:
        """Of the requests with `mark` in their target that it has written down; it does so after it has answered."""
        lines = self.access_log.read_text().splitlines()
        return [int(line.partition(" ")[0]) for line in lines if mark in line]


@contextmanager
def nginx_sites(folder: Path) -> Iterator[LiveSites]:
    """plain; few and short (connections that do not live long); slow; strict (what it refuses and how)."""
    command = program("nginx", "nginx-light")
    plain, few, short, closed, slow, strict, nobody = free_ports(7)
    sites = LiveSites(
        folder, {"plain": plain, "few": few, "short": short, "closed": closed, "slow": slow, "strict": strict}
    )
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (sites.folder / "sorry.html").write_text("sorry\n")
    blocks = f"""
    log_format status "$status $request_uri"; access_log {sites.access_log} status;
    server {{ listen 127.0.0.1:{plain}; gzip_types text/plain; gzip_min_length 1000;
      default_type text/plain; types {{ }}
      location /zipped/ {{ alias {sites.folder}/; gzip on; }}
      location /secret/ {{ alias {sites.folder}/; auth_basic "{REALM}"; auth_basic_user_file {folder}/users; }}
      location /upload {{ proxy_pass http://127.0.0.1:{plain}/taken; client_max_body_size 0; proxy_http_version 1.1; }}
      location /taken {{ client_max_body_size 0; return 200 "$http_content_length $http_transfer_encoding"; }}
      location /gone {{ return 301 /200.bin; }} }}
    server {{ listen 127.0.0.1:{few}; keepalive_requests 5; }}
    server {{ listen 127.0.0.1:{short}; keepalive_timeout 20ms; location /taken {{ return 200 taken; }} }}
    server {{ listen 127.0.0.1:{closed}; keepalive_timeout 0; chunked_transfer_encoding off; gzip on; gzip_types *; }}
    server {{ listen 127.0.0.1:{slow}; limit_rate 100k; }}
    server {{ listen 127.0.0.1:{strict}; client_max_body_size 1k; error_page 404 502 /sorry.html;
      error_page 413 /sorry.html; large_client_header_buffers 2 1k;
      location /silent {{ return 444; }}
      location /upload {{ proxy_pass http://127.0.0.1:{nobody}; }}
      location /nowhere/ {{ proxy_pass http://127.0.0.1:{nobody}; }} }}"""
    with nginx_around(command, folder, blocks, sites.ports.values()):
        yield sites


@contextmanager
def apache_sites() -> Iterator[LiveSites]:
    """plain; few (connections that do not live long); old (answers of HTTP/1.0).

    In a folder that all may read, which those of pytest are not: started by root it serves as somebody else.
    """
    command = program("apache2", "apache2-bin")
    with tempfile.TemporaryDirectory(prefix="netstack-apache-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _apache_in(folder, command) as sites:
            yield sites


@contextmanager
def _apache_in(folder: Path, command: str) -> Iterator[LiveSites]:
    ports = dict(zip(("plain", "few", "old"), free_ports(3), strict=True))
    sites = LiveSites(folder, ports)
    secret = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
    (folder / "digest").write_text(f"{USER}:{REALM}:{secret}\n")
    sha1 = base64.b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
    (folder / "basic").write_text(f"{USER}:{{SHA}}{sha1}\n")
    modules = "mpm_event authn_core authn_file authz_core authz_user auth_basic auth_digest alias deflate brotli env"
    modules += " filter mime setenvif reflector"
    loaded = "\n".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in modules.split())
    listen = "\n".join(f"Listen 127.0.0.1:{port}" for port in ports.values())
    # Debian's build refuses to serve as root.
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    (folder / "apache.conf").write_text(
        _APACHE.format(loaded=loaded, listen=listen, user=user, folder=folder, ports=ports)
    )
    waited_for = LiveServer({name: port for name, port in ports.items()}, "", {})
    with running([command, "-D", "FOREGROUND", "-f", f"{folder}/apache.conf"], folder, waited_for):
        yield sites


_APACHE = """
{loaded}
{listen}
{user}ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
LogFormat "%>s %U%q" status
CustomLog {folder}/access.log status
DocumentRoot {folder}/www
StartServers 1
ThreadsPerChild 25
MaxRequestWorkers 25
TypesConfig /dev/null
AddType text/plain .txt
<Directory />
 Require all granted
</Directory>
<Location /secret>
 AuthType Digest
 AuthName "a realm"
 AuthDigestProvider file
 AuthUserFile {folder}/digest
 Require valid-user
</Location>
<Location /basic>
 AuthType Basic
 AuthName "a realm"
 AuthUserFile {folder}/basic
 Require valid-user
</Location>
<Location /reflect>
 SetHandler reflector
</Location>
<Location /small>
 SetHandler reflector
 LimitRequestBody 1000
</Location>
<Location /zipped>
 SetOutputFilter DEFLATE
</Location>
<Location /brotli>
 SetOutputFilter BROTLI_COMPRESS
</Location>
Alias /secret {folder}/www
Alias /basic {folder}/www
Alias /zipped {folder}/www
Alias /brotli {folder}/www
<VirtualHost 127.0.0.1:{ports[few]}>
 MaxKeepAliveRequests 5
 KeepAliveTimeout 1
</VirtualHost>
<VirtualHost 127.0.0.1:{ports[old]}>
 SetEnvIf Request_URI . downgrade-1.0 force-response-1.0 nokeepalive
</VirtualHost>
<Location /brief>
 AuthType Digest
 AuthName "a realm"
 AuthDigestProvider file
 AuthUserFile {folder}/digest
 AuthDigestNonceLifetime 1
 Require valid-user
</Location>
Alias /brief {folder}/www
"""
